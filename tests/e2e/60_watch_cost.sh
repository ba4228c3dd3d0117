#!/usr/bin/env bash
# What windows cost the database: no statement of theirs reads through the table, a table with many
# more rows costs no more, and at rest a window makes two statements a second.
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
database=$(sql "SELECT current_database()")
for setting in session_preload_libraries=auto_explain auto_explain.log_min_duration=0 auto_explain.log_analyze=on \
    auto_explain.log_buffers=on auto_explain.log_timing=off "log_statement='all'"; do
    pg_admin "ALTER DATABASE $database SET ${setting/=/ = }"
done

# What waits and failed: 6,000 rows of each kind that is counted.
sql "INSERT INTO email_messages (to_email, subject, status, error_code, failed_at, next_attempt_at, scheduled_at)
     SELECT 'a@mail.example', 'x', (ARRAY['pending', 'pending', 'failed', 'failed', 'cancelled'])[1 + n % 5],
         CASE WHEN n % 5 IN (2, 3) THEN 'e' || n % 7 END, now() - n * interval '1 s',
         CASE WHEN n % 5 = 3 THEN now() + interval '1 day' END, CASE WHEN n % 5 = 1 THEN now() + interval '1 day' END
     FROM generate_series(1, 30000) n" >/dev/null

# Each window says what it sees, without a terminal.
window() { start "$1" env POSTROOM_OPERATOR="$1" "$POSTROOM" watch; }
logged() { tail -n "+$mark" "$PG_ROOT/log"; }
mark_log() { mark=$(($(wc -l <"$PG_ROOT/log") + 1)); }
folds() { logged | grep -c 'INSERT INTO postroom.published'; }
many_folds() { [ "$(folds)" -ge 4 ]; }

# pages: what the last of several folds read.
pages() {
    mark_log
    window counted
    wait_for "four folds" 30 many_folds
    stop counted
    logged | awk '/duration:/ { fold = 0 } /INSERT INTO postroom.published/ { fold = 1 }
        fold && match($0, /Buffers: .*hit=[0-9]+/) { n = substr($0, RSTART, RLENGTH); sub(/.*hit=/, "", n); print n; fold = 0 }' | tail -n 1
}
start_mark=$(($(wc -l <"$PG_ROOT/log") + 1))
before=$(pages)
sql "INSERT INTO email_messages (to_email, subject, status, sent_at) SELECT 'a@mail.example', 'x', 'sent', now()
     FROM generate_series(1, 200000)" >/dev/null
after=$(pages)
sql "VACUUM ANALYZE email_messages"
rested=$(pages)
echo "a fold reads $before pages; with 200,000 sent messages more $after, vacuumed $rested"
within "pages a fold reads" "$before" 100 40000
within "with many more rows" "$after" 0 "$((before + before / 10 + 200))"
within "once they are vacuumed" "$rested" 0 "$((before + before / 10 + 200))"

# Two windows and a read-only one: one folds, the others read.
for name in anna bob; do
    window $name
    wait_sql "$name to be here" 20 1 "SELECT count(*) FROM postroom.operators WHERE name = '$name'"
done
start reader "$POSTROOM" watch --read-only
wait_for "the reader to say something" 20 test -s reader.log
wait_sql "three connections" 20 3 "SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND pid <> pg_backend_pid()"
mark_log
began=$(now_ms)
sleep 10
logged >rest.log
seconds=$((($(now_ms) - began + 500) / 1000))
# asked PATTERN: how many plans begin so.
asked() { grep -cE "^"$'\t'"$1" rest.log || true; }
reads=$(asked '[A-Z][a-z]+ Scan on published')
folds=$(asked 'Insert on published p')
everything=$(awk -v database="$database" '$5 == database && /duration:/' rest.log | wc -l)
# of_one: the statements of the window that makes most.
of_one() { awk -v database="$database" '$5 == database && / LOG:  (statement|execute)/ { n[$4]++ }
    END { for (window in n) if (n[window] > most) most = n[window]; print most + 0 }' rest.log; }
most=$(of_one)
echo "three windows in ${seconds}s: $reads reads of the published row, $folds folds, $everything plans, $most statements of one"
within "reads of the published row" "$reads" 2 "$((3 * seconds + 3))"
within "folds" "$folds" 1 "$((seconds + 3))"
# Reading and looking for outcomes, also in the read-only one; folding has settings of its own; now and then
# a sign of life.
within "statements of a window" "$most" 2 "$((2 * seconds + 4))"
within "all plans" "$everything" 4 "$((3 * 2 * seconds + folds + 12))"
for name in anna bob reader; do stop $name; done

mark=$start_mark
lacks "nothing reads through the table" "$(logged | grep -v 'COPY')" 'Seq Scan on (public\.)?email_messages'
