# Waiting for facts, never for time. TEST_PATIENCE stretches every limit (sanitizers, valgrind).
# shellcheck shell=bash

now_ms() {
    local t=$EPOCHREALTIME
    t=${t/./}
    printf '%s' "$((t / 1000))"
}

# wait_quietly TIMEOUT COMMAND...: until the command succeeds; false when the time is up.
wait_quietly() {
    local end=$(($(now_ms) + $1 * 1000 * ${TEST_PATIENCE:-1}))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# wait_for WHAT TIMEOUT COMMAND...: the same; ends the test with WHAT.
wait_for() {
    local what=$1 timeout=$2
    shift 2
    wait_quietly "$timeout" "$@" || late "waited ${timeout}s for: $what"
}
