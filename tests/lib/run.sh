#!/usr/bin/env bash
# Runs tests and counts them. A word naming a flavour sets what the tests after it run with: the binary,
# how much they do and how patient they are. A test is a program: a tool (lint), a unit test, or an
# end-to-end script; 0 is passed. Its words go to a log, shown where it fails (TEST_SHOW=1: also while it
# goes on). Sanitized ones, which are slow and patient, and what stands behind the word `beside` go on
# beside each other, as many as there are processors; all others have the machine to themselves. Ends
# with "N passed, N failed". TEST_LIMIT: seconds a test may take. TEST_JOBS: as many at once.
# TEST_PATIENCE: how many times longer things may take than usual (on a machine with other work).
# A test that only ran out of time, or whose scene did not come about (exit 75, see late in e2e.sh), is
# no verdict: it is run once more at the end, alone, and then it counts. What a test found to be wrong
# is never asked for twice.
# usage: tests/lib/run.sh lint|release|asan|tsan|coverage [beside] TEST... [FLAVOUR|beside TEST...]...
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/pg.sh

BUILD=${BUILD:-build}
LOGS=$BUILD/log
mkdir -p "$LOGS"
flavour="" jobs=1 running=0 again="" patience=${TEST_PATIENCE:-1}
results=$(mktemp) || exit 2 # a line for each test: ok, FAIL or LATE, its flavour, its name and the test

flavour_is() {
    all_ended
    flavour=$1 jobs=1
    export TEST_SCALE=1 TEST_PATIENCE=$patience TEST_FLAVOUR=$1
    limit=400
    case "$1" in
        asan | tsan) TEST_SCALE=10 TEST_PATIENCE=$((4 * patience)) limit=600 jobs=$(nproc) POSTROOM=$BUILD/$1/postroom ;;
        coverage) TEST_PATIENCE=$((2 * patience)) limit=300 POSTROOM=$BUILD/$1/postroom ;;
        *) POSTROOM=$BUILD/postroom ;;
    esac
    limit=${TEST_LIMIT:-$((limit * patience))} jobs=${TEST_JOBS:-$jobs}
    export POSTROOM
    # The template was made by the binary of the flavour before.
    [ -z "${PG_ROOT-}" ] || pg_admin "DROP DATABASE IF EXISTS postroom_template" >/dev/null 2>&1
}

# The tests' PostgreSQL runs; one that died is replaced, so that only few tests suffer.
server_is_up() {
    [ -z "${PG_ROOT-}" ] || ! pg_admin "SELECT 1" >/dev/null 2>&1 || return 0
    [ -z "${PG_ROOT-}" ] || echo "the tests' PostgreSQL is gone; starting another"
    pg_stop
    pg_start && export PG_ROOT_SHARED=$PG_ROOT
}

# one TEST LABEL LOG: runs it and says in one go what became of it.
one() {
    local test=$1 label=$2 log=$3 start seconds code=0 shown="" verdict=ok
    start=$EPOCHREALTIME
    : >"$log"
    [ -z "${TEST_SHOW-}" ] || { tail -f "$log" & shown=$!; }
    timeout --kill-after=10 "$limit" "$test" >>"$log" 2>&1 </dev/null || code=$?
    [ -z "$shown" ] || { sleep 1 && kill "$shown"; }
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    [ "$code" != 124 ] || echo "stopped after ${limit}s" >>"$log"
    [ "$code" = 0 ] || verdict=FAIL
    case "$again$code" in 75 | 124) verdict=LATE ;; esac
    {
        printf '%-5s %-8s %-44s %6ss\n' "$verdict" "$flavour" "$label" "$seconds"
        if [ "$code" != 0 ]; then
            # The verdict first: the logs behind it may be long.
            grep -m 3 -h '^FAILED' "$log" | sed 's/^/      | /'
            sed 's/^/      | /' "$log" | tail -n "${TEST_LINES:-60}"
        fi
    } >"$log.said"
    cat "$log.said"
    rm -f "$log.said"
    echo "$verdict $flavour $label $test" >>"$results"
}

# begin TEST: as soon as there is room.
begin() {
    local label=$1
    label=${label#"$BUILD/"}
    label=${label#"$flavour/"}
    label=${label#tests/}
    label=${label%.sh}
    while [ "$running" -ge "$jobs" ]; do
        wait -n
        running=$((running - 1))
    done
    case "$1" in
        *.sh | */unit/db/* | */unit/worker/*) server_is_up || exit 1 ;;
    esac
    one "$1" "$label" "$LOGS/$flavour-${label//\//-}.log" &
    running=$((running + 1))
    [ "$jobs" -gt 1 ] || all_ended
}

all_ended() {
    wait
    running=0
}

leave() {
    pg_stop
    rm -f "$results"
}
trap leave EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
for word in "$@"; do
    case "$word" in
        lint | release | asan | tsan | coverage) flavour_is "$word" ;;
        beside)
            jobs=${TEST_JOBS:-$(nproc)} limit=$((limit * 2))
            TEST_PATIENCE=$((TEST_PATIENCE * 2))
            ;;
        *) begin "$word" ;;
    esac
done
all_ended
again=again
while read -r _ its_flavour _ test; do
    echo "once more, alone: $its_flavour $test"
    flavour_is "$its_flavour"
    jobs=1
    begin "$test"
done < <(grep '^LATE' "$results")
failed=$(grep -c '^FAIL' "$results")
sed -n 's/^FAIL \(.*\) .*/failed: \1/p' "$results"
echo "$(grep -c '^ok' "$results") passed, $failed failed"
[ "$failed" = 0 ]
