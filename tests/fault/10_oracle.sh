#!/usr/bin/env bash
# The oracle itself: of a worker that sins on demand, each sin is called by its name, and what it did
# right is blamed for nothing.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db

# drain RECIPIENT...: drained by the wrong worker, the first answer to those of $lost lost, the first to
# those of $busy a 429; then judged, with $options.
drain() {
    local rules="" to
    for to in $lost; do rules+="{\"match\": \"^$to@\", \"drop\": \"after\", \"times\": 1}, "; done
    for to in $busy; do rules+="{\"match\": \"^$to@\", \"status\": 429, \"times\": 1}, "; done
    sink_set "{\"rules\": [${rules%, }]}"
    sql "INSERT INTO email_messages (to_email, subject, html)
         SELECT unnest(string_to_array('$*', ' ')) || '@mail.example', 's', 'h'"
    python3 "$ROOT/tests/fault/wrong_worker.py" "$DATABASE_URL" "$SINK_PORT" || fail "the worker broke down"
    run python3 "$ROOT/tests/fault/oracle.py" "$DATABASE_URL" sink ${options-}
}

lost="right2" busy="right3" drain right1 right2 right3
is "the oracle on a right worker" "0 " "$code $err"
is "its counts" "rows=3 sent=3 failed=0 effects=3 uncertain=0 timeouts=0 lost=0 dup_row=0 dup_key=0 failed_effect=0 \
stuck=0 wrong_columns=0 wrong_id=0 open_requests=0 attempts_spent=0" "$out"

lost="twice newkey oldkey giveup leftover" busy="burn lose" \
    drain right4 twice newkey oldkey early forget lose burn zombie giveup leftover swap1 swap2 litter
is "exit of the oracle" 1 "$code"
is "its counts" "rows=17 sent=13 failed=2 effects=17 uncertain=0 timeouts=0 lost=3 dup_row=3 dup_key=1 failed_effect=2 \
stuck=2 wrong_columns=2 wrong_id=2 open_requests=1 attempts_spent=1" "$out"

# caught SIN FAULT: under its name stands the message with which it was committed.
caught() {
    contains "the examples of $2 (the sin '$1')" "$err" "^$2: .*$(sql "SELECT id FROM email_messages WHERE to_email = '$1@mail.example'")"
}
caught twice dup_row
caught newkey dup_row
caught oldkey dup_row
caught early lost
caught forget stuck
caught forget lost
caught lose stuck
caught burn attempts_spent
caught zombie failed_effect
caught zombie wrong_columns
caught giveup failed_effect
caught leftover wrong_columns
caught swap1 wrong_id
caught swap2 wrong_id
contains "the open request" "$err" "^open_requests: "
contains "the key with two effects" "$err" "^dup_key: .*2 requests"

# Without keys a held one may have gone out or not; only an operator who chose to retry gets it twice,
# and then the table shows why.
sql "TRUNCATE email_messages, postroom.requests"
: >sink/messages.jsonl
options=--keyless lost="held1 twice" busy="" drain right5 held1 twice
is "exit of the oracle, without keys" 1 "$code"
contains "its counts" "$out" "sent=2 failed=1 effects=4 uncertain=1 timeouts=0 lost=0 dup_row=1 dup_key=0 failed_effect=0 "
caught twice dup_row
judge_retries() { run python3 "$ROOT/tests/fault/oracle.py" "$DATABASE_URL" sink --keyless --on-uncertain retry; }
judge_retries
contains "without a lost answer in the table" "$out" " dup_row=1 "
sql "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, error_code)
     SELECT id, 'failed', 1, 'wrong', 'lost' FROM email_messages WHERE to_email = 'twice@mail.example'"
judge_retries
is "the oracle where the operator chose it" "0 " "$code $err"
