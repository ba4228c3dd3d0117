#!/usr/bin/env bash
# Leaving: SIGTERM finishes what is in flight and releases the rest; a second signal leaves at once;
# what does not end in time goes out with the next worker, as the same requests.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink "{\"rules\": [{\"hold_until\": \"$WORK/answer\"}]}"
migrated_db
export POSTROOM_BATCH_SIZE=1 POSTROOM_CONCURRENCY=3 POSTROOM_CLAIM_SIZE=30 POSTROOM_LEASE=20m POSTROOM_REQUEST_TIMEOUT=10m

# flying NAME [OPTION...]: a worker with three requests at the sink, which does not answer.
flying() {
    local seen
    rm -f answer
    seen=$(sink_stat requests)
    worker "$@"
    at_sink() { [ "$(sink_stat requests)" = $((seen + 3)) ]; }
    wait_for "three in flight" 20 at_sink
}
# drains NAME: it has heard the first signal, and waits.
drains() {
    kill -s "${2:-TERM}" "${pid[$1]}"
    wait_sql "$1 to drain" 20 draining "SELECT state FROM postroom.workers WHERE pid = ${pid[$1]}"
}

insert 60
flying a
drains a
sql_is "the rest" "pending|57
processing|3" "SELECT status, count(*) FROM email_messages GROUP BY 1 ORDER BY 1"
begin=$(now_ms)
touch answer
ended a
is "exit after SIGTERM" 0 "$code"
within "ms to leave" $(($(now_ms) - begin)) 0 $((6000 * ${TEST_PATIENCE:-1}))
sql_is "rows still claimed" 0 "SELECT count(*) FROM email_messages WHERE status NOT IN ('sent', 'pending') OR (status = 'pending' AND lease_expires_at > now())"
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
is "sent is what the sink took" "3 3" "$(sink_stat effects) $(count sent)"

# The drain's time is up: 3, and the next worker finishes the work with the same keys.
POSTROOM_DRAIN_TIMEOUT=300ms flying c
stop c
is "exit where the time was up" 3 "$code"
contains "the line that says what is left" "$(tail -n 3 c.log)" "in flight|left"
touch answer
POSTROOM_BACKOFF=500ms..1s worker d
all_sent 60 60
sink_agrees
stop d

# A second signal: nothing else would end it for an hour.
insert 10
POSTROOM_DRAIN_TIMEOUT=1h flying b
drains b INT
kill -INT "${pid[b]}"
ended b 20
is "exit after a second signal" 130 "$code"
