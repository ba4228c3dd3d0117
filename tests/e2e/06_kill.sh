#!/usr/bin/env bash
# Two workers, one killed with -9 in the middle: nothing lost, nothing sent twice, no attempt spent.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"latency_ms": 100}'
migrated_db
export POSTROOM_LEASE=4s POSTROOM_REQUEST_TIMEOUT=2s POSTROOM_RATE=40 POSTROOM_BATCH_SIZE=10
n=$(scaled 2000)

worker a
worker b
insert "$n"
enough_sent() { [ "$(count sent)" -ge $((n / 5)) ]; }
wait_for "a fifth to be sent" 30 enough_sent
kill -KILL "${pid[a]}"
ended a
is "exit of the killed one" 137 "$code"
[ "$(count sent)" -lt "$n" ] || fail "killed too late to show anything"
all_sent 60 "$n"
sink_agrees
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
echo "replays: $(sink_stat replays)"
stop b
is "exit of the other" 0 "$code"
