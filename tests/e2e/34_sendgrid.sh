#!/usr/bin/env bash
# SendGrid, which has no idempotency keys: what is certainly not sent goes again, what may have been
# sent is held and said so, and nothing ever goes out twice in silence.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
export POSTROOM_PROVIDER=sendgrid POSTROOM_RATE=
sink
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=2s

# one TO [COLUMNS VALUES]: a message; prints its id.
one() {
    sql "INSERT INTO email_messages (to_email, subject, html ${2:+, $2})
         VALUES ('$1', '$1', '<p>x</p>' ${3:+, $3}) RETURNING id"
}
# becomes WHAT ID STATE: status|error_code|will be tried again|failures so far
becomes() {
    wait_sql "$1" 20 "$3" "SELECT status, error_code, next_attempt_at IS NOT NULL, retry_count
        FROM email_messages WHERE id = '$2'"
}
reason() { sql "SELECT error_message FROM email_messages WHERE id = '$1'"; }
effects() { sink_messages id | grep -c "$1" || true; }
parked() { postroom status | grep -qiE 'parked'; }
open() { ! parked; }
rows() { sql "SELECT status, count(*), sum(retry_count) FROM email_messages WHERE $1 GROUP BY 1"; }
requests() { # PYTHON EXPRESSION over r, the list of requests
    python3 -c 'import json, sys
r = [json.loads(line) for line in open("sink/requests.jsonl")]
print(eval(sys.argv[1]))' "$1"
}

# --- accepted ----------------------------------------------------------------------------------
worker w
full=$(one 'Bea Berg <bea@mail.example>' 'from_email, cc, bcc, reply_to, text, headers, attachments, tags' \
    "'Other <other@shop.example>', '{c1@mail.example,C <c2@mail.example>}', '{b@mail.example}',
     '{r@shop.example}', 't', '{\"X-Ref\": \"7\"}',
     '[{\"filename\": \"a.txt\", \"content\": \"aGVs\\nbG8=\", \"content_type\": \"text/plain\"},
       {\"filename\": \"i.png\", \"content\": \"aGk=\", \"content_id\": \"logo\"}]',
     '{\"campaign\": \"autumn\", \"type\": \"receipt\"}'")
insert 30
all_sent 20 31
sink_agrees
sql_is "the row" "sendgrid|t|f|0" "SELECT provider, provider_message_id ~ '^[0-9a-f-]{36}\$',
    error_code IS NOT NULL, retry_count FROM email_messages WHERE id = '$full'"
hello=$(printf hello | sha256sum | cut -d ' ' -f 1) hi=$(printf hi | sha256sum | cut -d ' ' -f 1)
is "what arrived" "effect|Bea Berg <bea@mail.example>|Other <other@shop.example>|['c1@mail.example', 'c2@mail.example']|['b@mail.example']|None|1" \
    "$(sink_messages kind to from cc bcc key n id | grep "$full" | cut -f 1-7 | tr '\t' '|')"
is "its files" "[['a.txt', 'text/plain', 'attachment', None, '$hello'], ['i.png', None, 'inline', 'logo', '$hi']]" \
    "$(sink_messages id files | grep "$full" | cut -f 2)"
is "its arguments" "{'postroom_id': '$full', 'tag_type': 'receipt', 'campaign': 'autumn'}" \
    "$(sink_messages id args | grep "$full" | cut -f 2)"
lacks "the log" "$(cat w.log)" canary

# --- refused -----------------------------------------------------------------------------------
sink_set '{"rules": [{"match": "^bad", "status": 400, "name": "personalizations.0.to.0.email", "message": "Does not contain a valid address."},
                     {"match": "^own", "status": 403, "name": "from", "message": "The from address does not match a verified Sender Identity."}]}'
bad=$(one bad@mail.example)
becomes "a refusal to be final" "$bad" "failed|rejected:invalid_to|f|1"
is "its reason" "400 personalizations.0.to.0.email: Does not contain a valid address." "$(reason "$bad")"
sql_is "the answer kept" "Does not contain a valid address." "SELECT provider_response->'errors'->0->>'message' FROM email_messages WHERE id = '$bad'"
own=$(one own@mail.example from_email "'me@unverified.example'")
becomes "a row's own sender to be its fault" "$own" "failed|rejected:sender_not_verified|f|1"
before=$(sink_stat requests)
reserved=$(one 'reserved@mail.example' headers "'{\"X-SG-EID\": \"1\"}'")
becomes "what SendGrid cannot express to be refused" "$reserved" "failed|rejected:invalid_headers|f|1"
is "requests for that" 0 $(($(sink_stat requests) - before))
is "the lane is open" 0 "$(parked && echo 1 || echo 0)"

# --- throttled: nobody sends before the reset, no attempt is spent -----------------------------
sink_set '{"rules": [{"status": 429, "message": "too many requests", "times": 1, "headers": {"ratelimit-reset": 3}}]}'
insert 20
all_sent 30 51
is "attempts spent" 0 "$(sql "SELECT sum(retry_count) FROM email_messages WHERE status = 'sent'")"
gap=$(requests '(lambda told: min(x["time"] for x in r if x["time"] > told + 0.25) - told)(next(x["time"] for x in r if x["status"] == 429))')
within "seconds of silence after the 429" "$gap" 2.9 8
sink_set '{"limit": 10, "rules": []}'
insert 30
all_sent 60 81
is "attempts spent" 0 "$(sql "SELECT sum(retry_count) FROM email_messages WHERE status = 'sent'")"
sink_set '{"limit": 0}'
sink_agrees

