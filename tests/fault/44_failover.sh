#!/usr/bin/env bash
# Two hosts, a primary and its hot standby. The primary dies while mail flows and the standby is
# promoted: workers find it whichever is listed first, never write to a standby, and send again
# within 10 s. Commands that only look are content with a standby.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
server one "recovery_init_sync_method = syncfs"
migrated_db
sink '{"latency_ms": 20}'

# The second as a copy of the first, which waits for it at each commit: none is lost.
server_folder two
pg_as "$(pg_bin)/pg_basebackup" -h "${server_root[one]}" -U postgres -D "${server_root[two]}/data" \
    -R -c fast --no-sync
printf '%s\n' "unix_socket_directories = '${server_root[two]}'" | pg_as tee -a "${server_root[two]}/data/postgresql.conf" >/dev/null
server_start two
pg_admin "ALTER SYSTEM SET synchronous_standby_names = '*'"
pg_admin "SELECT pg_reload_conf()" >/dev/null
in_step() { [ "$(pg_admin "SELECT sync_state FROM pg_stat_replication")" = sync ]; }
wait_for "the standby to be in step" 20 in_step

name=${DATABASE_URL#*:///}
name=${name%%\?*}
url() { printf 'postgresql:///%s?host=%s&user=postgres' "$name" "$1"; }
first=$(url "${server_root[one]},${server_root[two]}")
second=$(url "${server_root[two]},${server_root[one]}")
standby=$(url "${server_root[two]}")
export POSTROOM_LEASE=10s POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_BATCH_SIZE=5 POSTROOM_RATE=8

# A standby alone serves those who only look, and says what it is to the others.
run "$POSTROOM" status --database-url "$standby"
is "status on a standby" 0 "$code"
contains "status" "$out" "pending"
run "$POSTROOM" list --database-url "$second"
is "list, standby first" 0 "$code"
run "$POSTROOM" pause --database-url "$standby"
is "pause on a standby" 1 "$code"
contains "what pause says" "$err" "takes no writes.*standby"
run "$POSTROOM" pause --database-url "$second"
is "pause, standby first" 0 "$code"
run "$POSTROOM" resume --database-url "$first"
is "resume, primary first" 0 "$code"
run "$POSTROOM" run --once --database-url "$standby&target_session_attrs=read-write"
is "a standby where the address wants a primary" 1 "$code"
contains "what it says" "$err" "session is read-only"

worker a --database-url "$first"
worker b --database-url "$second"
insert "$(scaled 800)"
sent_after "$(now_ms)"
died=$(now_ms)
server_stop one immediate
server_use two
pg_admin "ALTER SYSTEM SET synchronous_standby_names = ''" && pg_admin "SELECT pg_reload_conf()" >/dev/null
wait_for "a to have noticed" 20 log_more a database_lost 0
echo "a noticed within $(seconds_since "$died") s"
pg_run "$PG_ROOT" -w promote >/dev/null
promoted=$(now_ms)
DATABASE_URL=$standby
sent_after "$promoted"
echo "sending again $seconds s after the promotion"
in_time "seconds until it sent again" "$seconds" 10
both_back() { log_more a database_back 0 && log_more b database_back 0; }
wait_for "both workers to be back" 20 both_back
both=$(seconds_since "$promoted")
echo "both are back within $both s"
in_time "seconds until both were back" "$both" 10
sql "UPDATE postroom.lanes SET rate = 500"
unspent 60
for name in a b; do
    stop "$name"
    is "exit of $name" 0 "$code"
done
