# A real terminal: tmux on a socket of its own, fixed size and TERM, no user configuration.
# shellcheck shell=bash

terminal=0 # each has a server of its own: the last one may still be on its way out

tmux_run() {
    tmux -u -S "$WORK/tmux.$terminal" -f /dev/null "$@"
}

# term_start COLUMNS ROWS COMMAND...: runs it on a fresh screen. When it ends, the screen says
# "exit code N" and stty.before and stty.after hold the terminal's settings.
term_start() {
    local columns=$1 rows=$2
    shift 2
    terminal=$((terminal + 1))
    printf '%q ' "$@" >"$WORK/term.command"
    cat >"$WORK/term.run" <<'RUN'
stty -g >stty.before
. ./term.command 2>term.stderr
code=$?
stty -g >stty.after
cat term.stderr
echo "exit code $code"
exec sleep 1000
RUN
    tmux_run start-server \; set -g default-terminal "${TERM_NAME:-tmux-256color}" \; set -g escape-time 0 \; \
        new-session -d -s test -x "$columns" -y "$rows" -c "$WORK" bash ./term.run
}

term_keys() { tmux_run send-keys -t test "$@"; }
term_resize() { tmux_run resize-window -t test -x "$1" -y "$2"; }
term_text() { tmux_run capture-pane -p -t test; }
term_shows() { term_text | grep -qE -- "$1"; }
term_lacks() { ! term_shows "$1"; }

# term_wait PATTERN [TIMEOUT]: until the screen shows it; prints the screen where it does not.
term_wait() {
    wait_quietly "${2:-10}" term_shows "$1" || {
        term_text
        late "waited ${2:-10}s for the screen to show: $1"
    }
}

# term_gone PATTERN [TIMEOUT]: until the screen no longer shows it.
term_gone() {
    wait_quietly "${2:-10}" term_lacks "$1" || {
        term_text
        late "waited ${2:-10}s for the screen to lose: $1"
    }
}

# The terminal is as it was: settings, main screen, cursor, keypad, mouse.
term_restored() {
    is "terminal settings" "$(cat "$WORK/stty.before")" "$(cat "$WORK/stty.after")"
    is "alternate screen, cursor, keypad, mouse" "0 1 0 0" "$(tmux_run display-message -p -t test \
        '#{alternate_on} #{cursor_flag} #{keypad_flag} #{mouse_any_flag}')"
}

# What still runs there is killed first: a terminal that closes sends SIGHUP and SIGCONT, and the
# second makes a leak check that has just begun wait for ever.
term_stop() {
    local shell
    if shell=$(tmux_run display-message -p -t test '#{pane_pid}' 2>/dev/null); then
        pkill -KILL -P "$shell" || true
    fi
    tmux_run kill-server 2>/dev/null || true
}
