#!/usr/bin/env bash
# What the terminal is sent stays within its budget, over ssh and beside it, whatever the traffic;
# where nothing changes it is sent nothing.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/ui.sh"
ui_build
unset TMUX SSH_TTY SSH_CONNECTION
SECONDS_COUNTED=15

# count NAME COLUMNS ROWS [OPTION...]: in the background, into NAME.bytes.
count() {
    local name=$1 columns=$2 rows=$3
    shift 3
    TERM=xterm-256color python3 "$LIB/terminal.py" count "$columns" "$rows" $SECONDS_COUNTED \
        "$WORK/ui_demo" "${DEMO[@]}" "$@" >"$name.bytes" 2>"$name.log" &
}
# most NAME WHAT LIMIT
most() {
    local n
    n=$(awk -v what="$2" '$1 == what { print $2 }' "$1.bytes")
    echo "$1: $2 $n, at most $3"
    [ -n "$n" ] && [ "$n" -le "$3" ] || fail "$1: $2: $n bytes, more than $3"
}

for size in 80x24 140x40; do
    count "still.$size" "${size%x*}" "${size#*x}"
    for events in 5 50; do
        count "local.$size.$events" "${size%x*}" "${size#*x}" --live commands.1 --events "$events"
        SSH_TTY=/dev/pts/9 count "ssh.$size.$events" "${size%x*}" "${size#*x}" --live commands.2 --events "$events"
    done
done
wait

for where in local ssh; do
    most $where.80x24.5 per_second 400
    most $where.80x24.50 per_second 700
    most $where.140x40.5 per_second 450
    most $where.140x40.50 per_second 1100
done
for what in first redrawn resized; do
    most still.80x24 $what 3072
    most still.140x40 $what 7168
done
most still.80x24 per_second 0
most still.140x40 per_second 0
