#!/usr/bin/env bash
# Through pgbouncer in transaction mode, with fewer sessions than there are clients: everything works,
# nothing is left behind in a session, LISTEN is not tried there, and pgbouncer may be paused and
# restarted.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
command -v pgbouncer >/dev/null || PATH=$PATH:/usr/sbin
empty_db
direct=$DATABASE_URL
database=${direct#*:///}
database=${database%%\?*}

server_folder pool # a folder that the server's user may write to
pool=${server_root[pool]}
printf '%s\n' "[databases]" "$database = host=$PG_ROOT user=postgres" "[pgbouncer]" \
    "unix_socket_dir = $pool" "listen_port = 6432" "auth_type = any" "admin_users = postgres" \
    "pool_mode = transaction" "default_pool_size = 5" "max_client_conn = 200" \
    "server_login_retry = 1" "pidfile = $pool/pid" "logfile = $pool/pgbouncer.log" >"$pool/ini"
bouncer() { pg_as pgbouncer -d "$pool/ini" 2>/dev/null; }
bouncer_says() { psql -XqAt "postgresql:///$1?host=$pool&port=6432&user=postgres" -c "$2"; }
bouncer_end() { kill -INT "$(cat "$pool/pid")" 2>/dev/null; }
bouncer_gone() { ! [ -e "$pool/pid" ]; }
clean_up() { bouncer_end; }
bouncer
through="postgresql:///$database?host=$pool&port=6432&user=postgres"
sink '{"latency_ms": 20}'
export POSTROOM_LEASE=20s POSTROOM_REQUEST_TIMEOUT=5s POSTROOM_BATCH_SIZE=5 POSTROOM_RATE=30
pace() { sql "UPDATE postroom.lanes SET rate = $1"; } # requests a second

# migrate, which keeps others out by a lock of its session where it has one
run "$POSTROOM" migrate --database-url "$through"
is "migrate ($err)" 0 "$code"
contains "migrate" "$out" "leads to a pooler"
contains "migrate" "$out" "done"
run "$POSTROOM" migrate --database-url "$through"
contains "migrate again" "$out" "nothing to do"

# doctor knows what stands between, and what mends it
run "$POSTROOM" doctor --database-url "$through"
contains "doctor through it" "$out" 'ok +a pooler that hands sessions around'
contains "doctor: LISTEN" "$out" 'note +LISTEN does not work through a pooler'
contains "doctor: what to do" "$out" '-> let LISTEN_DATABASE_URL name the server itself'
run "$POSTROOM" doctor --database-url "$through" --listen-database-url "$direct"
contains "doctor with a direct way" "$out" 'ok +LISTEN works'

# Four workers, two of which have a direct way for LISTEN.
worker a --database-url "$through" --poll-interval 1s
worker b --database-url "$through" --poll-interval 1s
worker c --database-url "$through" --listen-database-url "$direct" --poll-interval 600s
worker d --database-url "$through" --listen-database-url "$through" --poll-interval 1s
insert "$(scaled 500)"
all_sent 60
for name in a b d; do
    wait_for "$name to say that it polls" 10 log_more "$name" "listen: .*pooler" 0
done
contains "what b says" "$(cat b.log)" "DATABASE_URL leads to a pooler.*give the server's own address as LISTEN_DATABASE_URL"
contains "what d says" "$(cat d.log)" "LISTEN_DATABASE_URL leads to a pooler"
lacks "what c says" "$(cat c.log)" "listen:"

# Paused, nothing moves; resumed, all goes on.
pace 8
insert "$(scaled 500)" # for twelve seconds and more
sent_after "$(now_ms)"
bouncer_says pgbouncer PAUSE
sleep 3 # long enough for statements to hang
bouncer_says pgbouncer RESUME
resumed=$(now_ms)
sent_after "$resumed"
echo "sending again $seconds s after RESUME"
in_time "seconds until it sent again" "$seconds" 5
pace 500
all_sent 60

# Restarted in the middle.
pace 8
insert "$(scaled 500)"
sent_after "$(now_ms)"
bouncer_end
wait_for "pgbouncer to end" 10 bouncer_gone
bouncer
back=$(now_ms)
insert 100
sent_after $((back + 1000)) # what was stored before has gone out by then
echo "sending again 1 + $seconds s after a restart"
in_time "seconds until it sent again" "$seconds" 4
pace 500
unspent 60

# Commands, those that only look and those that change.
for name in a b d; do stop "$name"; done
begin=$(now_ms)
insert 1
sent_after "$begin"
echo "woken by NOTIFY beside the pooler after $seconds s"
in_time "seconds until it was woken" "$seconds" 3
unspent 20
stop c
sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, failed_at)
     SELECT 'x@mail.example', 'x', 'x', 'failed', 'timeout', now() FROM generate_series(1, 3)"
id=$(sql "SELECT id FROM email_messages WHERE status = 'failed' LIMIT 1")
echo note >note
export DATABASE_URL=$through
for words in "status" "status --json" "list --status failed" "show $id" "why $id" "retry $id" \
    "retry --failed" "pause" "resume" "trigger" "cancel --pending" \
    "send --to y@mail.example --subject y --text note"; do
    # shellcheck disable=SC2086 # words on purpose
    run "$POSTROOM" $words
    is "exit of $words ($err)" 0 "$code"
done
start watch "$POSTROOM" watch --read-only
start changing "$POSTROOM" watch
looks() { [ "$(wc -l <"$1.log")" -ge 1 ]; }
wait_for "a window" 10 looks watch
wait_for "another window" 10 looks changing
stop watch
stop changing
export DATABASE_URL=$direct

# No session carries anything on.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    bouncer_says "$database" "SELECT current_setting('default_transaction_read_only'),
        current_setting('lock_timeout'), pg_sleep(0.2)" >>sessions &
done
wait $(jobs -pr | grep -vx "${pid[sink]}")
is "settings left in a session" "off|0|" "$(sort -u sessions)"
sql_is "locks left in a session" 0 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
lacks "pgbouncer's log" "$(cat "$pool/pgbouncer.log")" "unsupported startup parameter|prepared statement"
