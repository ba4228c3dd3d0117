#!/usr/bin/env bash
# Lists, one message, workers and journal over a real table; retry, cancel and undo from them, with
# the journal saying what was done.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_WORKER_NAME=mail01 POSTROOM_OPERATOR=anna
answer() { # a dialog ignores its first 300 ms
    sleep 0.5
    term_keys "$@"
}
failed() { # NUMBER CODE TEXT AGE [NEXT]
    sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message,
            retry_count, created_at, failed_at, next_attempt_at)
         SELECT 'c' || n || '@$2.example', 'Mail ' || n || ' of $2', '<p>Dear ' || n || '</p>',
            'failed', '$2', '$3', 1, now() - interval '1 day',
            now() - interval '$4' - n * interval '1 s', ${5-NULL}
         FROM generate_series(1, $1) n"
}

# No worker: what is queued stays so.
failed 250 refused '422 refused: no' '5 min'
failed 7 timeout 'timeout: no answer' '3 min' "now() + interval '1 hour'"
failed 2 uncertain 'uncertain: maybe sent, the answer was lost' '4 min'
insert 30 'priority, created_at' "n % 10, now() - n * interval '1 min'"
sql "INSERT INTO email_messages (to_email, subject, html, scheduled_at)
     SELECT 's' || n || '@later.example', 'later', 'x', now() + n * interval '1 hour' FROM generate_series(1, 3) n"

# --- looking ---------------------------------------------------------------------------------
term_start 80 24 "$POSTROOM" watch
term_wait '^> 422 refused: no +250 '
term_keys Enter
term_wait '^─ Failed: 259 in 3 errors ─.*─ filter: none ─.*─ sort: count ─$'
term_wait '^- +250 .*422 refused: no'
term_wait '^> +[0-9a-f]{4}…[0-9a-f]{4}  ([0-9:]+|[0-9]+ [A-Z][a-z]{2} *)  attempt 1 of 5  c1@refused\.example'

# Pages by key, however far down; a key that comes while a page is fetched is not kept.
turned() {
    term_keys PageDown
    term_shows 'c250@refused\.example'
}
wait_for "the last message" 30 turned
term_gone 'more of this error'
term_keys g
term_wait '^> +250 .*422 refused: no'
term_keys Enter
term_gone 'c1@refused'
term_wait '^> +250'

# The message under the cursor, its neighbours, its parts.
term_keys Enter
term_wait 'c1@refused\.example'
term_keys j Enter
term_wait '^─ Message [0-9a-f-]{36} ─+ failed ─$'
term_wait '^ To +c1@refused\.example'
term_wait '^ Why +final after 1 attempt: waits for somebody \(r retries it\)$'
term_wait '^ Code +refused +249 others have it, e shows them$'
term_wait '^ Twice\? +no: none of its attempts was taken$'
term_wait '^─ Mail: text made from its HTML, line 1 of 1 ─.*─ v headers, HTML, answer ─$'
term_wait '^ Dear 1$'
term_keys n
term_wait '^ To +c2@refused\.example'
term_keys v
term_wait '^ Subject: Mail 2 of refused$'
term_keys N
term_wait '^ To +c1@refused\.example'
term_keys N
term_wait 'this is the first one here'
# As far as the list goes, which is read on where its pages end.
term_keys -N 120 n
wait_for "the list to be read on" 20 eval 'term_keys n; term_shows "^ To +c(10[1-9]|1[1-9].|2..)@refused"'
term_keys q
term_keys G
term_wait '^> .*c1@refused'
term_keys Up
term_wait '^> +250 '
term_wait '^─ Failed: 259 in 3 errors'

# A filter by recipient shows messages, one by error shows errors, a wrong one says what is right.
term_keys / 
term_wait '^ /'
term_keys -l 'to:c17@'
term_keys Enter
term_wait 'filter: to:c17@'
term_wait 'c17@refused'
term_gone 'c16@'
term_keys Escape
term_wait 'filter: none'
term_keys /
term_keys -l 'err:timeo'
term_keys Enter
term_wait '^─ Failed: 7 in 1 error ─'
term_keys Escape
term_wait 'filter: none'
term_keys /
term_keys -l 'older:soon'
term_keys Enter
term_wait 'older:soon is no time: older:90s, older:5m'
term_keys q
term_wait '^─ Queue'

