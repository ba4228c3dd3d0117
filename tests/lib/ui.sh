# The dashboard over a fixture (ui_demo.c), for the tests ui_*.sh: after e2e.sh.
# shellcheck shell=bash

GOLDEN=$ROOT/tests/fixtures/ui
FIXTURE=$GOLDEN/failing.json
NOW=2026-09-22T03:12:06Z
DEMO=(--demo "$FIXTURE" --now "$NOW")

# Built beside the binary under test, with its sanitizers.
ui_build() {
    local dir flags=()
    dir=$(dirname "$POSTROOM")
    case "${TEST_FLAVOUR:-release}" in
        asan) flags=(-fsanitize=address,undefined -fno-omit-frame-pointer) ;;
        tsan) flags=(-fsanitize=thread) ;;
        coverage) flags=(--coverage) ;;
    esac
    ${CC:-cc} -std=c11 -g -O1 "${flags[@]}" -D_GNU_SOURCE -I"$ROOT/src" -o "$WORK/ui_demo" \
        "$ROOT/tests/lib/ui_demo.c" "$dir/lib/ui.a" "$dir/lib/core.a" "$dir/lib/base.a" \
        -lncursesw -lcjson -lcrypto -lm -pthread
}

no_terminal() { ! tmux_run list-sessions; }

# ui COLUMNS ROWS [OPTION...]: a fresh dashboard in a fresh terminal.
ui() {
    local columns=$1 rows=$2
    shift 2
    term_stop
    wait_quietly 20 no_terminal || late "the last terminal does not end"
    term_start "$columns" "$rows" env ${UI_ENV-} "$WORK/ui_demo" "${DEMO[@]}" "$@"
}

screen_equals() { [ "$(term_text)" = "$(cat "$1")" ]; }

# screen_is FILE: until the whole screen is as in the file.
screen_is() {
    wait_quietly 10 screen_equals "$1" || {
        diff -u "$1" <(term_text) || true
        late "the screen is not $(basename "$1")"
    }
}

# A dialog ignores its first 300 ms; what answers it comes after.
answer() {
    sleep 0.5
    term_keys "$@"
}

ui_pid() { pgrep -P "$(tmux_run display-message -p -t test '#{pane_pid}')" ui_demo; }

# The dashboard has ended with this code and these words, the terminal is as it was.
ui_left() {
    term_wait "exit code $1"
    term_wait "ended: $2"
    term_restored
}
