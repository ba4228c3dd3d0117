#!/usr/bin/env bash
# Bulk actions tell the truth: what somebody else holds is counted as taken, what arrives afterwards
# is not touched, two windows' answers add up, and undo takes back what no worker has.
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
export POSTROOM_OPERATOR=anna
answer() { # a dialog ignores its first 300 ms
    sleep 0.5
    term_keys "$@"
}
failed() { # NUMBER PREFIX
    sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message,
            retry_count, failed_at)
         SELECT '$2' || n || '@x.example', 'Mail', 'x', 'failed', 'refused', '422 refused: no', 1, now()
         FROM generate_series(1, $1) n"
}
failed 388 a

term_start 80 24 "$POSTROOM" watch
term_wait '^> 422 refused: no +388 '

# Three are being changed by somebody else, ten come after the question was put.
term_keys r
term_wait '3  this error +388 messages'
answer 3
term_wait 'Type 388 and press Enter'
failed 10 late
mkfifo hold
psql -Xq "$DATABASE_URL" <hold >holder.out 2>&1 &
exec 9>hold
echo "BEGIN; SELECT 'held ' || count(*) FROM (SELECT 1 FROM email_messages WHERE to_email LIKE 'a%' LIMIT 3 FOR UPDATE) x;" >&9
wait_for "three rows to be held" 10 grep -q 'held 3' holder.out
answer 3 8 8 Enter
term_wait '^ retry: 388 asked, 385 queued, 3 already taken$'
echo 'COMMIT;' >&9
exec 9>&-
sql_is "those that came later" 10 "SELECT count(*) FROM email_messages WHERE status = 'failed' AND to_email LIKE 'late%'"
sql_is "those that were held" 3 "SELECT count(*) FROM email_messages WHERE status = 'failed' AND to_email LIKE 'a%'"
sql_is "the journal" "anna|385|refused" "SELECT who, messages, filter ->> 'error_code' FROM postroom.journal WHERE what LIKE 'retried 385 of 388, error refused, failed until %'"

# Another window of another operator takes some of them; undo counts those as taken.
sql "UPDATE email_messages SET status = 'sent', sent_at = now() WHERE id IN
     (SELECT id FROM email_messages WHERE status = 'pending' LIMIT 5)"
term_keys u
term_wait '^ undo: 385 asked, 380 put back, 5 already taken$'

# The command line asks for the same while a window's question stands: the answers add up.
term_wait '^> 422 refused: no .* 393 '
term_keys r
term_wait '3  this error +393 messages'
answer 3
term_wait 'Type 393 and press Enter'
run "$POSTROOM" retry --failed --to late
contains "the command line's answer" "$out$err" '10 queued|10'
answer 3 9 3 Enter
term_wait '^ retry: 383 asked, 383 queued$|^ retry: 393 asked, 383 queued, 10 already taken$'
sql_is "all are queued" 393 "SELECT count(*) FROM email_messages WHERE status = 'pending'"

# In batches, with progress, however many there are.
failed "$(scaled 6000)" many
term_wait '^> 422 refused: no +[1-6],?000'
many=$(sql "SELECT count(*) FROM email_messages WHERE status = 'failed'")
term_keys r
term_wait '5  all failed +[0-9,]+ messages'
answer 5
term_wait "Type $many and press Enter"
answer -l "$many"
term_keys Enter
term_wait "^ retry: $(printf "%'d" "$many") asked|^ retry: [0-9,]+ asked, [0-9,]+ queued"
wait_sql "everything queued" 20 0 "SELECT count(*) FROM email_messages WHERE status = 'failed'"
term_keys u
term_wait '^ undo: [0-9,]+ asked, [0-9,]+ put back$' 30
sql_is "all of them are back" "$many" "SELECT count(*) FROM email_messages WHERE status = 'failed'"
