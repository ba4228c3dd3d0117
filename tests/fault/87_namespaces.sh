#!/usr/bin/env bash
# One limit for eight workers on three hosts: 2, 10 and 100 requests a second. No second holds more, nearly all of it
# is used, and that again within two seconds after one of them died with slots in its hands, or between its slot and its
# request. Needs root (network namespaces), else it is skipped. USED=0.95 where nothing else uses the machine.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/lane.sh"
. "$ROOT/tests/fault/hosts.sh"
metronome
export POSTROOM_LEASE=8s POSTROOM_REQUEST_TIMEOUT=4s
share() { awk -v u="${USED:-0.9}" -v x="$1" 'BEGIN { print u * x }'; } # of X, what must be used

# All of them hear what is told, wherever they are; looking by themselves they would know in a minute.
sink_for_hosts
POSTROOM_POLL_INTERVAL=60s workers 8
told() { [ "$(cat w[1-8].log | grep -c "$1")" = 8 ]; }
sql_is "hosts that PostgreSQL hears from" 3 "SELECT count(DISTINCT client_addr) FROM pg_stat_activity"
for word in pause resume; do
    begun=$(now_ms)
    postroom $word >/dev/null
    wait_for "all to hear of it: $word" 20 told "${word%e}ed"
    seconds=$(seconds_since "$begun")
    echo "$word: all eight knew after $seconds s"
    even "seconds until all eight knew: $word" "$seconds" 0 2
done
stop_workers
stop_sink

# shared LIMIT BATCH SECONDS POINT: mail for that long; one of the eight dies at the POINT.
shared() {
    local limit=$1 batch=$2 name="limit $1, one dies at $4" died
    since() { awk -v t="$died" -v d="$1" 'BEGIN { printf "%.6f", t + d }'; }
    sql "TRUNCATE email_messages"
    : >metronome.log
    export POSTROOM_RATE=$limit POSTROOM_BATCH_SIZE=$batch
    sink_for_hosts
    POSTROOM=$FAULTY POSTROOM_FAULT=$4 lane_worker 8
    workers 7
    wait_for "worker w8 to be up" 30 worker_heard w8
    insert $((limit * batch * $3))
    ended w8 60
    died=$EPOCHREALTIME
    is "$name: exit" 137 "$code"
    all_sent $(($3 + 60))
    sink_agrees
    sql_is "$name: attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
    stop_workers
    paced "$name" "$limit"
    even "$name: requests a second, in the best five" "$(figure best)" "$(share "$limit")" "$limit"
    arrivals "$(since 0)" "$(since 4)" | awk 'NR > 1 && $1 - t > gap { gap = $1 - t } { t = $1 } END { print gap }' >gap
    arrivals "$(since 2)" "$(since $(($3 / 2)))" | python3 "$FAULT/arrivals.py" "$limit" "$name, from the third second after it" | tee report
    echo "$name: longest gap after it $(cat gap) s"
    even "$name: requests a second, from the third second after it" "$(figure rate)" "$(share "$limit")" "$limit"
    even "$name: longest gap after it" "$(cat gap)" 0 2
    stop_sink
}
shared 2 100 30 K2S:2
shared 10 100 40 K2:4
shared 100 10 20 K2S:80
