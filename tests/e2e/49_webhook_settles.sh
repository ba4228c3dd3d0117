#!/usr/bin/env bash
# An event proves that its message was taken: one that arrives before the answer, or in its place,
# settles the message, and nothing is sent twice. With the database away nothing is acknowledged.
# also under: asan tsan
unset PG_ROOT PG_ROOT_SHARED # a server of its own, to be stopped
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/webhook.sh"
migrated_db
sink
webhook_keys
SENDGRID_WEBHOOK_PUBLIC_KEY=$(python3 "$LIB/webhook.py" key sendgrid.pem)
export RESEND_WEBHOOK_SECRET=$RESEND_SECRET SENDGRID_WEBHOOK_PUBLIC_KEY
export POSTROOM_POLL_INTERVAL=1s POSTROOM_BACKOFF=1h..1h POSTROOM_REQUEST_TIMEOUT=60s POSTROOM_LEASE=120s
story() { one "status, coalesce(delivery, '-'), coalesce(error_code, '-'), next_attempt_at IS NULL, lease_expires_at IS NULL" "to_email = '$1@mail.example'"; }
settled="sent|delivered|-|t|t"
on_wire() { [ "$(one "count(*)" "status = 'processing' AND to_email = '$1@mail.example'")" = 1 ] && [ "$(sink_stat requests)" -gt "$2" ]; }
put() { sql "INSERT INTO email_messages (to_email, subject, text) VALUES ('$1@mail.example', 's', 't') RETURNING id"; }

# --- before the answer ----------------------------------------------------------------------------

door a
sink_set '{"rules": [{"match": "^early", "late_file": "'"$WORK"'/answer-now", "times": 1}]}'
n=$(sink_stat requests)
early=$(put early)
wait_for "it to be on the wire" 20 on_wire early "$n"
contains "an early event" "$(resend_event delivered "$early" fresh-id | resend)" '^200 .*"recorded":1,'
is "before the answer" "$settled" "$(story early)"
said() { [ "$(grep -c "Processed email message $1 " a.log)" = "$2" ]; }
: >answer-now
wait_for "the answer" 20 said "$early" 1
is "after it" "$settled" "$(story early)"
no_requests() { [ "$(sql "SELECT count(*) FROM postroom.requests")" = 0 ]; }
wait_for "the request to be over" 10 no_requests
sql_is "counted once" "1|1" "SELECT (SELECT sum(messages) FROM postroom.usage), (SELECT count(*) FROM postroom.attempts WHERE message_id = '$early')"

# --- in its place: the answers of a request of three never come -----------------------------------

postroom pause >/dev/null
for i in 1 2 3; do put "lost$i" >/dev/null; done
sink_set '{"rules": [{"match": "^lost", "drop": "after"}, {"match": "^lost", "drop": "after", "replay": true}]}'
three_failed() { [ "$(one "count(*)" "to_email LIKE 'lost%' AND status = 'failed'")" = 3 ]; }
postroom resume >/dev/null
wait_for "three lost answers" 20 three_failed
sink_set '{"rules": []}'
lost2=$(one id "to_email = 'lost2@mail.example'")
resend_event delivered "$lost2" id-2 | resend >/dev/null
is "the one that is told of" "$settled" "$(story lost2)"
is "the others wait" "failed|-|f|t" "$(one "status, coalesce(delivery, '-'), next_attempt_at IS NULL, lease_expires_at IS NULL" "to_email = 'lost1@mail.example'")"
sql "UPDATE postroom.requests SET next_try_at = now()"
for i in 1 3; do wait_sql "lost$i sent" 30 sent "SELECT status FROM email_messages WHERE to_email = 'lost$i@mail.example'"; done
is "still" "$settled" "$(story lost2)"
is "its own attempt is the webhook's" "webhook" "$(sql "SELECT string_agg(worker, ',') FROM postroom.attempts WHERE message_id = '$lost2' AND outcome = 'sent'")"
is "each once" 4 "$(sink_stat effects)"
wait_for "the request to be over" 10 no_requests

