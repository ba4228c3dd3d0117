#!/usr/bin/env bash
# Neither sending nor status ever scans the table, however much of it is old.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
sql "INSERT INTO email_messages (to_email, subject, html, status, sent_at, created_at)
     SELECT 'a@mail.example', 'x', 'x', 'sent', now(), now() - interval '1 day' FROM generate_series(1, 50000)"
insert 500
sql "ANALYZE email_messages" # autovacuum's work in the long run

# A backend has told its statistics when it is gone.
alone() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'")" = 1 ]; }
scans() {
    wait_quietly 30 alone || fail "a backend does not end"
    sql "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'email_messages'"
}
before=$(scans)
run postroom run --once
is "exit of run --once" 0 "$code"
postroom status >/dev/null
postroom list --limit 5 >/dev/null
is "scans of the table" "$before" "$(scans)"
is "effects" 500 "$(sink_stat effects)"
