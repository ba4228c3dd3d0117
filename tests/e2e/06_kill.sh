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
# The moment is a message that the sink takes, so that it is in the middle however fast they are.
sink_set "{\"rules\": [{\"match\": \"a$((n / 5))@mail\", \"times\": 1,
                        \"signal\": {\"pid\": ${pid[a]}, \"at\": \"accepted\"}}]}"
insert "$n"
ended a
is "exit of the killed one" 137 "$code"
all_sent 60 "$n"
sink_agrees
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
echo "replays: $(sink_stat replays)"
stop b
is "exit of the other" 0 "$code"