# --- the key is revoked, the configured sender refused: the lane parks, nothing is spent ---------
for fault in '"api_key": "SG.another"' \
    '"rules": [{"status": 403, "name": "from", "message": "The from address does not match a verified Sender Identity."}]'; do
    sink_set "{$fault}"
    insert 20
    wait_for "the lane to be parked" 10 parked
    wait_for "nothing in flight" 10 test "$(rows "status NOT IN ('sent', 'failed')")" = "pending|20|0"
    tries=$(sink_stat requests)
    tried_again() { [ "$(sink_stat requests)" -gt "$tries" ]; }
    postroom trigger >/dev/null
    wait_for "one more try" 10 tried_again
    wait_for "the lane to stay parked" 10 parked
    is "requests after a trigger" $((tries + 1)) "$(sink_stat requests)"
    sink_set '{"api_key": null, "rules": []}'
    postroom trigger >/dev/null
    wait_sql "everything sent" 20 0 "SELECT count(*) FROM email_messages WHERE status NOT IN ('sent', 'failed')"
done
contains "the log" "$(cat w.log)" "lane_parked.*401 unauthorized: The provided authorization grant is invalid"
contains "the log" "$(cat w.log)" "lane_parked.*403 forbidden: The from address"
sink_agrees

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
sink_set '{"rules": [{"match": "^late", "hold_ms": 3000, "times": 1}]}'
late=$(one late@mail.example)
becomes "a time-out to be uncertain" "$late" "failed|uncertain|f|0"
contains "its reason" "$(reason "$late")" "^timeout: no answer within 2s"

# --- a 5xx: SendGrid's own is temporary, a gateway's is uncertain --------------------------------
sink_set '{"rules": [{"match": "^own500", "status": 500, "message": "internal server error", "times": 1},
                     {"match": "^gate502", "status": 502, "message": "bad gateway"},
                     {"match": "^gate503", "status": 503, "name": "foreign", "message": "upstream"}]}'
own500=$(one own500@mail.example)
wait_sql "it to be sent at last" 20 "sent|1" "SELECT status, retry_count FROM email_messages WHERE id = '$own500'"
is "effects of it" 1 "$(effects "$own500")"
for gate in gate502 gate503; do
    id=$(one "$gate@mail.example")
    becomes "a gateway's answer to be uncertain" "$id" "failed|uncertain|f|0"
done
contains "its reason" "$(reason "$id")" "^503: not an answer of SendGrid's own"

# --- 2xx is an acceptance, whatever comes with it ------------------------------------------------
sink_set '{"rules": [{"match": "^garbage", "shape": "garbage"}]}'
garbage=$(one garbage@mail.example)
wait_sql "it to be sent" 20 sent "SELECT status FROM email_messages WHERE id = '$garbage'"

# --- never a second POST in silence --------------------------------------------------------------
# curl would repeat one by itself on a connection used before: so each has a connection of its own.
stop w
sink_set '{"rules": [{"match": "[02468]@", "drop": "after"}]}'
before=$(sink_stat requests)
POSTROOM_CONCURRENCY=1 worker w
sql "INSERT INTO email_messages (to_email, subject, html, created_at)
     SELECT 'k' || n || '@mail.example', 'k', 'x', now() - interval '1 s' + n * interval '1 ms' FROM generate_series(1, 20) n"
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
sink_set '{"rules": [{"match": "^dead", "hold_ms": 1500}]}'
sql "INSERT INTO email_messages (to_email, subject, html) SELECT 'dead' || n || '@mail.example', 'dead', 'x' FROM generate_series(1, 3) n"
in_flight() { [ "$(sink_stat connections)" -ge "$1" ]; }
wait_sql "three on the wire" 10 3 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
stop w KILL
POSTROOM_CONCURRENCY=8 worker w
wait_sql "them to be held" 30 "failed|uncertain|3|0" "SELECT status, error_code, count(*), sum(retry_count) FROM email_messages WHERE subject = 'dead' GROUP BY 1, 2"
within "effects of them" "$(sink_messages subject | grep -c dead || true)" 0 3

# --- an outage makes few uncertain messages: five failures in a row park the lane -----------------
sink_set '{"rules": [{"drop": "after"}]}'
sql "INSERT INTO email_messages (to_email, subject, html) SELECT 'out' || n || '@mail.example', 'out', 'x' FROM generate_series(1, 50) n"
wait_for "the lane to be parked" 20 parked
wait_sql "nothing in flight" 10 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
held=$(sql "SELECT count(*) FROM email_messages WHERE subject = 'out' AND error_code = 'uncertain'")
echo "uncertain of 50 in an outage: $held"
within "uncertain messages" "$held" 5 13
sink_set '{"rules": []}'
wait_sql "the others sent" 60 0 "SELECT count(*) FROM email_messages WHERE subject = 'out' AND status = 'pending'"
wait_for "the lane to be open" 10 open
is "effects" 50 "$(sink_messages subject | grep -c out)"
is "messages taken more than once" "$(printf '%s\n' "$lost" "$again" | sort)" "$(sink_messages id | sort | uniq -d)"
stop w
is "exit" 0 "$code"
