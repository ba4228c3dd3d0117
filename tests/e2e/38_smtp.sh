#!/usr/bin/env bash
# SMTP: mails arrive byte for byte and are read back to their rows; connections are used again; what
# each reply, and each silence, makes of rows; addresses beyond ASCII; STARTTLS or nothing.
# The events that all providers share are 40_provider_smtp.sh.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
smtp_sink
migrated_db
export POSTROOM_BACKOFF=100ms..300ms POSTROOM_POLL_INTERVAL=1s POSTROOM_REQUEST_TIMEOUT=20s POSTROOM_LEASE=40s POSTROOM_CONCURRENCY=4
SEED=${SEED:-$RANDOM}

one() {
    sql "INSERT INTO email_messages (to_email, subject, html ${2:+, $2}) VALUES ('$1', '$1', '<p>x</p>' ${3:+, $3}) RETURNING id"
}
becomes() { # WHAT ID STATE: status|error_code|will be tried again|failures so far
    wait_sql "$1" 30 "$3" "SELECT status, error_code, next_attempt_at IS NOT NULL, retry_count FROM email_messages WHERE id = '$2'"
}
reason() { sql "SELECT error_message FROM email_messages WHERE id = '$1'"; }
rules() { sink_set "{\"rules\": [$1]}"; }
effects() { sink_messages id | grep -c "$1" || true; }
open_lane() { sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_until = NULL, failures = 0" && postroom trigger >/dev/null; }

# --- what arrives is what the rows say -------------------------------------------------------------
export POSTROOM_FROM="\"Shop, the\" <hello@shop.example>"
python3 "$LIB/mail.py" rows "$SEED" "$(scaled 40)" >rows.sql || fail "no rows"
psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f rows.sql
n=$(sql "SELECT count(*) FROM email_messages")
worker w
all_sent 60 "$n"
sink_agrees
MAIL_DATE=any python3 "$LIB/mail.py" check sink/mails || fail "mails differ from their rows (seed $SEED)"
within "connections for $n mails" "$(sink_messages conn | sort -u | wc -l)" 1 8
sink_messages id rcpts | sort >rcpts
sql "SELECT id, 1 + coalesce(cardinality(cc), 0) + coalesce(cardinality(bcc), 0) FROM email_messages ORDER BY 1" | tr '|' '\t' >wanted
is "recipients in the envelopes" "" "$(sort wanted | diff rcpts - | head -n 3)"
is "who sent them" "shop@mail" "$(sink_messages user | sort -u)"
id=$(sql "SELECT id FROM email_messages LIMIT 1")
sql_is "the row" "smtp|t|250" "SELECT provider, provider_message_id ~ '^[0-9A-F]{12}\$', provider_response->>'code' FROM email_messages WHERE id = '$id'"

# --- replies -----------------------------------------------------------------------------------------
reply() { # STAGE REPLY STATE
    rules "{\"at\": \"$1\", \"reply\": \"$2\", \"times\": 1}"
    id=$(one "$1@mail.example")
    becomes "$2 at $1" "$id" "$3"
}
reply rcpt "550 5.1.1 no such user" "failed|rejected:invalid_to|f|1"
is "its reason" "550 5.1.1: no such user" "$(reason "$id")"
sql_is "the answer kept" '5.1.1' "SELECT provider_response->>'enhanced' FROM email_messages WHERE id = '$id'"
reply rcpt "552 5.2.2 mailbox full" "failed|rejected:mailbox_full|f|1"
reply rcpt "450 4.2.0 greylisted" "sent||f|1"
reply dot "552 5.3.4 too big" "failed|rejected:too_big|f|1"
reply dot "554 5.7.1 spam" "failed|rejected:refused|f|1"
reply dot "451 4.3.0 try again" "sent||f|1"
reply dot "421 4.3.2 closing" "sent||f|0"
reply mail "452 4.3.1 no room" "sent||f|0"
cc=$(one cc@mail.example cc "'{c1@mail.example,c2@mail.example}'")
becomes "all of them" "$cc" "sent||f|0"
rules '{"at": "rcpt", "match": "^bad", "reply": "550 5.1.1 no such user"}'
cc=$(one cc@mail.example cc "'{c1@mail.example,bad@mail.example}'")
becomes "one bad recipient to keep the mail from all" "$cc" "failed|rejected:invalid_cc|f|1"
is "whose fault it is" "550 5.1.1: no such user (in cc)" "$(reason "$cc")"
is "mails that went out" 0 "$(effects "$cc")"
bcc=$(one bcc@mail.example "cc, bcc" "'{c1@mail.example,c2@mail.example}', '{b1@mail.example,bad@mail.example}'")
becomes "a bad one in bcc" "$bcc" "failed|rejected:invalid_bcc|f|1"
to=$(one bad@mail.example cc "'{c1@mail.example}'")
becomes "the first of them" "$to" "failed|rejected:invalid_to|f|1"
rules ""

# --- a connection that breaks: before the dot nothing was sent, behind it nobody can know ------------
for stage in ehlo mail rcpt; do
    [ "$stage" != ehlo ] || { stop w && worker w; }
    rules "{\"at\": \"$stage\", \"drop\": \"before\", \"times\": 1}"
    id=$(one "cut-$stage@mail.example")
    becomes "a cut at $stage to cost nothing" "$id" "sent||f|0"
    is "mails that went out" 1 "$(effects "$id")"
done
# A big one is not handed over whole when it is cut.
rules '{"at": "body", "drop": "before", "times": 1}'
id=$(one cut-body@mail.example text "repeat('0123456789 ', 600000)")
becomes "a cut within the mail to cost nothing" "$id" "sent||f|0"
is "mails that went out" 1 "$(effects "$id")"
for when in before after; do
    rules "{\"drop\": \"$when\", \"times\": 1}"
    id=$(one "cut-dot@mail.example")
    becomes "a cut $when the mail was taken to be uncertain" "$id" "failed|uncertain|f|0"
    contains "its reason" "$(reason "$id")" "^lost: the connection closed before an answer to the mail's end came"
done

# --- the answer to the dot may take its time, longer than a request and a lease; the lease is renewed -
stop w
export POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_LEASE=12s
worker w
rules "{\"late_file\": \"$WORK/late\", \"times\": 1}"
id=$(one late@mail.example)
wait_sql "it to be on the wire" 10 1 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
lease=$(sql "SELECT lease_expires_at FROM postroom.requests")
worker other
wait_sql "its first lease to be over" 30 t "SELECT now() > '$lease'"
touch late
becomes "it to be sent at last" "$id" "sent||f|0"
is "mails that went out" 1 "$(effects "$id")"
stop other
# Silence before it does not.
rules '{"at": "rcpt", "hold_ms": 5000, "times": 1}'
id=$(one silent@mail.example)
becomes "silence at RCPT to be no attempt" "$id" "sent||f|0"
stop w
is "exit" 0 "$code"

# --- QUIT is said, and nobody waits for what comes of it: neither other mail nor the end ---------------
rules '{"at": "quit", "hold_ms": 600000}, {"at": "rcpt", "match": "^bad", "reply": "550 5.1.1 no such user"}'
bad=$(one bad-1@mail.example)
one bad-2@mail.example >/dev/null
good=$(one after@mail.example)
POSTROOM_CONCURRENCY=1 run timeout 60 "$POSTROOM" run --once
is "exit" 1 "$code"
becomes "the refused one" "$bad" "failed|rejected:invalid_to|f|1"
becomes "the other" "$good" "sent||f|0"
POSTROOM_FROM=hello@shop.example run timeout 60 "$POSTROOM" doctor
contains "doctor" "$out" "the server takes the sender"

# --- addresses beyond ASCII ----------------------------------------------------------------------------
worker w
rules ""
id=$(one 'ü@mail.example' bcc "'{b@mail.example}'")
becomes "it to go with SMTPUTF8" "$id" "sent||f|0"
contains "how" "$(sink_messages options rcpt | grep 'ü@')" "SMTPUTF8.*b@mail.example"
id=$(one a@mail.example reply_to "'{ü@mail.example}'")
becomes "a Reply-To that needs it to be refused" "$id" "failed|rejected:invalid_reply_to|f|1"
stop w
lacks "the log" "$(cat w.log)" canary
stop sink
rm sink/port sink/smtp_port
smtp_sink '"utf8": false'
id=$(one 'ü2@mail.example')
run postroom run --once
sql_is "without SMTPUTF8" "failed|rejected:needs_smtputf8" "SELECT status, error_code FROM email_messages WHERE id = '$id'"
is "mails that went out" 0 "$(effects "$id")"

# --- a server that does not talk to us -----------------------------------------------------------------
sql "DELETE FROM email_messages"
id=$(one greeting@mail.example)
rules '{"at": "connect", "reply": "554 5.7.1 go away"}'
run postroom run --once
sql_is "the row and the lane" "pending|0|suspended" "SELECT status, retry_count, (SELECT parked_reason FROM postroom.lanes) FROM email_messages"
rules ""

# --- STARTTLS or nothing: not even the password leaves without it -----------------------------------------
open_lane
SMTP_URL="smtp://shop%40mail:canary%2Fp%40ss%3A77@127.0.0.1:$SMTP_PORT" run postroom run --once
is "exit" 1 "$code"
sql_is "the row and the lane" "pending|0|down" "SELECT status, retry_count, (SELECT parked_reason FROM postroom.lanes) FROM email_messages"
contains "the lane's reason" "$(sql "SELECT parked_text FROM postroom.lanes")" "STARTTLS"
stop sink
rm sink/port sink/smtp_port
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 -out ca.pem 2>/dev/null
smtp_sink "\"tls\": \"starttls\", \"cert\": \"$PWD/ca.pem\", \"key\": \"$PWD/ca.key\""
export SMTP_URL="smtp://shop%40mail:canary%2Fp%40ss%3A77@localhost:$SMTP_PORT"
open_lane
run postroom run --once
is "an unknown certificate: exit" 1 "$code"
sql_is "the row and the lane" "pending|0|down" "SELECT status, retry_count, (SELECT parked_reason FROM postroom.lanes) FROM email_messages"
open_lane
POSTROOM_CA_FILE=ca.pem run postroom run --once
becomes "it to be sent" "$id" "sent||f|0"
is "by TLS" True "$(sink_messages tls id | grep "$id" | cut -f 1)"

# --- the configuration: no error repeats the password -----------------------------------------------------
for url in 'smtp://u:canary@' 'smtp://u:canary@h:99999' 'http://u:canary@h' 'smtp://u:canary@h?tls=no' 'smtp://u:can%zzary@h' \
    'smtps://u:canary@h?tls=none' 'smtp://u:canary@mail.example?tls=none' 'smtp://canary@h'; do
    SMTP_URL=$url run postroom run --once
    is "exit with $url" 2 "$code"
    contains "words with $url" "$err" "^postroom: .*SMTP_URL: "
    lacks "words with $url" "$out$err" canary
done
SMTP_URL="" run postroom run --once
contains "words without" "$err" "SMTP_URL is not set.*SMTP_URL_FILE"
