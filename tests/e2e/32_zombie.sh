#!/usr/bin/env bash
# A worker that is stopped for longer than its lease and then goes on: another has taken over, and what the
# late one still does changes nothing and sends nothing twice.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"latency_ms": 200}'
migrated_db
export POSTROOM_LEASE=3s POSTROOM_REQUEST_TIMEOUT=1s POSTROOM_RATE=40 POSTROOM_BATCH_SIZE=5
n=$(scaled 1000)

worker a
worker b
insert "$n"
some_sent() { [ "$(count sent)" -ge $((n / 10)) ]; }
wait_for "a tenth to be sent" 30 some_sent
kill -STOP "${pid[a]}"
all_sent 60 "$n"
sql_is "rows of the stopped one, afterwards" 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
kill -CONT "${pid[a]}"
insert 50
all_sent 20 $((n + 50))
sink_agrees
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
stop a
is "exit of the late one" 0 "$code"
stop b
is "exit of the other" 0 "$code"