# A queue's own list, in the order it goes out.
term_keys 1 Enter
term_wait '^─ Pending: 30 ─'
term_wait '^> .* no attempt yet  a30@mail\.example'
term_keys q j Enter
term_wait '^─ Scheduled: 3 ─'
term_wait 's1@later\.example'
term_keys q w
term_wait '^─ Workers: 0 ─'
term_keys q

# --- retry and undo --------------------------------------------------------------------------
term_keys 2 g Enter
term_wait '^> +[0-9a-f]{4}…'
term_keys Space j Space
term_wait '─ 2 tagged ─'
term_keys r
term_wait '2  tagged             2 messages'
term_wait '3  this error         250 messages  422 refused: no'
term_wait '4  this list          257 messages  filter: none'
term_wait '5  all failed         257 messages  2 more are uncertain, left out'
answer 2
term_wait 'Retry 2 messages on'
answer y
term_wait '^ retry: 2 asked, 2 queued$'
sql_is "tagged ones are queued" 2 "SELECT count(*) FROM email_messages WHERE status = 'pending' AND error_code = 'refused'"
sql_is "they stand in the journal" "anna retried 2 of 2|2" "SELECT who || ' ' || what || '|' || messages FROM postroom.journal WHERE what LIKE 'retried%'"
term_keys u
term_wait '^ undo: 2 asked, 2 put back$'
sql_is "they are back" 250 "SELECT count(*) FROM email_messages WHERE status = 'failed' AND error_code = 'refused'"
term_keys u
term_wait '^ undo: nothing changed'

# The whole error, by its number; somebody takes a few meanwhile: those stay taken.
term_keys r
term_wait 'What should be tried again'
answer 3
term_wait 'Type 250 and press Enter'
answer 2 5 0 Enter
term_wait '^ retry: 250 asked, 250 queued$'
sql "UPDATE email_messages SET status = 'processing', claim_token = claim_token + 1,
        lease_expires_at = now() + interval '1 hour', claimed_by = 'other'
     WHERE id IN (SELECT id FROM email_messages WHERE error_code = 'refused' LIMIT 5)"
term_keys u
term_wait '^ undo: 250 asked, 245 put back, 5 already taken$'
sql_is "the journal says it" 'took back 245 of 250 retried|245' "SELECT what || '|' || messages FROM postroom.journal ORDER BY seq DESC LIMIT 1"
sql_is "what was tried again by itself still is" 7 "SELECT count(*) FROM email_messages WHERE next_attempt_at IS NOT NULL"

# A filter's number is counted by the database, and only it is changed.
term_keys /
term_keys -l 'c1@'
term_keys Enter
term_wait 'filter: c1@'
term_keys r
term_wait '4  this list +filter: c1@'
answer 4
term_wait 'Retry [0-9]+ messages? on'
answer n
term_wait '^ nothing changed$'

# Cancel what waits, and take it back.
term_keys Escape
term_wait 'filter: none'
term_keys q 1 g Enter
term_wait '^─ Pending: '
term_keys x
term_wait 'What should be cancelled'
answer 4
term_wait 'Type 30 and press Enter to cancel'
answer 3 0 Enter
term_wait '^ cancel: 30 asked, 30 cancelled$'
sql_is "all that waited" 30 "SELECT count(*) FROM email_messages WHERE status = 'cancelled'"
sql_is "what is scheduled is not" 3 "SELECT count(*) FROM email_messages WHERE status = 'pending'"
term_keys u
term_wait '^ undo: 30 asked, 30 put back$'
sql_is "all are back" 33 "SELECT count(*) FROM email_messages WHERE status = 'pending'"

# The command line's words, and the journal of all that.
term_keys :
term_wait '^ :'
term_keys -l 'retry --failed --error timeout'
term_keys Enter
term_wait 'Retry 7 messages on'
answer y
term_wait '^ retry: 7 asked, 7 queued$'
term_keys :
term_keys -l 'retry --failled'
term_keys Enter
term_wait 'retry: there is no --failled|--failled what'
term_keys a
term_wait '^─ Journal, newest first, UTC ─'
term_wait 'anna +retried 7 of 7, error timeout, failed until [0-9:]{8}'
term_wait 'anna +took back 30 of 30 cancelled'
term_keys /
term_keys -l 'took'
term_keys Enter
term_wait 'filter: took'
term_gone 'anna {3,}retried 7 of 7'
term_keys q
id=$(sql "SELECT id FROM email_messages WHERE error_code = 'uncertain' LIMIT 1")
term_keys :
term_keys -l "$id"
term_keys Enter
term_wait "^─ Message $id ─"
term_wait '^ Twice\? +maybe: the answer was lost'
term_keys q q
