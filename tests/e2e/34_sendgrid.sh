#!/usr/bin/env bash
# SendGrid: what arrives, what its answers make of the row and of the lane. Where the answer is missing
# is 34_sendgrid_uncertain.sh.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
export POSTROOM_PROVIDER=sendgrid POSTROOM_RATE=
sink
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s

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
parked() { grep -qi parked <<<"$(postroom status)"; }
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
stop w
POSTROOM_CONCURRENCY=1 worker w # so that nothing else is on its way when the answer comes
sink_set '{"rules": [{"status": 429, "message": "too many requests", "times": 1, "headers": {"ratelimit-reset": 3}}]}'
insert 20
all_sent 30 51
is "attempts spent" 0 "$(sql "SELECT sum(retry_count) FROM email_messages WHERE status = 'sent'")"
gap=$(requests '(lambda told: min(x["time"] for x in r if x["time"] > told) - told)(next(x["time"] for x in r if x["status"] == 429))')
within "seconds of silence after the 429" "$gap" 2.9 $((30 * ${TEST_PATIENCE:-1}))
stop w
worker w
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
    wait_sql "nothing in flight" 10 "pending|20|0" "SELECT status, count(*), sum(retry_count)
        FROM email_messages WHERE status NOT IN ('sent', 'failed') GROUP BY 1"
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

# --- SendGrid's own 5xx: not taken, and temporary --------------------------------------------------
sink_set '{"rules": [{"status": 500, "message": "internal server error", "times": 1}]}'
own500=$(one own500@mail.example)
wait_sql "it to be sent at last" 20 "sent|1" "SELECT status, retry_count FROM email_messages WHERE id = '$own500'"
sink_agrees
stop w
is "exit" 0 "$code"
