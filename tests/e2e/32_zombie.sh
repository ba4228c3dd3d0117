#!/usr/bin/env bash
# A worker that is stopped for longer than its lease and then goes on: another has taken over, and what the
# late one still does changes nothing and sends nothing twice.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"latency_ms": 200}'
migrated_db
export POSTROOM_LEASE=16s POSTROOM_REQUEST_TIMEOUT=8s POSTROOM_RATE=40 POSTROOM_BATCH_SIZE=5 POSTROOM_POLL_INTERVAL=1s
n=$(scaled 1000)

# The sink stops it when a tenth is sent, so that there are answers it has not read.
worker a
sink_set "{\"rules\": [{\"every\": $((n / 50)), \"times\": 1, \"signal\": {\"pid\": ${pid[a]}, \"at\": \"accepted\", \"sig\": \"STOP\"}}]}"
insert "$n"
stopped() { [ "$(ps -o state= -p "${pid[a]}")" = T ]; }
wait_for "a tenth to be sent" 30 stopped
within "rows of the stopped one" "$(count processing)" 5 $((n - 1))
worker b # its lease must really run out: the stopped one goes by its own clock
all_sent 60 "$n"
sql_is "rows of the stopped one, afterwards" 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
kill -CONT "${pid[a]}"
insert 50
all_sent 20 $((n + 50))
stop a
is "exit of the late one" 0 "$code"
sink_agrees
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
stop b
is "exit of the other" 0 "$code"
