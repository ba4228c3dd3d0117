#!/usr/bin/env bash
# doctor: what it says of a place where all is well, and of each thing that is not; exit 1 exactly
# where something must be mended. It sends nothing and shows no secret.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/doctor.sh"

good='{"object": "list", "has_more": false, "data": [{"id": "1", "name": "Shop.example", "status": "verified",
      "capabilities": {"sending": "enabled", "receiving": "disabled"}}]}'
told='{"ratelimit-policy": "10;w=1", "ratelimit-limit": "10", "x-resend-daily-quota": "37", "x-resend-monthly-quota": "412"}'
sink "{\"asks\": {\"/domains\": [200, $good, $told]}}"
export POSTROOM_RATE=
migrated_db

levels() { python3 -c 'import json, sys
print(sum(f["level"] == sys.argv[1] for f in json.load(open("found.json"))["findings"]))' "$1"; }

# --- all is well -------------------------------------------------------------------------------
worker w
doctor 0 POSTROOM_DAILY_QUOTA=50 POSTROOM_MONTHLY_QUOTA=3000
is "what must be mended" 0 "$(levels mend)"
people 0 POSTROOM_DAILY_QUOTA=50
contains "for people" "$out" 'Nothing has to be mended'
contains "a key with its source" "$out" '^daily_quota +50 +environment'
contains "a secret" "$out" '^resend_api_key +…d2e7 +environment'
found config.file ok 'neither'
found database.connection ok 'connected to'
found database.version ok 'PostgreSQL 1[5-9]'
found database.writes ok .
found database.pooler ok 'no pooler'
found database.listen ok 'LISTEN works'
found database.schema ok .
found database.rights ok postgres
found database.horizon ok '4 minutes'
found queue.workers ok '1 worker runs'
found clock.database ok agree
found provider.key ok 'takes the key'
found provider.domain ok 'shop.example is verified'
found provider.rate ok '10 requests a second'
found provider.quota ok '37 of 50 used today'
found provider.quota ok '412 of 3,000 used this month'
found state.folder ok "$WORK/state"
found terminal.screen unknown 'no terminal'
found terminal.locale ok 'C.UTF-8'
is "mails sent by it" 0 "$(sink_stat requests)"
is "questions asked" 2 "$(sink_stat asked)"
stop w
doctor 0
found queue.workers note 'no worker' 'postroom run'
found provider.quota unknown '37 used today' daily_quota

# a file, and a column called otherwise
printf 'from = Other <o@shop.example>\nrate = 3\n[columns]\nhtml = html\n' >postroom.conf
people 0 POSTROOM_FROM=
contains "a key with its line" "$out" '^rate +3 +postroom.conf:2'
contains "a column" "$out" '^html +html +postroom.conf, \[columns\]'
rm postroom.conf

# --- the provider ------------------------------------------------------------------------------
asks() { sink_set "{\"asks\": {\"/domains\": $1}}"; }
refusal() { printf '[%s, {"statusCode": %s, "name": "%s", "message": "%s"}]' "$1" "$1" "$2" "$3"; }
asks "$(refusal 403 invalid_api_key 'API key is invalid')"
doctor 1
found provider.key mend 'refuses the key: 403 invalid_api_key' 'RESEND_API_KEY'
found provider.domain unknown .
people 1
contains "for people" "$out" 'MEND +Resend refuses the key'
contains "for people" "$out" '1 thing must be mended'
asks "$(refusal 401 restricted_api_key 'This API key is restricted to only send emails')"
doctor 0
found provider.key ok 'may only send'
found provider.domain unknown 'may only send cannot ask' 'resend.com/domains'
found provider.rate unknown .
asks '[200, {"object": "list", "data": [{"name": "shop.example", "status": "pending"}]}]'
doctor 1
found provider.domain mend 'not verified: pending' DNS
asks '[200, {"object": "list", "data": []}]'
doctor 1
found provider.domain mend 'no domain shop.example' 'add it'
asks '[200, {"object": "list", "has_more": true, "data": []}]'
doctor 0
found provider.domain unknown 'first 100'
asks '[200, "surprise"]'
doctor 0
found provider.key unknown 'status 200'
asks '[502, null]'
doctor 0
found provider.key unknown 'status 502' 'later'
asks '[404, null]'
doctor 1
found provider.key mend 'not Resend' RESEND_BASE_URL
asks "[200, $good, {\"date\": \"Sun, 06 Nov 1994 08:49:37 GMT\", \"ratelimit-limit\": \"2\"}]"
doctor 1 POSTROOM_RATE=5
found clock.provider mend 'ahead of the provider' timedatectl
found provider.rate note '2 requests a second; `rate` asks for 5'
doctor 1 RESEND_BASE_URL=http://127.0.0.1:1
found provider.reach mend 'cannot be reached' RESEND_BASE_URL
doctor 1 RESEND_API_KEY=
found config.provider mend 'RESEND_API_KEY is not set'
doctor 0 POSTROOM_PROVIDER=null
found config.provider note 'sends nothing'
asks "[200, $good, $told]"
doctor 1 POSTROOM_LISTEN=8080,0.0.0.0:8081
found config.listen mend 'only loopback is allowed without api_token' api_token
doctor 1 POSTROOM_LISTEN=8080,nonsense
found config.listen mend 'HOST:PORT'
doctor 0 POSTROOM_LISTEN=0.0.0.0:8081 POSTROOM_API_TOKEN=sixteen-canaries-1
found config.listen ok 'with a token'
doctor 0 POSTROOM_FROM=
found config.from note 'no sender'

# SendGrid: a key that may ask, and one that may only send
sink_set '{"asks": {"/v3/scopes": [200, {"scopes": ["mail.send", "user.credits.read"]}],
    "/v3/whitelabel/domains": [200, [{"domain": "shop.example", "valid": true}]],
    "/v3/verified_senders": [200, {"results": []}],
    "/v3/user/credits": [200, {"remain": 60, "total": 100, "used": 40}]}}'
