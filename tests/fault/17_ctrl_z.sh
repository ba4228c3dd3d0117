#!/usr/bin/env bash
# Workers in terminals, stopped by Ctrl-Z in the middle of a send for longer than their lease, which go on with fg:
# another has taken over, so what they write changes nothing and what they hold goes nowhere. Under the dashboard
# Ctrl-Z is off, so that one is stopped from elsewhere; fg brings its screen back. REPEATS may be given (rounds of
# the kill points; these take ten times as long).
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/crash.sh"
. "$ROOT/tests/fault/away.sh"
sink
fault_db
export POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_POLL_INTERVAL=500ms POSTROOM_CONCURRENCY=1
export POSTROOM_BACKOFF=100ms..200ms

ROUNDS=$(((${REPEATS:-1} + 9) / 10))
ALL="$MOMENTS screen"
[ -n "${REPEATS-}" ] || WAYS=batch

# --- shells with job control, a window each ------------------------------------------------------------

keys() { # NAME KEYS...
    local name=$1
    shift
    tmux_run send-keys -t "test:$name" "$@"
}
shown() { tmux_run capture-pane -p -t "test:$1"; }
shows() { grep -qE -- "$2" <<<"$(shown "$1")"; }
wait_shown() { # NAME PATTERN
    wait_quietly 10 shows "$1" "$2" || {
        shown "$1"
        late "$WHERE: the terminal of $1 does not show: $2"
    }
}
shells() {
    local name
    term_start 100 30 sleep 1000000
    for name in $ALL; do
        tmux_run new-window -d -t test: -n "$name" -c "$WORK" -e PS1="$name: " bash --noprofile --norc -i
    done
    for name in $ALL; do wait_shown "$name" "^$name:"; done
}
clean_up() { # what a shell left behind does not end with it
    local name
    for name in $ALL; do
        [ ! -s "$name.pid" ] || kill -KILL "$(cat "$name.pid")" 2>/dev/null
    done
}

# --- a worker there ------------------------------------------------------------------------------------

has_log() { [ "$1" != screen ]; }
begin() { # NAME
    local name=$1
    {
        echo "echo \$\$ >$name.pid"
        export -p | grep -E '^declare -x (POSTROOM|RESEND|SENDGRID|SES|AWS|DATABASE|HOME|XDG|LC_ALL|TZ|[A-Z]*SAN)[A-Z_0-9]*='
        if has_log "$name"; then
            echo "exec '$FAULTY' run --no-ui >>$name.log 2>&1"
        else
            echo "exec '$FAULTY' run"
        fi
    } >"$name.run"
    rm -f "$name.pid"
    keys "$name" C-l "bash ./$name.run" Enter
    wait_for "$WHERE: $name to run" 10 test -s "$name.pid"
}
states() { cut -d ' ' -f 3 /proc/"$(cat "$1.pid")"/task/*/stat | sort -u | paste -sd ' '; }
stands() { [ "$(states "$1")" = T ]; }

# Every thread of it.
away() {
    if [ "$1" = screen ]; then
        wait_shown "$1" 'postroom '
        keys "$1" C-z
        wait_shown "$1" 'Ctrl-Z is off'
        lacks "$WHERE: states of its threads" "$(states "$1")" T
        kill -STOP "$(cat "$1.pid")"
    else
        keys "$1" C-z
    fi
    wait_for "$WHERE: $1 to stop" 10 stands "$1"
    wait_shown "$1" 'opped' # over what stands there
}
back() {
    : >"$1.gate"
    keys "$1" fg Enter
}

# leaves NAME: it is in the foreground again and goes at Ctrl-C, as well as ever.
leaves() {
    if [ "$1" = screen ]; then
        wait_shown "$1" '^ (IDLE|SENDING) |postroom .*'
        wait_shown "$1" 'workers?'
        keys "$1" C-c
        sleep 0.3
        keys "$1" C-c
    else
        keys "$1" C-c
    fi
    wait_for "$WHERE: $1 to end" 20 process_gone "$(cat "$1.pid")"
    keys "$1" Enter 'echo "left $?"' Enter
    wait_shown "$1" '^left 0'
    rm -f "$1.pid"
}

# --- all at once ---------------------------------------------------------------------------------------

overtaken() { # WAY
    local name before
    WHERE="$HOW, $1"
    nothing_yet
    for name in $ALL; do
        if [ "$name" = screen ]; then at wire screen; else at "$name"; fi
        away "$name"
        leases_last
    done
    each_has_its_own $ALL
    sleep 9 # one and a half leases, by the clock of the last one
    taken_over
    before=$(versions)
    for name in $ALL; do
        comes_back "$name"
        [ "$name" != screen ] || wait_shown screen '^ postroom .*'
        leaves "$name"
    done
    nothing_changed "$before" "$1" $ALL
}

HOW=Ctrl-Z WHERE="the shells"
shells
for ((round = 1; round <= ROUNDS; round++)); do
    in_ways
    figures
done
