#!/usr/bin/env bash
# The dashboard in a real terminal: state, events, pause, retry, quit; the terminal as it was.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_WORKER_NAME=mail01 POSTROOM_OPERATOR=anna
answer() { # a dialog ignores its first 300 ms
    sleep 0.5
    term_keys "$@"
}

term_start 80 24 "$POSTROOM" run
term_wait '^ (IDLE|FLOWING) ' 15
term_wait 'Lane resend'
term_wait 'anna'
term_wait '1 worker up'

insert 1
term_wait '✅ Processed email message .* for a1@mail\.example'
term_wait '^ FLOWING '

# Pause and resume.
term_keys p
term_wait 'Pause sending on'
answer y
term_wait '^ PAUSED '
term_wait 'reason:'
term_keys Enter
insert 3
term_wait 'pending +3 '
term_keys p
term_wait 'Resume'
answer y
term_gone '^ PAUSED '
all_sent 15 4

# Any other key than the one named changes nothing.
term_keys p
term_wait 'Pause sending on'
answer Enter
term_wait 'nothing changed'
term_lacks '^ PAUSED ' || fail "Enter must not mean yes"

# A failed one is shown and retried: once mended, it goes out.
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('nobody', 'bad', 'x')"
term_wait '❌ Failed to process email message'
term_wait 'failed +1 '
sql "UPDATE email_messages SET to_email = 'mended@mail.example' WHERE to_email = 'nobody'"
term_keys r
term_wait 'Retry|What should be tried again'
if term_shows 'What should be tried again'; then
    choice=$(term_text | grep -oE '[1-5]  all failed' | cut -c 1)
    answer "$choice"
    term_wait 'Retry 1 message'
fi
answer y
term_wait 'for mended@mail.example'

# Help, another size, quit.
term_keys '?'
term_wait 'postroom help'
term_keys q
term_gone 'postroom help'
term_resize 120 35
term_wait '^─ Workers'
term_resize 40 10
term_wait 'wait 0'
term_resize 80 24
term_wait 'Lane resend'
term_keys q
term_wait 'Quit'
answer y
term_wait 'exit code 0' 20
term_restored
term_stop

# SIGTERM restores it too.
term_start 80 24 "$POSTROOM" run
term_wait '^ (IDLE|FLOWING) ' 15
kill -TERM "$(pgrep -P "$(tmux_run display-message -p -t test '#{pane_pid}')" postroom)"
term_wait 'exit code 0' 20
term_restored
sink_agrees
