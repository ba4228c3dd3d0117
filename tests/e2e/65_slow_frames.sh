#!/usr/bin/env bash
# However seldom the screen is drawn, what a key asks for is shown when it comes: a list, a message, the answer
# to a command; and nothing else is drawn earlier for it.
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
export POSTROOM_OPERATOR=anna
sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message, failed_at)
     SELECT 'c' || n || '@mail.example', 'x', 'x', 'failed', 'refused', '422 refused: no', now() FROM generate_series(1, 3) n" >/dev/null
term_start 80 24 "$POSTROOM" watch --refresh 3600
term_wait '  RW  anna'
wait_sql "the window to be here" 10 1 "SELECT count(*) FROM postroom.operators"
term_keys C-l # the first picture may have been drawn before the first numbers came
wait_for "a picture with numbers" 20 eval 'term_keys C-l; term_shows "^> 422 refused: no"'
term_keys Enter
term_wait '@mail\.example'
term_keys Enter
term_wait '^ To +c[0-9]@mail\.example'
term_keys q t
term_wait '^ trigger: no worker is running, 0 due'
term_keys :
term_keys -l 'retry --failed --to c2@'
term_keys Enter
term_wait 'Retry 1 message on'
sleep 0.5
term_keys y
term_wait '^ retry: 1 asked, 1 queued$'

# News alone waits for the frame.
sleep 6
sql "INSERT INTO postroom.journal (who, what) VALUES ('bob', 'was here')" >/dev/null
sleep 4
lacks "the screen between two frames" "$(term_text)" 'bob was here'
