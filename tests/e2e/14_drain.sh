#!/usr/bin/env bash
# Leaving: SIGTERM finishes what is in flight and releases the rest; a second signal leaves at once;
# what does not end in time is safe by its lease.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"rules": [{"hold_ms": 1500}]}'
migrated_db
export POSTROOM_BATCH_SIZE=1 POSTROOM_CONCURRENCY=3 POSTROOM_CLAIM_SIZE=30 POSTROOM_LEASE=4s POSTROOM_REQUEST_TIMEOUT=2s
in_flight() { [ "$(count processing)" -gt 0 ] && [ "$(sink_stat requests)" -gt "$seen" ]; }

seen=0
worker a
insert 60
wait_for "something in flight" 10 in_flight
begin=$(now_ms)
stop a
is "exit after SIGTERM" 0 "$code"
within "ms to leave" $(($(now_ms) - begin)) 0 $((6000 * ${TEST_PATIENCE:-1}))
sql_is "rows still claimed" 0 "SELECT count(*) FROM email_messages WHERE status NOT IN ('sent', 'pending') OR (status = 'pending' AND lease_expires_at > now())"
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
is "sent is what the sink took" "$(sink_stat effects)" "$(count sent)"
within "sent before leaving" "$(count sent)" 1 40

# The drain's time is up: 3, and the next worker finishes the work with the same keys.
sink_set '{"rules": [{"hold_ms": 6000, "times": 3}]}'
export POSTROOM_REQUEST_TIMEOUT=2s POSTROOM_LEASE=4s POSTROOM_DRAIN_TIMEOUT=300ms POSTROOM_BACKOFF=500ms..1s
seen=$(sink_stat requests)
worker c
wait_for "something in flight" 20 in_flight
stop c
is "exit where the time was up" 3 "$code"
contains "the line that says what is left" "$(tail -n 3 c.log)" "in flight|left"
sink_set '{"rules": []}'
export POSTROOM_DRAIN_TIMEOUT=30s
worker d
all_sent 60 60
sink_agrees

# A second signal.
sink_set '{"rules": [{"hold_ms": 20000}]}'
stop d
export POSTROOM_REQUEST_TIMEOUT=30s POSTROOM_LEASE=60s
seen=$(sink_stat requests)
insert 10
worker b
wait_for "something in flight" 10 in_flight
kill -INT "${pid[b]}"
sleep 0.3
begin=$(now_ms)
kill -INT "${pid[b]}"
ended b 5
is "exit after a second signal" 130 "$code"
within "ms to leave at once" $(($(now_ms) - begin)) 0 $((1500 * ${TEST_PATIENCE:-1}))
