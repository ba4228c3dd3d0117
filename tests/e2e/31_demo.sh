#!/usr/bin/env bash
# postroom demo: through a pipe it sends all, prints a summary and exits 0; in a terminal it shows mail
# flowing until q. Either way it leaves no process and no folder.
. "$(dirname "$0")/../lib/e2e.sh"
unset DATABASE_URL
mkdir tmp
chmod 755 tmp .
export TMPDIR=$WORK/tmp

nothing_left() {
    is "what $1 left in its folder" "" "$(ls -A tmp)"
    is "processes $1 left" "" "$(ps -e -o pid=,args= | grep -F "$TMPDIR" | grep -v grep || true)"
    is "sandboxes $1 left" "" "$(ps -e -o pid=,args= | grep -F "$POSTROOM" | grep -v grep || true)"
}

run timeout 120 "$POSTROOM" demo
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

# Killed by a signal.
start demo "$POSTROOM" demo
folder_made() { [ -n "$(ls -A tmp)" ]; }
wait_for "the demo to begin" 30 folder_made
stop demo
nothing_left "the demo after SIGTERM"
