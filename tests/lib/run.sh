#!/usr/bin/env bash
# Runs tests one after another and counts them. A word naming a flavour sets what the tests after
# it run with: the binary, how much they do and how patient they are. A test is a program: a
# tool (lint), a unit test, or an end-to-end script; 0 is passed. Its words go to a log, shown where
# it fails (TEST_SHOW=1: also while it goes on). Ends with "N passed, N failed". TEST_LIMIT: seconds
# a test may take.
# usage: tests/lib/run.sh lint|release|asan|tsan|coverage TEST... [FLAVOUR TEST...]...
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/pg.sh

BUILD=${BUILD:-build}
LOGS=$BUILD/log
mkdir -p "$LOGS"
passed=0 failed=0 flavour="" failures=()

flavour_is() {
    flavour=$1
    export TEST_SCALE=1 TEST_PATIENCE=1 TEST_FLAVOUR=$1
    limit=300
    case "$1" in
        asan | tsan) TEST_SCALE=10 TEST_PATIENCE=4 limit=400 POSTROOM=$BUILD/$1/postroom ;;
        coverage) TEST_PATIENCE=2 limit=300 POSTROOM=$BUILD/$1/postroom ;;
        *) POSTROOM=$BUILD/postroom ;;
    esac
    limit=${TEST_LIMIT:-$limit}
    export POSTROOM
    # The template was made by the binary of the flavour before.
    [ -z "${PG_ROOT-}" ] || pg_admin "DROP DATABASE IF EXISTS postroom_template" >/dev/null 2>&1
}

# The tests' PostgreSQL runs; one that died is replaced, so that only one test suffers.
server_is_up() {
    [ -z "${PG_ROOT-}" ] || ! pg_admin "SELECT 1" >/dev/null 2>&1 || return 0
    [ -z "${PG_ROOT-}" ] || echo "the tests' PostgreSQL is gone; starting another"
    pg_stop
    pg_start && export PG_ROOT_SHARED=$PG_ROOT
}

one() {
    local test=$1 label=$1 log start seconds code=0 shown=""
    label=${label#"$BUILD/"}
    label=${label#"$flavour/"}
    label=${label#tests/}
    label=${label%.sh}
    log=$LOGS/$flavour-${label//\//-}.log
    case "$test" in
        *.sh | */unit/db/* | */unit/worker/*)
            server_is_up || exit 1
            ;;
    esac
    start=$EPOCHREALTIME
    : >"$log"
    [ -z "${TEST_SHOW-}" ] || { tail -f "$log" & shown=$!; }
    timeout --kill-after=10 "$limit" "$test" >>"$log" 2>&1 </dev/null || code=$?
    [ -z "$shown" ] || { sleep 1 && kill "$shown"; }
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        printf 'ok    %-8s %-44s %6ss\n' "$flavour" "$label" "$seconds"
    else
        failed=$((failed + 1))
        failures+=("$flavour $label")
        [ "$code" != 124 ] || echo "stopped after ${limit}s" >>"$log"
        printf 'FAIL  %-8s %-44s %6ss\n' "$flavour" "$label" "$seconds"
        # The verdict first: the logs behind it may be long.
        grep -m 3 -h '^FAILED' "$log" | sed 's/^/      | /'
        sed 's/^/      | /' "$log" | tail -n "${TEST_LINES:-60}"
    fi
}

trap pg_stop EXIT
trap 'exit 130' INT TERM
for word in "$@"; do
    case "$word" in
        lint | release | asan | tsan | coverage) flavour_is "$word" ;;
        *) one "$word" ;;
    esac
done
[ "$failed" = 0 ] || printf 'failed: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
