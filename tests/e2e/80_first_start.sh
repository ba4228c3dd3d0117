#!/usr/bin/env bash
# A table whose statistics were taken before anything was ever claimed: outcomes are written row by
# row through the index all the same, never by reading the whole table for them.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
n=6000
sql "ALTER TABLE email_messages SET (autovacuum_enabled = off)" # it would take them anew in the middle
insert $n
sql "ANALYZE email_messages"
run timeout "$((120 * ${TEST_PATIENCE:-1}))" "$POSTROOM" run --once
is "exit of run --once" 0 "$code"
sql_is "sent" $n "SELECT count(*) FROM email_messages WHERE status = 'sent'"

# Statistics are flushed when a backend has been idle for a second, or ends.
told() { [ "$(sql "SELECT idx_tup_read >= $n FROM pg_stat_user_indexes WHERE indexrelname = 'email_messages_pkey'")" = t ]; }
wait_for "statistics of the index" 20 told
read=$(sql "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'email_messages_pkey'")
echo "$read rows were read by id"
within "rows read by id" "$read" $n $((3 * n))
