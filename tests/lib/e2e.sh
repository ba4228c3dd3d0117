# What every end-to-end test begins with: `. "$(dirname "$0")/../lib/e2e.sh"`.
#
# A test runs in a folder of its own ($WORK), with the binary $POSTROOM, against a private
# PostgreSQL (pg.sh) and the recording sink (sink.py). It ends at the first failure with the logs;
# whatever it tested, a sanitizer's report or a broken assertion in any log fails it.
# TEST_SCALE divides the amounts (scaled N), TEST_PATIENCE multiplies the limits.
# shellcheck shell=bash
set -euo pipefail

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$LIB/../.." && pwd)
POSTROOM=$(realpath "${POSTROOM:-$ROOT/build/postroom}")
# The same with fault points (src/base/fault.h); sanitized builds have them anyway.
FAULTY=$(dirname "$POSTROOM")/fault/postroom
[ -x "$FAULTY" ] || FAULTY=$POSTROOM
NAME=$(basename "$0" .sh)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/postroom-$NAME.XXXXXX")
cd "$WORK"

. "$LIB/wait.sh"
. "$LIB/pg.sh"
. "$LIB/term.sh"

unset "${!POSTROOM_@}" "${!RESEND_@}" "${!SENDGRID_@}" "${!SES_@}" "${!AWS_@}" "${!SMTP_@}" PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGOPTIONS PGSERVICE \
    DATABASE_URL LISTEN_DATABASE_URL NO_COLOR 2>/dev/null || true
export POSTROOM LC_ALL=C.UTF-8 TZ=UTC HOME=$WORK XDG_STATE_HOME=$WORK/state
export ASAN_OPTIONS="log_path=$WORK/sanitizer:detect_leaks=1:abort_on_error=0"
export UBSAN_OPTIONS="log_path=$WORK/sanitizer:print_stacktrace=1"
export TSAN_OPTIONS="log_path=$WORK/sanitizer:second_deadlock_stack=1"
[ ! -f "$LIB/tsan.supp" ] || TSAN_OPTIONS+=":suppressions=$LIB/tsan.supp"
[ -n "${PG_ROOT_SHARED-}" ] && export PG_ROOT=$PG_ROOT_SHARED

# --- saying what is wrong ---------------------------------------------------------------------

exec {fail_out}>&2 # also where what waits keeps still
fail() {
    echo "FAILED: $*" >&"$fail_out"
    exit 1
}

# Time ran out, or the scene that was to show something did not come about: run.sh tries it once more.
late() {
    echo "FAILED: $*" >&"$fail_out"
    exit 75
}

# is WHAT EXPECTED ACTUAL
is() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# within WHAT NUMBER LOW HIGH
within() {
    awk -v x="$2" -v low="$3" -v high="$4" 'BEGIN { exit !(x >= low && x <= high) }' ||
        fail "$1: $2 is not within $3 .. $4"
}

# contains WHAT TEXT PATTERN, lacks WHAT TEXT PATTERN (extended regular expressions)
contains() {
    grep -qE -- "$3" <<<"$2" || fail "$1: expected /$3/ in: $2"
}
lacks() {
    ! grep -qE -- "$3" <<<"$2" || fail "$1: /$3/ must not be in: $2"
}

# A time of day as postroom tells it, with its date where that is not today's.
# shellcheck disable=SC2034 # for the tests
CLOCK='([0-9]+ [A-Z][a-z]{2} )?[0-9]{2}:[0-9]{2}:[0-9]{2}'

# day_lasts SECONDS: what is counted by the day must not begin anew meanwhile; where midnight, UTC, is nearer than
# that by the database's clock, waits until it has passed.
day_lasts() {
    local left
    left=$(sql "SELECT ceil(86400 - extract(epoch FROM now())::numeric % 86400)")
    [ "$left" -le $(($1 * ${TEST_PATIENCE:-1})) ] || return 0
    echo "a new day begins in $left s: until then"
    sleep $((left + 1))
}

scaled() { echo $(($1 / ${TEST_SCALE:-1})); }

# --- postroom ---------------------------------------------------------------------------------

# run COMMAND...: keeps its exit code in $code and its words in $out and $err.
run() {
    code=0
    "$@" >run.out 2>run.err </dev/null || code=$?
    out=$(cat run.out) err=$(cat run.err)
}