doctor 0 POSTROOM_PROVIDER=sendgrid
found provider.key ok 'may send mail'
found provider.domain ok 'shop.example is authenticated'
found provider.quota ok '60 of 100'
found provider.rate unknown 'no rate' 'rate'
sink_set '{"asks": {"/v3/scopes": [200, {"scopes": ["mail.send"]}],
    "/v3/whitelabel/domains": [403, {"errors": [{"message": "access forbidden"}]}]}}'
doctor 0 POSTROOM_PROVIDER=sendgrid
found provider.domain unknown 'may not ask'
found provider.quota unknown .
sink_set '{"asks": {"/v3/scopes": [401, {"errors": [{"message": "authorization required"}]}]}}'
doctor 1 POSTROOM_PROVIDER=sendgrid
found provider.key mend 'refuses the key: 401: authorization required'
sink_set '{"asks": {"/v3/scopes": [200, {"scopes": ["alerts.read"]}],
    "/v3/whitelabel/domains": [200, [{"domain": "shop.example", "valid": false}]],
    "/v3/verified_senders": [200, {"results": [{"from_email": "other@shop.example", "verified": true}]}]}}'
doctor 1 POSTROOM_PROVIDER=sendgrid
found provider.key mend 'may not send'
found provider.domain mend 'neither the domain shop.example nor the sender hello@shop.example'
asks "[200, $good, $told]"

# the sandbox knows the questions
start sandbox "$POSTROOM" sandbox --listen 127.0.0.1:0 --domain shop.example --domain other.example
wait_for "the sandbox" 10 grep -q http sandbox.log
box=$(grep -o 'http://[^ ]*' sandbox.log)
doctor 0 RESEND_BASE_URL="$box"
found provider.domain ok 'shop.example is verified'
found provider.rate ok '10 requests'
doctor 1 RESEND_BASE_URL="$box" POSTROOM_FROM=a@third.example
found provider.domain mend 'no domain third.example'
doctor 0 RESEND_BASE_URL="$box" RESEND_API_KEY=re_sending_only
found provider.key ok 'only send'
doctor 1 RESEND_BASE_URL="$box" RESEND_API_KEY=re_revoked_key
doctor 1 RESEND_BASE_URL="$box" RESEND_API_KEY=re_unverified_key
found provider.domain mend 'no domain'
doctor 1 RESEND_BASE_URL="$box" RESEND_API_KEY=re_suspended_key
found provider.key mend '451'
stop sandbox

# --- the database ------------------------------------------------------------------------------
doctor 1 DATABASE_URL=postgresql://x:canary@127.0.0.1:1/db
found database.connection mend 'connect' pg_hba
found database.schema unknown .
doctor 1 LISTEN_DATABASE_URL="$(pg_url postgres)" DATABASE_URL=nonsense://x
found database.connection mend 'DATABASE_URL'
doctor 0 LISTEN_DATABASE_URL="$(pg_url postgres)"
found database.listen note 'do not lead to the same database' LISTEN_DATABASE_URL
sql 'ALTER TABLE email_messages DISABLE TRIGGER postroom_notify'
doctor 1
found database.schema mend 'trigger' migrate
sql 'ALTER TABLE email_messages ENABLE TRIGGER postroom_notify; DROP INDEX postroom_due'
doctor 1
found database.schema mend 'postroom_due' migrate
"$POSTROOM" migrate >/dev/null
version=$(sql "SELECT value FROM postroom.meta WHERE key = 'schema_version'")
sql "UPDATE postroom.meta SET value = '99' WHERE key = 'schema_version'"
doctor 1
found database.schema mend 'version 99'
sql "UPDATE postroom.meta SET value = '$version' WHERE key = 'schema_version'"
sql "ALTER DATABASE $(sql 'SELECT current_database()') SET default_transaction_read_only = on"
doctor 1
found database.writes mend 'read-only'
PGOPTIONS='-c default_transaction_read_only=off' sql "ALTER DATABASE $(sql 'SELECT current_database()') RESET default_transaction_read_only"

"$POSTROOM" pause --reason 'key rotation' >/dev/null
sql "INSERT INTO postroom.lanes (name, parked_reason, parked_text, parked_since)
         VALUES ('elsewhere', 'key', '403 invalid_api_key: no', now());
     INSERT INTO email_messages (to_email, subject, html, status, error_code) VALUES ('a@b.example', 's', 'h', 'failed', 'uncertain')"
doctor 1
found queue.pause note 'key rotation' 'postroom resume'
found queue.lane mend 'elsewhere is parked .key.' 'trigger'
found queue.uncertain note '^1 may' 'mark-sent'
mkdir -p state/postroom && echo '{}' >state/postroom/outcomes-resend.json
doctor 1
found state.kept note '1 file of outcomes waits' 'start a worker'

# --- the place ---------------------------------------------------------------------------------
doctor 1 LC_ALL=C
found terminal.locale note 'not UTF-8' 'C.UTF-8'
doctor 1 LC_ALL=xx_XX.UTF-8
found terminal.locale note 'not installed'
doctor 1 STATE_DIRECTORY=/proc/nowhere
[ "$(id -u)" = 0 ] || found state.folder note 'cannot be written'
term_start 100 40 env LC_ALL=C.UTF-8 "$POSTROOM" doctor
term_wait 'things? must be mended'
