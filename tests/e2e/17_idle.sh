#!/usr/bin/env bash
# An idle daemon is small and quiet: under 20 MB resident, under 0.5 % of a CPU.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
worker w
insert 1000
all_sent 20

ticks() { awk '{ print $14 + $15 }' "/proc/${pid[w]}/stat"; }
idle() { [ "$(sql "SELECT state FROM postroom.workers WHERE name = 'w'")" = idle ]; }
wait_for "the worker to be idle" 10 idle
# What is measured is time itself, where a busy machine makes everything dearer: the best of three.
used=999
for _ in 1 2 3; do
    begin=$(ticks)
    sleep 10
    more=$(($(ticks) - begin))
    used=$((more < used ? more : used))
    [ $((used * 1000 / $(getconf CLK_TCK))) -gt 50 ] || break
done
resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[w]}/status")
echo "resident ${resident} kB, $((used * 1000 / $(getconf CLK_TCK))) ms of CPU in 10 s"
within "resident kB" "$resident" 1000 20479
within "CPU ms in 10 s" $((used * 1000 / $(getconf CLK_TCK))) 0 50
stop w
is "exit" 0 "$code"
