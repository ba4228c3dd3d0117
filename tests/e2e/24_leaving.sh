#!/usr/bin/env bash
# However the dashboard is left, the terminal is as before and the exit code tells the truth: a
# quit, a signal, a second one, a crash, a database that hangs.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
export POSTROOM_WORKER_NAME=w

dashboard_pid() { pgrep -P "$(tmux_run display-message -p -t test '#{pane_pid}')" postroom; }
# on_screen: a dashboard with its worker, the picture drawn
on_screen() {
    term_start 80 24 "$POSTROOM" "$@"
    term_wait "IDLE|FLOWING|in flight" 20
    term_wait " q quit" 20
}
# confirm: a dialog does not take what was typed before it could be read
confirm() {
    wait_for "the answer to be taken" 10 confirmed
}
confirmed() {
    term_keys y
    sleep 0.2
    term_shows "exit code"
}
# left WHAT EXIT [WORDS]
left() {
    term_wait "exit code" 30
    term_shows "exit code $2" || fail "$1: $(term_text)"
    [ -z "${3-}" ] || term_shows "$3" || fail "$1: no '$3' in: $(term_text)"
    term_restored
    term_stop
}

on_screen run
term_keys q
term_wait "Quit"
confirm
left "a quit" 0 "sent 0, failed 0; nothing left in flight"

on_screen run
kill -TERM "$(dashboard_pid)"
left "SIGTERM" 0 "nothing left in flight"

on_screen run
kill -HUP "$(dashboard_pid)"
left "SIGHUP" 0 "nothing left in flight"

if [ "${TEST_FLAVOUR-}" != asan ]; then # which has handlers of its own
    on_screen run
    kill -SEGV "$(dashboard_pid)"
    left "a crash" 139
fi

on_screen watch
term_keys q
confirm
left "a quit of watch" 0

term_start 80 24 "$POSTROOM" watch --demo "$ROOT/tests/fixtures/ui/failing.json" --now 2026-09-22T03:12:06Z
term_wait "FAILING"
kill -TERM "$(dashboard_pid)"
left "SIGTERM at a fixed picture" 0

# Mail in flight: it counts down; the second signal does not wait.
sink_set '{"rules": [{"hold_ms": 3600000}]}'
export POSTROOM_REQUEST_TIMEOUT=10m POSTROOM_LEASE=20m POSTROOM_DRAIN_TIMEOUT=55s
at_sink() { [ "$(sink_stat requests)" = "$1" ]; }
insert 1
on_screen run
wait_for "something in flight" 20 at_sink 1
kill -TERM "$(dashboard_pid)"
term_wait "draining: 1 in flight, [0-9]+s left"
kill -TERM "$(dashboard_pid)"
left "a second signal" 130

# A database that hangs holds nobody: the drain's time, and a second.
sql "UPDATE email_messages SET status = 'cancelled'"
insert 1
export POSTROOM_DRAIN_TIMEOUT=500ms
worker w
wait_for "something in flight" 20 at_sink 2
hung=$(sql "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
# shellcheck disable=SC2086 # words on purpose
kill -STOP $hung
begin=$(now_ms)
stop w
took=$(($(now_ms) - begin))
# shellcheck disable=SC2086
kill -CONT $hung
is "exit with a hanging database" 3 "$code"
within "ms to leave it" "$took" 400 $((10000 * ${TEST_PATIENCE:-1}))
