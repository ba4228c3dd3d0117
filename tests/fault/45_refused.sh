#!/usr/bin/env bash
# The database is there and refuses: read-only, disk full, permission revoked, a lock or a statement
# timed out, too many connections, another password. Nothing is sent that is not stored, no attempt
# is spent, the worker waits longer and longer (never over 5 s), keeps its log short, says when it
# is over, and outcomes that could not be written are written then.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
HOLD=${HOLD:-2} # seconds that each refusal lasts once it was noticed
server_folder own
mkdir full && disk_is_real=false
clean_up() { ! $disk_is_real || umount -l "$WORK/full" 2>/dev/null; }
pg_init "${server_root[own]}" "fsync = on"
printf 'local all mailer scram-sha-256\n' | cat - "${server_root[own]}/data/pg_hba.conf" >hba
pg_as tee "${server_root[own]}/data/pg_hba.conf" <hba >/dev/null
server_use own
server_start own
migrated_db
sink '{"latency_ms": 20}'
sql "CREATE ROLE mailer LOGIN PASSWORD 'first';
     GRANT USAGE ON SCHEMA postroom TO mailer;
     GRANT ALL ON ALL TABLES IN SCHEMA public, postroom TO mailer"
export POSTROOM_LEASE=30s POSTROOM_REQUEST_TIMEOUT=5s POSTROOM_BATCH_SIZE=5
worker w --database-url "${DATABASE_URL%user=*}user=mailer&password=first"
export PGOPTIONS="-c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off"

setting() { # NAME VALUE: of the whole server, at once
    pg_admin "ALTER SYSTEM SET $1 = '$2'" && pg_admin "SELECT pg_reload_conf()" >/dev/null
}
leave_all() {
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mailer'" >/dev/null
}
lines() { log_count w " WARN "; }

# while_it_refuses WHAT LOG-PATTERN BREAK MEND [may-send]
while_it_refuses() {
    local what=$1 pattern=$2 break=$3 mend=$4 before told back begin ticks
    back=$(log_count w database_back)
    told=$(log_count w "$pattern")
    before=$(effects)
    $break
    insert 10
    wait_for "w to say: $what" 20 log_more w "$pattern" "$told"
    told=$(lines) begin=$(now_ms) ticks=$(cpu_ticks w)
    [ -n "${5-}" ] || before=$(effects)
    sleep "$HOLD" # what is looked at is how it spends this time
    share=$(cpu_share w "$ticks" "$begin")
    within "percent of a core while: $what" "$share" 0 10
    within "lines of the log while: $what" $(($(lines) - told)) 0 $((2 + HOLD / 10))
    [ -n "${5-}" ] || is "sent while: $what" "$before" "$(effects)"
    [ -n "${5-}" ] || back=$(log_count w database_back) # what may send at times may also be well at times
    begin=$(now_ms)
    $mend
    [ -n "${5-}" ] || sent_after "$begin"
    all_sent 20
    [ -z "${5-}" ] || seconds=$(seconds_since "$begin")
    wait_for "w to say that it is over: $what" 20 log_more w database_back "$back"
    echo "$what: $share % of a core, sending again after $seconds s"
    within "seconds until it sent again after: $what" "$seconds" 0 "$((5 * ${TEST_PATIENCE:-1}))"
}

read_only() { setting default_transaction_read_only on; }
read_write() { setting default_transaction_read_only off; }
while_it_refuses "read-only" "takes no writes" read_only read_write

revoke() { sql "REVOKE UPDATE ON email_messages FROM mailer"; }
grant() { sql "GRANT UPDATE ON email_messages TO mailer"; }
while_it_refuses "no permission" "permission denied" revoke grant

# A full disk: a file system of a few pages where that may be had, else a server that says so.
fill_disk() {
    if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs full 2>/dev/null; then
        disk_is_real=true
        chown postgres full
        chmod 755 "$WORK"
        mkdir full/space && chown postgres full/space
        sql "CREATE TABLESPACE full_one LOCATION '$WORK/full/space'"
        sql "ALTER TABLE postroom.requests SET TABLESPACE full_one"
        dd if=/dev/zero of=full/rest bs=1k 2>/dev/null || true
        sql "INSERT INTO postroom.requests (id, lane, worker, state, members, hash, key, sender, batch)
             SELECT gen_random_uuid(), 'none', '', 'closed', '{}', '', '', '', false
             FROM generate_series(1, 500)" 2>/dev/null || true
    else
        sql "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             \$\$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END\$\$;
             CREATE TRIGGER refuse BEFORE INSERT ON postroom.requests EXECUTE FUNCTION refuse()"
    fi
}
free_disk() {
    if $disk_is_real; then
        rm full/rest
    else
        sql "DROP TRIGGER refuse ON postroom.requests"
    fi
}
while_it_refuses "disk full" "No space left on device" fill_disk free_disk
$disk_is_real && echo "(a real one)" || echo "(played by a trigger: this user may not mount)"
if $disk_is_real; then
    sql "ALTER TABLE postroom.requests SET TABLESPACE pg_default"
    sql "DROP TABLESPACE full_one"
    umount full
fi

lock() {
    setting lock_timeout 20ms
    psql -Xq "$DATABASE_URL" -c "BEGIN; LOCK postroom.requests IN EXCLUSIVE MODE; SELECT pg_sleep(60)" >/dev/null 2>&1 &
    locker=$!
}
unlock() {
    sql "SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE mode = 'ExclusiveLock' AND relation = 'postroom.requests'::regclass" >/dev/null
    wait "$locker" 2>/dev/null || true
    setting lock_timeout 0
}
while_it_refuses "lock timeout" "lock timeout" lock unlock

few_connections() { sql "ALTER ROLE mailer CONNECTION LIMIT 0" && leave_all; }
enough_connections() { sql "ALTER ROLE mailer CONNECTION LIMIT -1"; }
while_it_refuses "too many connections" "too many connections" few_connections enough_connections

other_password() { sql "ALTER ROLE mailer PASSWORD 'other'" && leave_all; }
right_password() { sql "ALTER ROLE mailer PASSWORD 'first'"; }
while_it_refuses "wrong password" "password authentication failed" other_password right_password

hurry() { setting statement_timeout 1ms; }
no_hurry() { setting statement_timeout 0; }
while_it_refuses "statement timeout" "statement timeout" hurry no_hurry may-send

# Answers that come while nothing can be written wait in memory, and are written when it can.
sink_set '{"latency_ms": 1000}'
insert 20
sent_after "$(now_ms)"
revoke
wait_for "w to say so" 20 log_more w "permission denied" 1
sleep "$HOLD"
[ "$(count processing)" -gt 0 ] || fail "nothing was in flight when it began to refuse"
grant
unspent 30
is "replays" 0 "$(sink_stat replays)"
stop w
is "exit" 0 "$code"
