#!/usr/bin/env bash
# prune deletes what is finished for long and nothing else, in batches, and only counts with --dry-run.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
old="now() - interval '100 days'" young="now() - interval '10 days'"

n=$(scaled 20000)
insert "$n" "status, sent_at, created_at" "'sent', $old, $old"
insert 10 "status, sent_at, created_at" "'sent', $young, $old"
insert 10 "status, updated_at, created_at" "'cancelled', $old, $old"
insert 10 "status, failed_at, created_at, error_code" "'failed', $old, $old, 'rejected:invalid_to'"
insert 10 "status, failed_at, created_at, error_code" "'failed', $old, $old, 'uncertain'"
insert 10 "status, failed_at, created_at, next_attempt_at" "'failed', $old, $old, now() + interval '1 hour'"
insert 10 "status, created_at" "'pending', $old"
insert 10 "status, created_at, lease_expires_at" "'processing', $old, now() + interval '1 hour'"
sql "INSERT INTO postroom.requests (id, lane, worker, members, hash, key, sender, batch)
     VALUES ('4ef9a417-02e9-4d39-ad75-3b1c2f7f2f10', 'resend', 'w', '{}', '', '', '', false)"
insert 10 "status, sent_at, created_at, request_id" "'sent', $old, $old, '4ef9a417-02e9-4d39-ad75-3b1c2f7f2f10'"

total() { sql "SELECT count(*) FROM email_messages"; }
before=$(total)
run postroom prune --older-than 90d --dry-run
is "exit of --dry-run" 0 "$code"
contains "its words" "${out//,/}" "^$((n + 20)) messages would be deleted; nothing was changed"
is "rows after --dry-run" "$before" "$(total)"

run postroom prune --older-than 90d
is "exit" 0 "$code"
contains "its words" "$out" "messages deleted"
is "rows after" 60 "$(total)"
is "old ones of each kind that stay" "failed|20
pending|10
processing|10
sent|20" "$(sql "SELECT status, count(*) FROM email_messages GROUP BY 1 ORDER BY 1")"
contains "the journal" "$(sql "SELECT what FROM postroom.journal")" "pruned"
run postroom prune --older-than 90d
is "exit with nothing to do" 0 "$code"
contains "its words" "$out" "^0 messages deleted"

for words in "" "--older-than" "--older-than soon" "--older-than 3h" "--older-than -5d"; do
    # shellcheck disable=SC2086 # words on purpose
    run postroom prune $words
    is "exit of prune $words" 2 "$code"
    contains "words of prune $words" "$err" "older-than"
done
