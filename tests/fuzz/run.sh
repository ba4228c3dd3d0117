#!/usr/bin/env bash
# Runs fuzz targets (BUILD/fuzz/target/<layer>/<name>) one after another from their corpora,
# tests/fuzz/corpus/<name>. smoke: FUZZ_SECONDS (60) each, on a copy of the corpus; an input that
# breaks one is kept in BUILD/fuzz/found and its path printed. replay: the corpora only, once.
# usage: tests/fuzz/run.sh [smoke|replay]      (replay where nothing is said)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
mode=${1:-replay}
case "$mode" in smoke | replay) ;; *) echo "usage: tests/fuzz/run.sh [smoke|replay]" >&2; exit 2 ;; esac

BUILD=${BUILD:-build}
found=$BUILD/fuzz/found
copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$found" "$BUILD/log"
passed=0 failed=0
export UBSAN_OPTIONS=print_stacktrace=1

# run NAME OPTION... : the target's words in $log, its exit code
run() {
    local target=$1
    shift
    "$target" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/$name-" \
        "$@" >"$log" 2>&1 </dev/null
}

stat() {
    sed -n "s/^stat::$1: *//p" "$log"
}

for source in tests/fuzz/*/*.c; do
    target=${source#tests/fuzz/}
    target=$BUILD/fuzz/target/${target%.c}
    name=${target##*/}
    corpus=tests/fuzz/corpus/$name
    log=$BUILD/log/fuzz-$name.log
    code=0
    if [ "$mode" = replay ]; then
        run "$target" -runs=0 "$corpus" || code=$?
    else
        cp -r "$corpus" "$copies/$name"
        run "$target" -max_total_time="${FUZZ_SECONDS:-60}" "$copies/$name" || code=$?
    fi
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        printf 'ok    %-10s %10s inputs %8s/s\n' "$name" "$(stat number_of_executed_units)" \
            "$(stat average_exec_per_sec)"
    else
        failed=$((failed + 1))
        printf 'FAIL  %-10s %s\n' "$name" "$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)"
        grep -vE '^(#[0-9]+|INFO|stat::)' "$log" | head -n 40 | sed 's/^/      | /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
