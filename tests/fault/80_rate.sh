#!/usr/bin/env bash
# Eight workers, one limit: no second holds more requests than the limit, by the sink's own record; nearly all of
# it is used while there is mail, and the requests are full. USED=0.95 where nothing else uses the machine.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"
migrated_db
metronome

# backlog LIMIT BATCH SECONDS: mail for that many seconds at that limit, by eight workers.
backlog() {
    local limit=$1 batch=$2 n=$(($1 * $2 * $3)) report sent
    rm -rf sink sent.log
    sql "TRUNCATE email_messages"
    : >metronome.log
    POSTROOM_RATE=$limit sink
    export POSTROOM_RATE=$limit POSTROOM_BATCH_SIZE=$batch
    workers 8
    insert "$n"
    all_sent 120
    sink_agrees
    stop_workers
    paced "limit $limit" "$limit"
    even "requests a second, in the best five" "$(figure best)" "$(awk "BEGIN { print ${USED:-0.9} * $limit }")" "$limit"
    within "requests" "$(sink_stat requests)" $((n / batch)) $((n / batch + 10))
    stop sink
}
backlog 10 100 15
backlog 100 10 15

# One of eight is killed in the middle: its slots go unused, the others soon have the whole rate.
rm -rf sink sent.log
sql "TRUNCATE email_messages"
: >metronome.log
POSTROOM_RATE=20 sink
export POSTROOM_RATE=20 POSTROOM_BATCH_SIZE=10 POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=3s
workers 8
insert 2400
enough() { [ "$(wc -l <sink/requests.jsonl)" -ge 60 ]; }
wait_for "a third of it" 20 enough
died=$EPOCHREALTIME
stop w3 KILL
all_sent 60
sink_agrees
stop_workers
paced "one killed, limit 20" 20
after() { awk -v t="$died" -v d="$1" 'BEGIN { printf "%.6f", t + d }'; }
for second in 0 1 2 3 4; do
    echo "requests in second $((second + 1)) after it died: $(arrivals "$(after $second)" "$(after $((second + 1)))" | wc -l)"
done
even "requests in the third and fourth second after it died" "$(arrivals "$(after 2)" "$(after 4)" | wc -l)" 32 40
