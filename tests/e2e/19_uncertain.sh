#!/usr/bin/env bash
# The answer was lost: the same request is made again with its key, so nothing goes out twice; where
# it cannot be made again as it was, the message is held as uncertain.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"rules": [{"match": "^a", "drop": "after", "times": 1}]}'
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s

worker w
insert 20
all_sent 20 20
sink_agrees
is "effects and replays" "20 20" "$(sink_stat effects) $(sink_stat replays)"

# Cut before it was taken.
sink_set '{"rules": [{"drop": "before", "times": 1}]}'
insert 5
all_sent 20 25
sink_agrees
is "effects and replays" "25 20" "$(sink_stat effects) $(sink_stat replays)"

# An answer that takes longer than the request may: the second finds the first still in flight.
sink_set "{\"rules\": [{\"hold_until\": \"$WORK/answer\", \"times\": 1}]}"
stop w
POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_MAX_ATTEMPTS=100 worker w
insert 5
in_flight_still() { [ "$(sink_stat statuses.409)" -gt 0 ]; }
wait_for "the second to be refused" 30 in_flight_still
touch answer
all_sent 30 30
sink_agrees
is "effects" 30 "$(sink_stat effects)"
stop w

# The row was changed meanwhile: the bytes of that key are gone, so it is held.
sink_set '{"rules": [{"drop": "after", "times": 1}]}'
POSTROOM_BACKOFF=1h..1h worker w
id=$(sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('u@mail.example', 'u', 'before') RETURNING id")
wait_sql "the loss to show" 10 failed "SELECT status FROM email_messages WHERE id = '$id'"
sql "UPDATE email_messages SET html = 'after', next_attempt_at = now() WHERE id = '$id';
     UPDATE postroom.requests SET next_try_at = now()"
wait_sql "it to be held" 20 "failed|uncertain|t" "SELECT status, error_code, next_attempt_at IS NULL FROM email_messages WHERE id = '$id' AND error_code = 'uncertain'"
is "effects" 31 "$(sink_stat effects)"
run postroom retry --failed
is "exit of retry --failed" 0 "$code"
sql_is "an uncertain one is left alone" "failed|uncertain" "SELECT status, error_code FROM email_messages WHERE id = '$id'"
run postroom retry --failed --error uncertain
is "exit of retry --error uncertain" 0 "$code"
wait_sql "sent when told to" 20 sent "SELECT status FROM email_messages WHERE id = '$id'"
is "effects of it, as the operator chose" 2 "$(sink_messages kind id | grep -c "effect.$id")"
