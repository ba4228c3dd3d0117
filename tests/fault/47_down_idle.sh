#!/usr/bin/env bash
# While the database is down nothing spins and the log keeps still: refusing, swallowing everything,
# closing what it accepts; a worker and a window that only looks. HOLD=600 for a long run.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
sink
migrated_db
proxy db "$(server_socket)"
HOLD=${HOLD:-8} # seconds of each
direct=$DATABASE_URL
worker w --database-url "$(proxied_url db)"
start watch "$POSTROOM" watch --database-url "$(proxied_url db)"
insert 10
all_sent 20

lines() { cat w.log watch.log | grep -c " WARN " || true; }
for mode in refuse hang drop reset; do
    noticed=$(log_count w "database_(lost|away)")
    proxy_set db "{\"mode\": \"$mode\"}"
    [ "$mode" != refuse ] || proxy_set db '{"forget": true}'
    wait_for "w to notice: $mode" 30 log_more w "database_(lost|away)" "$noticed"
    told=$(lines) begin=$(now_ms) worker_ticks=$(cpu_ticks w) watch_ticks=$(cpu_ticks watch)
    resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[w]}/status")
    sleep "$HOLD" # what is measured is time itself
    worker_share=$(cpu_share w "$worker_ticks" "$begin")
    watch_share=$(cpu_share watch "$watch_ticks" "$begin")
    grown=$(($(awk '/^VmRSS/ { print $2 }' "/proc/${pid[w]}/status") - resident))
    threads=$(awk '/^Threads/ { print $2 }' "/proc/${pid[w]}/status")
    lines=$(($(lines) - told))
    echo "$mode: worker $worker_share %, window $watch_share % of a core, $lines lines, $threads threads, $grown kB more"
    within "percent of a core, worker" "$worker_share" 0 10
    within "percent of a core, window" "$watch_share" 0 10
    within "lines of the log" "$lines" 0 $((4 + HOLD / 10))
    within "threads" "$threads" 1 16
    within "kB more" "$grown" -100000 4096
    insert 1
    begin=$(now_ms)
    proxy_set db '{"mode": "pass"}'
    sent_after "$begin"
    echo "sending again after $seconds s"
    within "seconds until it sent again" "$seconds" 0 "$((5 * ${TEST_PATIENCE:-1}))"
    all_sent 20
done
unspent 20
stop w
is "exit of w" 0 "$code"
stop watch