postroom() { "$POSTROOM" "$@"; }

declare -A pid=()

# start NAME COMMAND...: in the background; its words go to NAME.log, its process is ${pid[NAME]}.
start() {
    local name=$1
    shift
    "$@" >>"$name.log" 2>&1 </dev/null &
    pid[$name]=$!
}

# worker NAME [OPTION...]: a daemon of that name, ready when the database has heard of it.
worker() {
    local name=$1
    shift
    POSTROOM_WORKER_NAME=$name start "$name" "$POSTROOM" run --no-ui "$@"
    wait_for "worker $name to be up" 20 worker_heard "$name"
}
worker_heard() {
    runs "${pid[$1]}" || fail "worker $1 ended: $(tail -n 5 "$1.log")"
    [ "$(sql "SELECT count(*) FROM postroom.workers WHERE name = '$1' AND pid = ${pid[$1]}
              AND state IN ('idle', 'sending')")" = 1 ]
}

# stop NAME [SIGNAL]: ends it and keeps its exit code in $code.
stop() {
    ! runs "${pid[$1]}" || kill -s "${2:-TERM}" "${pid[$1]}"
    ended "$1"
}

# ended NAME [TIMEOUT]: waits for its end and keeps its exit code in $code.
ended() {
    wait_quietly "${2:-60}" ended_already "${pid[$1]}" || late "$1 does not end"
    code=0
    wait "${pid[$1]}" || code=$?
    unset "pid[$1]"
}
# runs PID: is it a child of this test that has not ended? Numbers are soon used again by others.
runs() { grep -qx "$1" <<<"$(jobs -pr)"; }
ended_already() { ! runs "$1"; }
process_gone() {
    local state
    state=$(ps -o state= -p "$1" 2>/dev/null) || return 0
    [ "$state" = Z ]
}

# insert COUNT [EXTRA COLUMNS [THEIR VALUES]]: plain rows, a1@mail.example … (n is the number).
insert() {
    sql "INSERT INTO email_messages (to_email, subject, html ${2:+, $2})
         SELECT 'a' || n || '@mail.example', 'Message ' || n, '<p>Hello ' || n || '</p>' ${3:+, $3}
         FROM generate_series(1, $1) n"
}

all_sent() { # TIMEOUT [NUMBER]
    wait_sql "everything sent" "$1" "${2:-$(sql "SELECT count(*) FROM email_messages")}" \
        "SELECT count(*) FROM email_messages WHERE status = 'sent'"
}

# --- the sink ---------------------------------------------------------------------------------

# sink [JSON SETTINGS]: starts it and points postroom at it, with a rate that does not bind. For its
# SMTP (see smtp_sink) the python that has aiosmtpd runs it.
sink() {
    mkdir -p sink
    "${SINK_PYTHON:-python3}" "$LIB/sink.py" serve sink "${1:-"{}"}" >sink/port 2>sink.log </dev/null &
    pid[sink]=$!
    wait_for "the sink to listen" 10 test -s sink/port
    SINK_PORT=$(cat sink/port)
    export RESEND_BASE_URL=http://127.0.0.1:$SINK_PORT RESEND_API_KEY=re_canary_41c9d2e7
    export SENDGRID_BASE_URL=$RESEND_BASE_URL SENDGRID_API_KEY=SG.canary_8e0d1b53
    export AWS_ENDPOINT_URL_SESV2=$RESEND_BASE_URL AWS_REGION=eu-west-1
    export AWS_ACCESS_KEY_ID=AKIACANARY4B0E55 AWS_SECRET_ACCESS_KEY=canary/secret+7f21c0de
    export POSTROOM_FROM="Shop <hello@shop.example>" POSTROOM_RATE="${POSTROOM_RATE-1000}"
}
# smtp_sink [MEMBERS OF "smtp" [URL'S QUERY [OTHER SETTINGS]]]: a sink that takes mail by SMTP, too, from this
# user only.
smtp_sink() {
    for SINK_PYTHON in python3 /usr/bin/python3; do
        ! "$SINK_PYTHON" -c "import aiosmtpd" 2>/dev/null || break
    done
    sink "{\"smtp\": {\"user\": \"shop@mail\", \"password\": \"canary/p@ss:77\" ${1:+, $1}}${3:+, $3}}"
    wait_for "SMTP to be heard" 10 test -s sink/smtp_port
    SMTP_PORT=$(cat sink/smtp_port)
    export POSTROOM_PROVIDER=smtp SMTP_URL="smtp://shop%40mail:canary%2Fp%40ss%3A77@127.0.0.1:$SMTP_PORT${2-?tls=none}"
}
sink_stat() { python3 "$LIB/sink.py" stat "$SINK_PORT" "$1"; }
sink_set() { python3 "$LIB/sink.py" set "$SINK_PORT" "$1"; }

