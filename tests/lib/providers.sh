# What every provider must make of the same events, as rows: accepted, refused, throttled, the key
# revoked, the answer lost, garbage, a slow drip, TLS that fails. A test of a provider sets what it is
# made of and sources this:
#
#   provider_start        starts its sink (`sink`, `smtp_sink`) and sets POSTROOM_PROVIDER
#   provider_over_tls P   points postroom at port P of localhost, by TLS
#   KEYS                  1: it honours idempotency keys
#   REFUSED OWN_SENDER SENDER THROTTLED OUTAGE LOST GARBAGE DRIP
#                         rules of the sink (without their match), see sink.py and its dialects
#   REVOKED RESTORED      settings of the sink: the key is no longer taken, is taken again
#   AFTER_GARBAGE AFTER_DRIP
#                         what becomes of a row: status|error_code
# shellcheck shell=bash
. "$(dirname "$0")/../lib/e2e.sh"

provider_start
migrated_db
export POSTROOM_BACKOFF=100ms..300ms POSTROOM_POLL_INTERVAL=1s POSTROOM_REQUEST_TIMEOUT=20s POSTROOM_LEASE=40s
export POSTROOM_BATCH_SIZE=1

# one TO [COLUMNS VALUES]: a message; prints its id.
one() {
    sql "INSERT INTO email_messages (to_email, subject, html ${2:+, $2}) VALUES ('$1', '$1', '<p>x</p>' ${3:+, $3}) RETURNING id"
}
# becomes WHAT ID STATE: status|error_code up to its colon|will be tried again|failures so far
becomes() {
    wait_sql "$1" 30 "$3" "SELECT status, split_part(error_code, ':', 1), next_attempt_at IS NOT NULL, retry_count
        FROM email_messages WHERE id = '$2'"
}
reason() { sql "SELECT error_message FROM email_messages WHERE id = '$1'"; }
rule() { sink_set "{\"rules\": [{\"match\": \"${2:-}\", $1}]}"; }
no_rules() { sink_set '{"rules": []}'; }
parked() { sql "SELECT parked_reason FROM postroom.lanes WHERE name = '$POSTROOM_PROVIDER'"; }
is_parked() { [ "$(parked)" = "$1" ]; }
effects() { sink_messages kind id | grep -c "effect.*$1" || true; }

# --- accepted: once each, with the provider's id ---------------------------------------------------
worker w
insert 20
all_sent 20 20
sink_agrees

# --- refused: final, with the provider's words ---------------------------------------------------------
rule "$REFUSED" '^refused'
id=$(one refused@mail.example)
becomes "a refusal to be final" "$id" "failed|rejected|f|1"
contains "its reason" "$(reason "$id")" '^[45][0-9][0-9] [^:]+: .*no such mailbox'
good=$(one good@mail.example)
becomes "others to go out" "$good" "sent||f|0"
rule "$OWN_SENDER"
id=$(one own@mail.example from_email "'me@unverified.example'")
becomes "a row's own sender to be its fault" "$id" "failed|rejected|f|1"
sql_is "its code" rejected:sender_not_verified "SELECT error_code FROM email_messages WHERE id = '$id'"
is "the lane" "" "$(parked)"

# --- throttled: nobody's attempt -----------------------------------------------------------------------
rule "$THROTTLED, \"times\": 2"
insert 10
all_sent 40 31
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages WHERE status = 'sent'"

# --- a single error of the provider's own: temporary ------------------------------------------------------
rule "$OUTAGE, \"times\": 1"
id=$(one outage@mail.example)
becomes "it to be sent at the second attempt" "$id" "sent||f|1"

# --- the key is revoked, the configured sender refused: the lane parks, nothing is spent ------------------
revoked() { # WHAT SETTINGS REASON
    local before=$4
    sink_set "$2"
    insert 10
    wait_for "$1: the lane to be parked" 20 is_parked "$3"
    wait_sql "nothing in flight" 10 "pending|10|0" "SELECT status, count(*), sum(retry_count)
        FROM email_messages WHERE status NOT IN ('sent', 'failed') GROUP BY 1"
    sink_set "$RESTORED"
    postroom trigger >/dev/null
    wait_sql "everything to be sent" 30 "$before" "SELECT count(*) FROM email_messages WHERE status = 'sent'"
    is "the lane" "" "$(parked)"
}
stop w # what is connected already may stay so
worker w
revoked "key" "$REVOKED" key 42
revoked "sender" "{\"rules\": [{$SENDER}]}" sender 52
contains "the log" "$(cat w.log)" "lane_parked.*$POSTROOM_PROVIDER: key"
no_rules
sink_agrees

