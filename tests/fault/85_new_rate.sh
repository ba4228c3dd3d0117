#!/usr/bin/env bash
# The provider changes its limit while eight workers run: from its first answer that says so on, no second holds
# more than the new one; a higher one is soon used.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"

# phase NAME LIMIT SECONDS: the sink's limit from now on; keeps when it was first told in $told.
phase() {
    local before
    before=$(wc -l <sink/requests.jsonl)
    sink_set "{\"limit\": $1}"
    answered() { [ "$(wc -l <sink/requests.jsonl)" -gt "$before" ]; }
    wait_for "an answer with the new limit" 10 answered
    told=$(arrivals | sed -n "$((before + 1))p")
    sleep "$2"
    until=$EPOCHREALTIME
    arrivals "$told" "$until" | python3 "$FAULT/arrivals.py" "$1" "$3, limit $1" | tee -a report
    is "seconds with more than the new limit" 0 "$(figure over)"
    within "requests a second, in the best five" "$(figure best)" "$(awk "BEGIN { print 0.9 * $1 }")" "$1"
}

# changes NAME RATE: 10, then 5, then 20, where the configuration says RATE ("": learnt).
changes() {
    migrated_db
    rm -rf sink sent.log report
    sink '{"limit": 10}'
    export POSTROOM_BATCH_SIZE=10 POSTROOM_RATE=$2
    [ -n "$2" ] || unset POSTROOM_RATE
    insert 9000
    workers 8
    phase 10 11 "$1"
    phase 5 9 "$1"
    phase 20 9 "$1"
    sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
    echo "429 answers: $(sink_stat statuses.429)"
    stop_workers
    stop sink
}
changes learnt ""
changes configured 1000