# sink_messages FIELD...: these fields of every message the sink took, one line each.
sink_messages() {
    python3 -c 'import json, sys
for line in open("sink/messages.jsonl"):
    row = json.loads(line)
    print(*(row[name] for name in sys.argv[1:]), sep="\t")' "$@"
}

# sink_agrees: table and sink tell the same story: every sent row went out exactly once, nothing
# else did, every call to Resend carried a key and every message its id.
sink_agrees() {
    sink_messages kind id key path >sink.seen
    awk -F '\t' '$1 == "effect" {print $2}' sink.seen | sort >sink.ids
    sql "SELECT id FROM email_messages WHERE status = 'sent'" | sort >table.ids
    is "messages the sink took twice" "" "$(uniq -d sink.ids | head -n 3)"
    is "sent rows the sink never saw" "" "$(comm -13 sink.ids table.ids | head -n 3)"
    is "messages at the sink that are not sent in the table" "" \
        "$(comm -23 sink.ids table.ids | head -n 3)"
    is "messages without a key" 0 "$(awk -F '\t' '$3 == "None" && $4 ~ /^\/emails/' sink.seen | wc -l)"
    sql_is "sent rows without provider id or time" 0 "SELECT count(*) FROM email_messages
        WHERE status = 'sent' AND (provider_message_id IS NULL OR sent_at IS NULL)"
}

# --- the end ----------------------------------------------------------------------------------

what_stands() {
    [ ! -s sink/requests.jsonl ] || tail -n 5 sink/requests.jsonl
    local query
    for query in \
        "SELECT status, error_code, count(*), min(next_attempt_at), min(lease_expires_at), count(request_id) FROM email_messages GROUP BY 1, 2" \
        "SELECT * FROM postroom.lanes" "SELECT * FROM postroom.requests WHERE state = 'open' LIMIT 5" \
        "SELECT name, state, in_flight, heard_at, now() FROM postroom.workers"; do
        psql -Xqx "$DATABASE_URL" -c "$query" 2>/dev/null
    done
}

leave() {
    local code=$? name logs
    set +e
    for name in $(jobs -pr); do kill -KILL "$name" 2>/dev/null; done
    wait 2>/dev/null
    term_stop
    shopt -s nullglob
    logs=(*.log sanitizer.*)
    if [ ${#logs[@]} -gt 0 ] && grep -lE 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion .* failed|invariant' "${logs[@]}"; then
        echo "FAILED: a sanitizer or an assertion spoke up" >&2
        cat sanitizer.* 2>/dev/null | head -n 150
        code=1
    fi
    if [ "$code" != 0 ]; then
        for name in "${logs[@]}"; do
            [ -s "$name" ] && printf -- '--- %s\n' "$name" && tail -n 25 "$name" | cut -c 1-300
        done
        [ ${#databases[@]} = 0 ] || what_stands
        [ -z "${PG_ROOT-}" ] || { grep -A 3 " t$$_" "$PG_ROOT/log" | sed '1i --- PostgreSQL' | tail -n 15; }
    fi
    if declare -F clean_up >/dev/null; then clean_up; fi # a test's own
    if declare -F servers_remove >/dev/null; then servers_remove; fi
    if [ -n "${PG_ROOT_SHARED-}" ]; then drop_databases; else pg_stop; fi
    cd /
    if [ -n "${KEEP-}" ]; then echo "kept: $WORK"; else rm -rf "$WORK"; fi
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

[ -n "${PG_ROOT-}" ] || pg_start