# --- the answer is lost after the mail was taken -----------------------------------------------------------
rule "$LOST, \"times\": 1" '^lost'
id=$(one lost@mail.example)
if [ "$KEYS" = 1 ]; then
    # by curl itself where the connection had been used before, else by us
    wait_sql "the same request to settle it" 30 sent "SELECT status FROM email_messages WHERE id = '$id'"
else
    becomes "it to be held" "$id" "failed|uncertain|f|0"
    contains "its reason" "$(reason "$id")" '^(lost|timeout): '
fi
is "mails that went out" 1 "$(effects "$id")"

# --- garbage, and a byte at a time -------------------------------------------------------------------------
odd() { # WHAT RULE STATE
    rule "$2, \"times\": 1" "^$1"
    [ "$1" != garbage ] || [ -z "${GARBAGE_SETTING-}" ] || sink_set "$GARBAGE_SETTING"
    local id start=$SECONDS
    id=$(one "$1@mail.example")
    wait_sql "$1: the row" 30 "$3" "SELECT status, error_code FROM email_messages WHERE id = '$id'"
    went_out() { [ "$(effects "$id")" != 0 ]; }
    wait_for "$1: the sink to have noted it" 10 went_out
    is "$1: mails that went out" 1 "$(effects "$id")"
    sink_set '{"garbage": null}'
}
odd garbage "$GARBAGE" "$AFTER_GARBAGE"
stop w
POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_LEASE=6s worker w # shorter than the drip is long
odd drip "$DRIP" "$AFTER_DRIP"
stop w
is "exit" 0 "$code"
lacks "the log" "$(cat w.log)" canary

# --- TLS that fails: nothing leaves, nothing is spent; with the private CA all is well ---------------------
certificate() { # NAME HOST DAYS: signed by our CA
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "$1.ext" -days "$3" -out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj "/CN=private" -days 2 -out ca.pem 2>/dev/null
certificate good localhost 2
certificate elsewhere mail.elsewhere.example 2
certificate expired localhost -1

front() { # NAME CERTIFICATE [VERSION]: its port
    python3 "$LIB/tls_front.py" "$2.pem" "$2.key" "$PROVIDER_PORT" "$1.seen" "${3:-TLSv1_3}" >"$1.port" 2>"$1.log" </dev/null &
    pid[$1]=$!
    wait_for "TLS to be heard" 10 test -s "$1.port"
    provider_over_tls "$(cat "$1.port")"
}
sql "DELETE FROM email_messages"
id=$(one tls@mail.example)
before=$(sink_stat requests)
tls_fails() { # NAME CA CERTIFICATE [VERSION]
    front "$1" "$3" "${4-}"
    sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_until = NULL, failures = 0"
    POSTROOM_CA_FILE=$2 run "$POSTROOM" run --once
    is "$1: exit" 1 "$code"
    sql_is "$1: the row" "pending||0|down" "SELECT status, error_code, retry_count, (SELECT parked_reason FROM postroom.lanes) FROM email_messages"
    is "$1: bytes that left" 0 "$(stat -c %s "$1.seen")"
    lacks "$1: what is said" "$out$err" canary
    stop "$1"
}
tls_fails unknown "" good
tls_fails wrong_host ca.pem elsewhere
tls_fails expired ca.pem expired
tls_fails old ca.pem good TLSv1_1
front good good
sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_until = NULL, failures = 0"
POSTROOM_CA_FILE=ca.pem run "$POSTROOM" run --once
is "with the private CA" 0 "$code"
becomes "it to be sent" "$id" "sent||f|0"
is "requests" 1 $(($(sink_stat requests) - before))
stop good
