# Faults on purpose: proxies that misbehave (proxy.py), and PostgreSQL servers of the test's own that
# may be stopped and started. For scripts that begin with
# `. "$(dirname "$0")/../lib/e2e.sh"; . "$LIB/fault.sh"`.
# shellcheck shell=bash

# --- proxies ----------------------------------------------------------------------------------

declare -A proxy_port=() proxy_control=()

# proxy NAME UPSTREAM [JSON SETTINGS]: starts one before host:port or a unix socket; its port is
# ${proxy_port[NAME]}.
proxy() {
    python3 "$LIB/proxy.py" serve "$2" "${3:-"{}"}" >"proxy-$1.ports" 2>"proxy-$1.log" </dev/null &
    pid[proxy-$1]=$!
    wait_for "proxy $1 to listen" 30 test -s "proxy-$1.ports"
    read -r "proxy_port[$1]" "proxy_control[$1]" <"proxy-$1.ports"
}
proxy_set() { python3 "$LIB/proxy.py" set "${proxy_control[$1]}" "$2"; }
proxy_stat() { python3 "$LIB/proxy.py" stat "${proxy_control[$1]}" "$2"; }

# proxied_url NAME: DATABASE_URL as it leads through that proxy.
proxied_url() {
    local name=${DATABASE_URL#*:///}
    printf 'postgresql://postgres@127.0.0.1:%s/%s' "${proxy_port[$1]}" "${name%%\?*}"
}

# --- servers of our own -----------------------------------------------------------------------

declare -A server_root=()
SERVER_FIRST=${PG_ROOT-}

# server NAME [CONFIGURATION LINE...]: a PostgreSQL beside the tests' one, with fsync on. From now on
# sql, migrated_db and the like use it.
server() {
    local name=$1
    shift
    server_folder "$name"
    pg_init "${server_root[$name]}" "fsync = on" "$@"
    server_use "$name"
    server_start "$name"
}
# The folder alone: its owner may go into it.
server_folder() {
    server_root[$1]=$(mktemp -d "${TMPDIR:-/tmp}/postroom-own.XXXXXX")
    [ "$(id -u)" != 0 ] || chown postgres "${server_root[$1]}"
    chmod 755 "${server_root[$1]}"
}
server_use() {
    PG_ROOT=${server_root[$1]}
    export PG_ROOT
}
server_start() { pg_run "${server_root[$1]}" -w -t 60 start >/dev/null; }
server_stop() { pg_run "${server_root[$1]}" -m "${2:-immediate}" -w stop >/dev/null; } # NAME [MODE]
server_socket() { # [NAME]
    local root=$PG_ROOT
    [ $# = 0 ] || root=${server_root[$1]}
    printf '%s/.s.PGSQL.5432' "$root"
}

# idle_slot NAME: a replication slot of the server whose standby had a long query, and then went away.
idle_slot() {
    local root data report
    server_folder standby
    root=${server_root[standby]} data=${server_root[standby]}/data
    pg_as "$(pg_bin)/pg_basebackup" -h "$PG_ROOT" -U postgres -D "$data" -c fast -X stream -R -C -S "$1"
    printf '%s\n' "unix_socket_directories = '$root'" "hot_standby_feedback = on" "wal_receiver_status_interval = 1s" |
        pg_as tee -a "$data/postgresql.conf" >/dev/null
    server_start standby
    psql -Xq "host=$root user=postgres dbname=postgres" -c "BEGIN ISOLATION LEVEL REPEATABLE READ" \
        -c "SELECT txid_current_snapshot()" -c "SELECT pg_sleep(600)" >/dev/null 2>&1 &
    report=$!
    wait_for "the standby to hold its server back" 30 eval \
        '[ "$(pg_admin "SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL")" = 1 ]'
    server_stop standby
    wait "$report" || true
}

# Called by leave.
servers_remove() {
    local root
    for root in "${server_root[@]}"; do
        pg_run "$root" -m immediate -w stop >/dev/null 2>&1
        rm -rf "$root"
    done
    [ ${#server_root[@]} = 0 ] || export PG_ROOT=$SERVER_FIRST
}

# --- outcomes that cannot be written ----------------------------------------------------------

# hold, let_go: nothing can be counted as sent until it is let go, so no outcome can be written.
hold() {
    mkfifo lock
    psql -Xq "$DATABASE_URL" <lock >held 2>&1 &
    holder=$!
    exec 8>lock
    rm lock
    echo "BEGIN; LOCK TABLE postroom.usage IN SHARE MODE; SELECT 'locked';" >&8
    wait_for "the lock" 20 grep -q locked held
}
let_go() {
    exec 8>&-
    wait "$holder" || true
}

# --- what is measured -------------------------------------------------------------------------

effects() { sink_stat effects; }
more_effects() { [ "$(effects)" -gt "$1" ]; }

# sent_after MS [TIMEOUT]: seconds from that time to the next request the sink took, in $seconds.
sent_after() {
    seconds=""
    next_request() {
        seconds=$(python3 - "$1" <<'END'
import json, sys
since = int(sys.argv[1]) / 1000
for line in open("sink/requests.jsonl"):
    at = json.loads(line)["time"]
    if at > since:
        sys.exit(print("%.2f" % (at - since)))
END
        ) && [ -n "$seconds" ]
    }
    wait_for "the next request after $1" "${2:-30}" next_request "$1"
}

# worst NUMBER NUMBER: the greater one.
worst() { printf '%s\n' "$@" | sort -g | tail -n 1; }

# in_time WHAT SECONDS LIMIT: the limit holds as it is where nothing else uses the machine (USED, see check-fault);
# elsewhere it may stand still for a few seconds, and more is late.
in_time() {
    local limit=$(($3 * ${TEST_PATIENCE:-1}))
    [ -n "${USED-}" ] || limit=$((limit + 3))
    awk -v x="$2" -v limit="$limit" 'BEGIN { exit !(x <= limit) }' || late "$1: $2, more than $limit"
}

# log_count WORKER PATTERN: lines of its log.
log_count() { grep -cE -- "$2" "$1.log" || true; }
log_more() { [ "$(log_count "$1" "$2")" -gt "$3" ]; } # WORKER PATTERN NUMBER

# seconds_since MS
seconds_since() { awk -v a="$1" -v b="$(now_ms)" 'BEGIN { printf "%.2f", (b - a) / 1000 }'; }

# cpu_ticks WORKER: of its process so far, in hundredths of a second.
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/${pid[$1]}/stat"; }

# cpu_share WORKER TICKS MS: percent of a core since those ticks, taken at that time.
cpu_share() {
    awk -v t="$(($(cpu_ticks "$1") - $2))" -v ms="$(($(now_ms) - $3))" \
        -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", t * 100000 / hz / ms }'
}

# unspent: the end of every fault: nothing lost, nothing twice, no attempt used up, nothing stuck; which is a finding,
# not a matter of time.
unspent() { # [TIMEOUT [NUMBER OF ROWS]]
    local rows=${2:-$(sql "SELECT count(*) FROM email_messages")}
    is_sent() { [ "$(count sent)" = "$rows" ]; }
    wait_quietly "${1:-60}" is_sent || fail "only $(count sent) of $rows sent after ${1:-60}s"
    sink_agrees
    sql_is "attempts spent" 0 "SELECT coalesce(sum(retry_count), 0) FROM email_messages"
    requests_closed() { [ "$(sql "SELECT count(*) FROM postroom.requests")" = 0 ]; }
    wait_for "no request to be left open" 30 requests_closed
}
