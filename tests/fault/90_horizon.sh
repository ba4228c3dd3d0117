#!/usr/bin/env bash
# Somebody forgets to end a transaction: dead rows stay in the table and its indexes. At steady load sending goes
# on as before, claims stay fast, and the worker names the culprit.
# HORIZON_SECONDS (20; make check-fault: 600) is how long the transaction stays open. HOLDER=slot: it was open on a
# standby that went away, and its replication slot remembers it.
unset PG_ROOT PG_ROOT_SHARED # a server of its own: its log tells how long each claim took
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
seconds=${HORIZON_SECONDS:-20} base=15
export POSTROOM_RATE=50 POSTROOM_BATCH_SIZE=10
sink
migrated_db
pg_admin "ALTER SYSTEM SET log_min_duration_statement = 0"
pg_admin "ALTER SYSTEM SET fsync = on"
pg_admin "SELECT pg_reload_conf()" >/dev/null

# 200 messages a second, twenty at a time, with a COMMIT each.
load() {
    yes "INSERT INTO email_messages (to_email, subject, html) SELECT 'a' || n || '@mail.example', 'Message', '<p>Hello</p>' FROM generate_series(1, 20) n; SELECT pg_sleep(0.097);" |
        psql -XqAt "$DATABASE_URL"
}
# claims FROM TO: number, p50 and p99 in ms of the claims between two times (ms since 1970), planning included.
claims() {
    python3 "$ROOT/tests/fault/claim_times.py" "$PG_ROOT/log" "$1" "$2"
}
sent_between() {
    sql "SELECT count(*) FROM email_messages WHERE status = 'sent'
         AND sent_at BETWEEN to_timestamp($1 / 1000.0) AND to_timestamp($2 / 1000.0)"
}
oldest() { sql "SELECT coalesce(round(extract(epoch FROM now() - min(created_at))::numeric, 1), 0) FROM email_messages WHERE status = 'pending'"; }
passed() { [ "$(now_ms)" -ge "$1" ]; }

start w "$POSTROOM" run --no-ui
start load load
flowing() { [ "$(count sent)" -gt 400 ]; }
wait_for "mail to flow" 30 flowing
from=$(now_ms)
wait_for "the base line" $((base + 10)) passed $((from + base * 1000))
to=$(now_ms)
read -r n base50 base99 <<<"$(claims "$from" "$to")"
base_sent=$(awk -v n="$(sent_between "$from" "$to")" -v ms=$((to - from)) 'BEGIN { print n * 1000 / ms }')
echo "base:   $n claims, p50 $base50 ms, p99 $base99 ms; $base_sent sent a second"

forget_session() {
    start forgetful psql -Xq "$DATABASE_URL" -c "BEGIN ISOLATION LEVEL REPEATABLE READ" -c "SELECT count(*) FROM email_messages" \
        -c "SELECT pg_sleep($((seconds + 600)))"
    wait_for "the horizon to be pinned" 10 pinned
}
pinned() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep\\($((seconds + 600))' AND backend_xmin IS NOT NULL")" = 1 ]; }
case "${HOLDER:-session}" in
    session)
        forget_session
        word="psql of .* has a transaction open since"
        ;;
    slot)
        idle_slot left_over
        word="nobody reads replication slot left_over any more"
        ;;
esac
begin=$(now_ms)
wait_for "the transaction to grow old" $((seconds + 10)) passed $((begin + seconds * 1000))
end=$(now_ms)
last=$((seconds > 60 ? 60 : seconds / 2)) # judged by its last part, where it is worst
from=$((end - last * 1000))
read -r n p50 p99 <<<"$(claims "$from" "$end")"
sent=$(awk -v n="$(sent_between "$from" "$end")" -v ms=$((end - from)) 'BEGIN { print n * 1000 / ms }')
dead=$(sql "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'email_messages'")
echo "pinned for ${seconds}s: $n claims, p50 $p50 ms, p99 $p99 ms; $sent sent a second; $dead dead rows; oldest waits $(oldest) s"

# What is due since long ago lies before the floor of the claims: it goes within the full look's interval.
id=$(sql "INSERT INTO email_messages (to_email, subject, html, created_at) VALUES ('old@mail.example', 'Old', 'x', now() - interval '1 day') RETURNING id")
wait_sql "mail that was due long ago" 12 sent "SELECT status FROM email_messages WHERE id = '$id'"

within "sent a second of the base line" "$(awk -v a="$sent" -v b="$base_sent" 'BEGIN { print a / b }')" 0.8 1.5
# 20 ms; on a machine that is busy with other things three times what it was before.
within "p99 of a claim, ms" "$p99" 0 "$(awk -v base="$base99" 'BEGIN { print (base * 3 > 20) ? base * 3 : 20 }')"
if [ "$seconds" -ge 300 ]; then
    contains "the word about it" "$(cat w.log)" "old_transaction: $word"
fi
pkill -P "${pid[load]}"
[ -z "${pid[forgetful]-}" ] || kill "${pid[forgetful]}"
loaded() { ended_already "${pid[load]}"; }
wait_for "the load to end" 10 loaded
none_pending() { [ "$(count pending)" = 0 ] && [ "$(count processing)" = 0 ]; }
wait_for "the rest to be sent" 60 none_pending
sink_agrees
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
stop w
is "exit" 0 "$code"
