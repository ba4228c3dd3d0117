#!/usr/bin/env bash
# The server is stopped in the middle (immediately, as by a power cut, and by the death of a
# backend) and started again, over and over, while mail flows: nothing lost, nothing twice, no
# attempt spent, and sending goes on within 5 s. ROUNDS=100 for a long run.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
server own "recovery_init_sync_method = syncfs"
migrated_db
sink '{"latency_ms": 30}'
export POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=2s POSTROOM_BATCH_SIZE=5 \
    POSTROOM_CONCURRENCY=4 POSTROOM_RATE=8
rounds=${ROUNDS:-3}
worker a
worker b

some_backend() {
    pg_admin "SELECT pid FROM pg_stat_activity WHERE application_name = 'postroom'
              ORDER BY random() LIMIT 1"
}
starts() { grep -c "ready to accept connections" "${server_root[own]}/log"; }
started_again() { [ "$(starts)" -gt "$1" ]; }

slowest=0
for round in $(seq "$rounds"); do
    insert 1000 # more than is sent until the next round
    sent_after "$(now_ms)"
    sleep "0.$((RANDOM % 8))" # any instant will do
    before=$(starts)
    if [ $((round % 3)) = 0 ]; then
        kill -KILL "$(some_backend)" # the server ends all others, and recovers
    else
        server_stop own
        sleep "$((RANDOM % 3)).$((RANDOM % 9))"
        server_start own
    fi
    wait_for "the server to be back" 30 started_again "$before"
    sent_after "$(now_ms)"
    echo "round $round: sending again after $seconds s"
    slowest=$(worst "$slowest" "$seconds")
done
in_time "seconds until it sent again" "$slowest" 5
stop a
is "exit of a" 0 "$code"
stop b
is "exit of b" 0 "$code"
sql_is "words in the journal" 2 "SELECT count(*) FROM postroom.journal WHERE what = 'started'"
POSTROOM_RATE=500 worker c # the rest
unspent $((60 + rounds * 20))
stop c
is "exit of c" 0 "$code"
