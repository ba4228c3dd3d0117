#!/usr/bin/env bash
# SendGrid's event webhook: its own published example, many events in one request, each kind with what
# it says of the address, and ten thousand events of mail that is on its way.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/webhook.sh"
migrated_db
sink
webhook_keys
vector_key="MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
SENDGRID_WEBHOOK_PUBLIC_KEY="$vector_key, $(python3 "$LIB/webhook.py" key sendgrid.pem)"
export SENDGRID_WEBHOOK_PUBLIC_KEY POSTROOM_PROVIDER=sendgrid

run env SENDGRID_WEBHOOK_PUBLIC_KEY=nonsense "$POSTROOM" run --no-ui --listen 127.0.0.1:0
is "a key that is none" 2 "$code"
contains "a key that is none" "$err" "sendgrid_webhook_public_key: allowed is the verification key"
door a

# --- the published example ------------------------------------------------------------------------

vector() { # SIGNATURE
    curl -s -w ' %{http_code}' --data-binary @"$ROOT/tests/fixtures/webhook/sendgrid_vector.json" \
        -H "X-Twilio-Email-Event-Webhook-Signature: $1" -H "X-Twilio-Email-Event-Webhook-Timestamp: 1600112502" \
        "http://127.0.0.1:$port/webhooks/sendgrid"
}
signature="MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
is "as published" '{"recorded":0,"duplicates":0,"ignored":1} 200' "$(vector "$signature")"
contains "spoilt" "$(vector "${signature/GHQ/GHR}")" "unauthorized.* 401$"

# --- each kind ------------------------------------------------------------------------------------

insert 9
all_sent 20 9
# events KIND:MORE... : one request, the n-th of the n-th recipient
events() {
    python3 - "$@" <<'PYTHON'
import json, os, subprocess, sys
out = subprocess.run(["psql", "-XqAt", os.environ["DATABASE_URL"], "-c",
    "SELECT substring(to_email from 'a([0-9]+)@'), id, provider_message_id FROM email_messages WHERE to_email ~ '^a[0-9]+@'"],
    capture_output=True, text=True, check=True).stdout
rows = {n: (id, pid) for n, id, pid in (line.split("|") for line in out.split())}
events = []
for i, spec in enumerate(sys.argv[1:]):
    n, kind, more = spec.split(":", 2)
    id, pid = rows[n]
    events.append({"email": f"a{n}@mail.example", "event": kind, "timestamp": 1700000000 + i, "sg_event_id": f"{n}-{kind}",
                   "sg_message_id": pid + ".recvd-1", "postroom_id": id} | json.loads(more or "{}"))
print(json.dumps(events))
PYTHON
}
events '1:processed:' '1:delivered:{"response":"250 OK"}' '1:open:' '2:deferred:{"attempt":"1"}' '2:delivered:' '3:bounce:{"type":"bounce","status":"5.1.1","reason":"550 5.1.1 none"}' \
    '4:bounce:{"type":"blocked","reason":"greylisted"}' '5:dropped:{"reason":"Bounced Address"}' '6:spamreport:' '7:unsubscribe:' '8:group_unsubscribe:{"asm_group_id":1}' \
    '9:dropped:{"reason":"Spam Content"}' '9:deferred:' >batch
is "one request" '200 {"recorded":12,"duplicates":0,"ignored":1}' "$(sendgrid <batch)"
is "the same again" '200 {"recorded":0,"duplicates":12,"ignored":1}' "$(sendgrid <batch)"
is "turned round" '200 {"recorded":0,"duplicates":12,"ignored":1}' "$(python3 -c 'import json; print(json.dumps(json.load(open("batch"))[::-1]))' | sendgrid)"
is "deliveries" "delivered delivered bounced bounced failed complained - - failed" \
    "$(sql "SELECT string_agg(coalesce(delivery, '-'), ' ' ORDER BY to_email) FROM email_messages")"
is "suppressions" "a3 all bounced,a5 all suppressed,a6 all complained,a7 marketing unsubscribed,a8 marketing unsubscribed (group 1)" \
    "$(sql "SELECT string_agg(concat_ws(' ', split_part(email, '@', 1), scope, reason), ',' ORDER BY email) FROM postroom.suppressions WHERE source = 'sendgrid'")"
is "its times" "2023-11-14 22:13:21+00" "$(one delivered_at "to_email = 'a1@mail.example'")"
contains "by the provider's id alone" "$(events '9:spamreport:{"postroom_id":null,"sg_event_id":"x"}' | sendgrid)" '"recorded":1,'

# --- who left a list and comes back -------------------------------------------------------------------