# all of a request: nothing is sent again
sink_set '{"rules": [{"match": "^gone", "drop": "after"}, {"match": "^gone", "drop": "after", "replay": true}]}'
gone=$(put gone)
wait_sql "its loss" 20 failed "SELECT status FROM email_messages WHERE id = '$gone'"
resend_event sent "$gone" id-3 | resend >/dev/null
is "told of" "sent|-|-|t|t" "$(story gone)"
n=$(sink_stat requests)
sql "UPDATE postroom.requests SET next_try_at = now()"
wait_for "the request to be over" 20 no_requests
is "requests since" "$n" "$(sink_stat requests)"

# --- an event of an earlier send says nothing of the present one ----------------------------------

again=$(put again)
wait_sql "sent" 20 sent "SELECT status FROM email_messages WHERE id = '$again'"
first=$(sent_id "$again")
resend_event bounced "$again" "$first" "$BOUNCE_TRANSIENT" | resend >/dev/null
postroom pause >/dev/null
sql "UPDATE email_messages SET status = 'pending' WHERE id = '$again'"
resend_event delivered "$again" "$first" | resend >/dev/null
is "queued again" pending "$(one status "id = '$again'")"
postroom resume >/dev/null
wait_sql "sent again" 20 "sent|t" "SELECT status, provider_message_id <> '$first' FROM email_messages WHERE id = '$again'"
is "what is told of the new one" "-" "$(one "coalesce(delivery, '-')" "id = '$again'")"
resend_event complained "$again" "$first" | resend >/dev/null
delivery_is "$again" -
never=$(postroom pause >/dev/null; put never)
resend_event delivered "$never" no-such-send | resend >/dev/null
is "never sent" pending "$(one status "id = '$never'")"
postroom resume >/dev/null
wait_sql "sent" 20 sent "SELECT status FROM email_messages WHERE id = '$never'"
stop a

# --- a provider without keys: held, then proved ---------------------------------------------------

export POSTROOM_PROVIDER=sendgrid
door a
sink_set '{"rules": [{"match": "^held", "drop": "after", "times": 1}]}'
held=$(put held)
wait_sql "it to be held" 20 "failed|uncertain" "SELECT status, error_code FROM email_messages WHERE id = '$held'"
event() { printf '[{"email":"held@mail.example","event":"%s","sg_event_id":"%s","sg_message_id":"%s.filter-1","timestamp":%s,"postroom_id":"%s"}]' "$1" "$RANDOM$1" "the-id" "$(date +%s)" "$held"; }
contains "proved" "$(event processed | sendgrid)" '"recorded":1,'
is "sent after all" "sent|-|-|t|t" "$(story held)"
is "its id there" the-id "$(sent_id "$held")"
wait_for "a line of it" 10 said "$held" 1
event delivered | sendgrid >/dev/null
is "delivered" "$settled" "$(story held)"
sql_is "once" 1 "SELECT count(*) FROM postroom.attempts WHERE message_id = '$held' AND outcome = 'sent'"

# --- the database is away -------------------------------------------------------------------------

pg() { pg_as "$(pg_bin)/pg_ctl" -D "$PG_ROOT/data" -l "$PG_ROOT/log" -w -t 60 "$@" >/dev/null; }
body=$(resend_event complained "$never" "$(sent_id "$never")")
pg -m immediate stop
contains "not acknowledged" "$(resend --id evt-1 <<<"$body")" '^503 .*"code":"database_away"'
contains "a forgery" "$(resend --spoil <<<"$body")" "^401 "
pg start
back() { [ "$(resend --id evt-1 <<<"$body")" = '200 {"recorded":1,"duplicates":0,"ignored":0}' ]; }
wait_for "it to be taken" 30 back
delivery_is "$never" complained
is "taken twice is what was asked for twice" "$again" "$(sink_messages kind id | awk '$1 == "effect" {print $2}' | sort | uniq -d)"
stop a
is "exit" 0 "$code"
