#!/usr/bin/env bash
# postroom demo: through a pipe it sends all, prints a summary and exits 0; in a terminal it shows mail
# flowing until q. Either way it leaves no process and no folder.
. "$(dirname "$0")/../lib/e2e.sh"
unset DATABASE_URL
mkdir tmp
chmod 755 tmp .
export TMPDIR=$WORK/tmp

# ours: processes of postroom that have this test's folder in their environment; other tests have theirs.
ours() {
    local process
    for process in $(grep -lsz "^TMPDIR=$TMPDIR\$" /proc/[0-9]*/environ); do
        process=${process%/environ}
        [ "$(readlink "$process/exe")" != "$POSTROOM" ] || echo "${process#/proc/}"
    done
}
nothing_left() {
    is "what $1 left in its folder" "" "$(ls -A tmp)"
    is "what $1 kept for the next window" "" "$(find state -type f 2>/dev/null)"
    is "processes $1 left" "" "$(ps -e -o pid=,args= | grep -F "$TMPDIR" | grep -v grep || true)"
    is "sandboxes $1 left" "" "$(ours)"
}

run timeout $((120 * ${TEST_PATIENCE:-1})) "$POSTROOM" demo
tail -n 5 run.out
is "exit of the demo" 0 "$code"
contains "summary" "$out$err" "sent"
nothing_left "the demo"

term_start 80 24 "$POSTROOM" demo
term_wait '^ FLOWING ' 60
term_wait '✅ Processed email message' 30
term_keys q
term_wait 'Quit'
sleep 0.5 # a dialog ignores its first 300 ms
term_keys y
term_wait 'exit code 0' 60
term_restored
term_stop
nothing_left "the demo in a terminal"

# Killed by a signal, at once and when its parts run.
folder_made() { [ -n "$(ls -A tmp)" ]; }
parts_run() { [ "$(ours | wc -l)" -ge 2 ]; }
for moment in folder_made parts_run; do
    start demo "$POSTROOM" demo
    wait_for "the demo to begin: $moment" 30 "$moment"
    stop demo
    nothing_left "the demo after SIGTERM"
done