standing() { sql "SELECT string_agg(concat_ws(' ', reason, source), ',') FROM postroom.suppressions WHERE email = 'a$1@mail.example' AND scope = 'marketing'"; }
told=0
tell() { # N KIND GROUP TIME...: one request with these of the n-th recipient
    local events=()
    for ((; $# > 0; told++)); do
        events+=("$1:$2:{\"asm_group_id\":$3,\"timestamp\":$4,\"sg_event_id\":\"again-$told\"}")
        shift 4
    done
    contains "the answer" "$(events "${events[@]}" | sendgrid)" "^200 .\"recorded\":${#events[@]},"
}
left=group_unsubscribe back=group_resubscribe
tell 8 $back 2 1700001000
is "back on another list" "unsubscribed (group 1) sendgrid" "$(standing 8)"
tell 8 $back 1 1600000000
is "an older return" "unsubscribed (group 1) sendgrid" "$(standing 8)"
tell 8 $back 1 1700001001
is "back on the one that was left" "" "$(standing 8)"
contains "the log" "$(cat a.log)" "WARN .*resubscribed: message [-0-9a-f]+ for a8@mail.example\$"
contains "the story" "$(postroom show "$(one id "to_email = 'a8@mail.example'")")" "resubscribed"
tell 7 $back 1 1700001002
is "who left all of them" "unsubscribed sendgrid" "$(standing 7)"
tell 1 $left 1 1700002000 1 $back 1 1700002000 2 $back 1 1700002003 2 $left 1 1700002000 4 $back 1 1700002000 4 $left 1 1700002003
is "left and back in one request" " / " "$(standing 1) / $(standing 2)"
is "back and left" "unsubscribed (group 1) sendgrid" "$(standing 4)"
tell 4 $left 2 1700002004
tell 4 $back 2 1700002005 4 $back 1 1700002006
is "who left two" "unsubscribed sendgrid" "$(standing 4)"
postroom suppress a9@mail.example --scope marketing --reason "asked by telephone" >/dev/null
tell 9 $left 1 1700002000
tell 9 $back 1 1700002001
contains "by hand" "$(standing 9)" "^asked by telephone "

# half of a body, no array, events that are none
printf '%s\n' '[{"event":"delivered"' '{"event":"delivered"}' '"x"' >halves
is "halves" "" "$(sendgrid --each <halves | grep -vE '^([0-9]+ x )?400 ' || true)"
is "no events" '200 {"recorded":0,"duplicates":0,"ignored":5}' "$(echo '[7, null, {}, {"event":[]}, {"event":"delivered","email":{},"timestamp":"\u001b[2J"}]' | sendgrid)"
contains "forged" "$(sendgrid --spoil <batch)" "^401 "
contains "unsigned" "$(sendgrid --bare <batch)" "^401 "

# --- ten thousand events --------------------------------------------------------------------------

n=$(scaled 5000)
postroom pause >/dev/null
sql "INSERT INTO email_messages (to_email, subject, text, status, claim_token, sent_at, provider_message_id)
     SELECT 'm' || n || '@mail.example', 's', 't', 'sent', 1, now(), 'pid' || n FROM generate_series(1, $n) n;
     INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, provider_id)
     SELECT id::text, 'sent', 1, 'w', provider_message_id FROM email_messages WHERE to_email LIKE 'm%'; ANALYZE"
sql "COPY (SELECT id, provider_message_id, to_email FROM email_messages WHERE to_email LIKE 'm%') TO STDOUT" >sent
python3 - <<'PYTHON' >many
import json, random
rows = [line.rstrip("\n").split("\t") for line in open("sent")]
random.seed(7)
events = []
for i, (id, pid, to) in enumerate(rows):
    last = "bounce" if i % 50 == 0 else "delivered"
    for kind in ("processed", last):
        events.append({"email": to, "event": kind, "timestamp": 1700000000, "sg_event_id": f"{id}-{kind}",
                       "sg_message_id": pid + ".x", "type": "bounce", "status": "5.1.1", "postroom_id": id})
random.shuffle(events)
for i in range(0, len(events), 1000):
    print(json.dumps(events[i:i + 1000]))
PYTHON
begin=$(now_ms)
sendgrid --each <many >answers
took=$(($(now_ms) - begin))
echo "$((2 * n)) events took $took ms"
contains "all of them" "$(cat answers)" '^([0-9]+ x )?200 .*"duplicates":0,"ignored":0\}$'
sql_is "recorded" "$((2 * n))" "SELECT count(*) FROM postroom.events WHERE recipient LIKE 'm%'"
sql_is "deliveries" "0|$(((n + 49) / 50))" "SELECT count(*) FILTER (WHERE delivery IS NULL), count(*) FILTER (WHERE delivery = 'bounced') FROM email_messages WHERE to_email LIKE 'm%'"
sql_is "suppressed" "$(((n + 49) / 50))" "SELECT count(*) FROM postroom.suppressions WHERE email LIKE 'm%'"
within "ms for all of them" "$took" 0 $((20000 * ${TEST_PATIENCE:-1}))
sendgrid --each <many >answers
lacks "the same again" "$(cat answers)" '"recorded":[1-9]'
stop a
is "exit" 0 "$code"
