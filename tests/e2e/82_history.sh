#!/usr/bin/env bash
# A worker lets its old history go, in steps, and nothing that is younger; messages stay.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
old="now() - interval '100 days'"
insert 10 "status, sent_at, created_at" "'sent', $old, $old"
for t in "$old" "now() - interval '80 days'"; do
    sql "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, at)
         SELECT 'm' || n, 'sent', 1, 'w', $t FROM generate_series(1, 5000) n"
    sql "INSERT INTO postroom.journal (who, what, at) VALUES ('w', 'started', $t)"
    sql "INSERT INTO postroom.minutes SELECT date_trunc('minute', $t) - n * interval '1 min', 'w', 1, 0
         FROM generate_series(1, 3000) n"
    sql "INSERT INTO postroom.minute_errors VALUES (date_trunc('minute', $t), 'w', 'timeout', 1)"
    sql "INSERT INTO postroom.waiting VALUES (date_trunc('minute', $t), 5)"
done
sql "INSERT INTO postroom.usage VALUES ('resend', current_date - 401, 'w', 7), ('resend', current_date - 399, 'w', 7)"

worker w
older() { sql "SELECT (SELECT count(*) FROM postroom.attempts WHERE at < now() - interval '90 days')
    + (SELECT count(*) FROM postroom.journal WHERE at < now() - interval '90 days')
    + (SELECT count(*) FROM postroom.minutes WHERE minute < now() - interval '90 days')
    + (SELECT count(*) FROM postroom.minute_errors WHERE minute < now() - interval '90 days')
    + (SELECT count(*) FROM postroom.waiting WHERE minute < now() - interval '90 days')"; }
none_older() { [ "$(older)" = 0 ]; }
wait_for "old history to go" 30 none_older
stop w
is "exit" 0 "$code"
sql_is "younger attempts" 5000 "SELECT count(*) FROM postroom.attempts"
sql_is "younger minutes" 3000 "SELECT count(*) FROM postroom.minutes"
sql_is "younger errors and samples" "1|1" "SELECT (SELECT count(*) FROM postroom.minute_errors), (SELECT count(*) FROM postroom.waiting)"
sql_is "days of usage" 1 "SELECT count(*) FROM postroom.usage"
sql_is "messages" 10 "SELECT count(*) FROM email_messages"
lacks "trouble" "$(cat w.log)" "history"

run postroom run --once --history 1d
is "exit with too short a history" 2 "$code"
contains "what is allowed" "$err" "history"
