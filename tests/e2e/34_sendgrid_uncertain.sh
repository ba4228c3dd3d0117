#!/usr/bin/env bash
# SendGrid has no idempotency keys: what may have been sent is held and said so, nothing ever goes out
# twice in silence, and an outage makes few messages uncertain, not all.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
export POSTROOM_PROVIDER=sendgrid POSTROOM_RATE=
sink
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s

# one TO: a message; prints its id.
one() {
    sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('$1', '$1', 'x') RETURNING id"
}
# many SUBJECT NUMBER: so many, in order, a moment ago.
many() {
    sql "INSERT INTO email_messages (to_email, subject, html, created_at)
         SELECT '$1' || n || '@mail.example', '$1', 'x', now() - interval '1 s' + n * interval '1 ms'
         FROM generate_series(1, $2) n"
}
# becomes WHAT ID STATE: status|error_code|will be tried again|failures so far
becomes() {
    wait_sql "$1" 20 "$3" "SELECT status, error_code, next_attempt_at IS NOT NULL, retry_count
        FROM email_messages WHERE id = '$2'"
}
reason() { sql "SELECT error_message FROM email_messages WHERE id = '$1'"; }
effects() { sink_messages id | grep -c "$1" || true; }
parked() { grep -qi parked <<<"$(postroom status)"; }
open() { ! parked; }
requests() { # PYTHON EXPRESSION over r, the list of requests
    python3 -c 'import json, sys
r = [json.loads(line) for line in open("sink/requests.jsonl")]
print(eval(sys.argv[1]))' "$1"
}

worker w

# --- the answer is lost after the mail was taken -------------------------------------------------
sink_set '{"rules": [{"drop": "after", "times": 1}]}'
before=$(sink_stat requests)
lost=$(one lost@mail.example)
becomes "a lost answer to be uncertain" "$lost" "failed|uncertain|f|0"
contains "its reason" "$(reason "$lost")" "^lost: "
run postroom retry --failed --to lost@
becomes "it to be left alone" "$lost" "failed|uncertain|f|0"
is "requests and effects" "1 1" "$(($(sink_stat requests) - before)) $(effects "$lost")"
run postroom retry --failed --error uncertain
is "exit of retry --error uncertain" 0 "$code"
wait_sql "it to be sent when told to" 20 sent "SELECT status FROM email_messages WHERE id = '$lost'"
is "effects, as the operator chose" 2 "$(effects "$lost")"

# Late is lost as well.
stop w
POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=2s worker w
sink_set "{\"rules\": [{\"match\": \"^late\", \"hold_until\": \"$WORK/never\", \"times\": 1}]}"
late=$(one late@mail.example)
becomes "a time-out to be uncertain" "$late" "failed|uncertain|f|0"
contains "its reason" "$(reason "$late")" "^timeout: no answer within 2s"
stop w
worker w

# --- a gateway's answer ---------------------------------------------------------------------------
sink_set '{"rules": [{"match": "^gate502", "status": 502, "message": "bad gateway"},
                     {"match": "^gate503", "status": 503, "name": "foreign", "message": "upstream"}]}'
for gate in gate502 gate503; do
    id=$(one "$gate@mail.example")
    becomes "a gateway's answer to be uncertain" "$id" "failed|uncertain|f|0"
done
contains "its reason" "$(reason "$id")" "^503: not an answer of SendGrid's own"

# --- 2xx is an acceptance, whatever comes with it ------------------------------------------------
sink_set '{"garbage": "<html>welcome to the hotel</html>", "rules": []}'
garbage=$(one garbage@mail.example)
wait_sql "it to be sent" 20 sent "SELECT status FROM email_messages WHERE id = '$garbage'"
sink_set '{"garbage": null}'

# --- never a second POST in silence --------------------------------------------------------------
# curl would repeat one by itself on a connection used before: so each has a connection of its own.
stop w
sink_set '{"rules": [{"match": "[02468]@", "drop": "after"}]}'
before=$(sink_stat requests)
POSTROOM_CONCURRENCY=1 worker w
many k 20
wait_sql "every second one to be uncertain" 30 "10|10" "SELECT count(*) FILTER (WHERE status = 'sent'),
    count(*) FILTER (WHERE error_code = 'uncertain') FROM email_messages WHERE subject = 'k'"
is "requests" 20 $(($(sink_stat requests) - before))
is "requests that shared a connection" 0 "$(requests 'len(r) - len({x["conn"] for x in r})')"
is "messages taken more than once" "$lost" "$(sink_messages id | sort | uniq -d)"

# --- on_uncertain = retry: sent again, and counted -----------------------------------------------
stop w
sink_set '{"rules": [{"match": "^again", "drop": "after", "times": 1}]}'
POSTROOM_ON_UNCERTAIN=retry worker w
again=$(one again@mail.example)
wait_sql "it to be sent again" 20 "sent|1" "SELECT status, retry_count FROM email_messages WHERE id = '$again'"
is "effects of it" 2 "$(effects "$again")"
contains "the log" "$(cat w.log)" "❌ Failed to process email message $again: lost: "

# --- a worker dies with requests in flight -------------------------------------------------------
sink_set "{\"rules\": [{\"match\": \"^dead\", \"hold_until\": \"$WORK/answer\"}]}"
many dead 3
wait_sql "three on the wire" 10 3 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
stop w KILL
touch answer
sql "UPDATE email_messages SET lease_expires_at = now() - interval '1 s' WHERE status = 'processing';
     UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'"
POSTROOM_CONCURRENCY=8 worker w
wait_sql "them to be held" 30 "failed|uncertain|3|0" "SELECT status, error_code, count(*), sum(retry_count) FROM email_messages WHERE subject = 'dead' GROUP BY 1, 2"
within "effects of them" "$(sink_messages subject | grep -c dead || true)" 0 3

# --- an outage makes few uncertain messages: five failures in a row park the lane -----------------
sink_set '{"rules": [{"drop": "after"}]}'
many out 50
wait_for "the lane to be parked" 20 parked
wait_sql "nothing in flight" 10 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
held=$(sql "SELECT count(*) - (SELECT probes FROM postroom.lanes) FROM email_messages
    WHERE subject = 'out' AND error_code = 'uncertain'")
echo "uncertain of 50 in an outage: $held"
within "uncertain messages, without probes" "$held" 5 13
sink_set '{"rules": []}'
wait_sql "the others sent" 60 0 "SELECT count(*) FROM email_messages WHERE subject = 'out' AND status = 'pending'"
wait_for "the lane to be open" 10 open
is "effects" 50 "$(sink_messages subject | grep -c out)"
is "messages taken more than once" "$(printf '%s\n' "$lost" "$again" | sort)" "$(sink_messages id | sort | uniq -d)"
stop w
is "exit" 0 "$code"
