#!/usr/bin/env bash
# Several operators on one database: who is here, what the others do within two seconds, changes that
# add up; the same word of state for all, in the title and by the bell; a read-only window is none
# of them and changes nothing.
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
export TERM=xterm-256color
n=412
sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message, failed_at)
     SELECT 'a' || n || '@mail.example', 'x', 'x', 'failed', 'rejected:invalid_to', '422 invalid_to: no', now()
     FROM generate_series(1, $n) n" >/dev/null

# Anna's window is the terminal's; bob's stands beside it on the same tmux server.
term_start 80 24 env POSTROOM_OPERATOR=anna "$POSTROOM" watch
term_wait '  RW  anna  '
tmux_run new-session -d -s bob -x 80 -y 24 -c "$WORK" env POSTROOM_OPERATOR=bob "$POSTROOM" watch
bob_text() { tmux_run capture-pane -p -t bob; }
bob_shows() { bob_text | grep -qE -- "$1"; }
bob_wait() { wait_quietly 10 bob_shows "$1" || { bob_text; late "waited for bob's screen to show: $1"; }; }
term_wait '  RW  anna \+1 operator'
bob_wait '  RW  bob \+1 operator'

# What one does the other sees, within 2 s of its happening, and as much for the machine.
tmux_run send-keys -t bob p
bob_wait 'Pause sending on'
sleep 0.5
tmux_run send-keys -t bob y
bob_wait 'reason:'
tmux_run send-keys -t bob 'key rotation' Enter
wait_sql "the reason to be kept" 10 'key rotation' "SELECT paused_reason FROM postroom.control"
term_wait '^ PAUSED     no mail is sent; paused by bob .*"key rotation"' 4
term_wait '^ [0-9:]{5} bob paused all workers' 4
sql_is "the journal" 'bob|t' "SELECT who, what LIKE 'paused all workers%' FROM postroom.journal WHERE what LIKE 'paused%' LIMIT 1"
bob_wait '^ PAUSED '
is "the title" "postroom PAUSED $(sql 'SELECT current_database()')@local" "$(tmux_run display-message -p -t test '#{pane_title}')"

# Both retry all that failed: no message is queued twice, and the answers say so.
ask() { # WINDOW: up to the number
    tmux_run send-keys -t "$1" r
    wait_for "the menu of $1" 10 shows_menu "$1"
    sleep 0.5
    tmux_run send-keys -t "$1" "$(tmux_run capture-pane -p -t "$1" | grep -oE '[1-5]  all failed' | cut -c 1)"
    wait_for "a number to type by $1" 10 shows_number "$1"
    sleep 0.5
}
shows_menu() { tmux_run capture-pane -p -t "$1" | grep -qE '[1-5]  all failed'; }
shows_number() { tmux_run capture-pane -p -t "$1" | grep -qE "Type $n"; }
ask test
ask bob
tmux_run send-keys -t test "$n" Enter
tmux_run send-keys -t bob "$n" Enter
answered() { tmux_run capture-pane -p -t "$1" | grep -E "^ retry: $n asked, [0-9]+ queued" >"answer.$1"; }
both_answered() { # each stands for ten seconds
    [ -s answer.test ] || answered test
    [ -s answer.bob ] || answered bob
    [ -s answer.test ] && [ -s answer.bob ]
}
wait_for "both answers" 10 both_answered
cat answer.test answer.bob >answers.log
cat answers.log
sum() { grep -oE "[0-9]+ $1" answers.log | awk '{ n += $1 } END { print n + 0 }'; }
is "messages queued by both together" "$n" "$(sum queued)"
is "messages that the other had taken" "$n" "$(sum 'already taken')"
is "in the journal" "$n" "$(sql "SELECT sum(messages) FROM postroom.journal WHERE what LIKE 'retried%'")"
sql_is "nothing else changed" "pending|$n" "SELECT status, count(*) FROM email_messages GROUP BY 1"

# What another takes from under the cursor is said, whose deed it was and where the cursor went: to
# the next message that is still there. Once it is one message, once its whole error.
sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message, failed_at)
     SELECT 'b' || n || '@mail.example', 'x', 'x', 'failed', 'refused', '422 refused: no', now() - n * interval '1 min'
     FROM generate_series(1, 5) n" >/dev/null
id_of() { sql "SELECT left(id::text, 4) || '…' || right(id::text, 4) FROM email_messages WHERE to_email = '$1@mail.example'"; }
b1=$(id_of b1) b2=$(id_of b2)
term_wait '^> 422 refused: no +5 '
term_keys Enter
term_wait "^> +$b1  "
bob_wait '^> 422 refused: no +5 '
tmux_run send-keys -t bob Enter
bob_wait "^> +$b1  "
tmux_run send-keys -t bob r
bob_wait '1  this message'
sleep 0.5
tmux_run send-keys -t bob 1
bob_wait 'Retry 1 message on'
sleep 0.5
tmux_run send-keys -t bob y
term_wait "^ $b1 was retried by bob$" 20 # a list holds for 10 s after a key
term_wait "^> +$b2  .* b2@mail\.example"
term_gone 'b1@mail\.example'
bob_wait 'retry: 1 asked, 1 queued'
tmux_run send-keys -t bob r
bob_wait '[1-5]  this error +4 messages'
sleep 0.5
tmux_run send-keys -t bob 3
bob_wait 'Retry 4 messages on'
sleep 0.5
tmux_run send-keys -t bob y
term_wait "^ $b2 was retried by bob$" 20
bob_wait 'retry: 4 asked, 4 queued'
term_keys q
tmux_run send-keys -t bob q
bob_wait '─ Queue '

# Who leaves is gone at once.
tmux_run send-keys -t bob q
wait_sql "bob to be gone" 10 anna "SELECT string_agg(name, ',') FROM postroom.operators"
term_wait '  RW  anna  '

# A read-only window: no operator, no change, and its session could not make one.
tmux_run new-session -d -s bob -x 80 -y 24 -c "$WORK" env POSTROOM_OPERATOR=carol "$POSTROOM" watch --read-only
bob_wait '  RO  carol'
for key in p r t x; do
    tmux_run send-keys -t bob "$key"
    bob_wait 'read-only window: nothing changed|nothing to cancel|Cancel'
done
term_wait '  RW  anna  '
sql_is "a read-only window among the operators" 0 "SELECT count(*) FROM postroom.operators WHERE name = 'carol'"
tmux_run send-keys -t bob q

# The bell rings once for a change, in the window that asked for it; the title tells the state.
cat >bell.py <<'PY'
import os, subprocess
from terminal import Terminal

patience = int(os.environ.get("TEST_PATIENCE", "1"))
for option, rings in (["--bell"], 1), ([], 0):
    terminal = Terminal(80, 24, [os.environ["POSTROOM"], "watch", *option])
    first = terminal.read_until(b"postroom PAUSED", 20 * patience) + terminal.read(0.5)
    assert b"postroom PAUSED" in first, "no picture"
    assert first.count(b"\x07") == first.count(b"\x1b]2;"), "the first picture rings"
    subprocess.run([os.environ["POSTROOM"], "resume"], check=True, capture_output=True)
    seen = terminal.read_until(b"\x1b]2;postroom STALLED", 10 * patience) + terminal.read(1)
    assert b"\x1b]2;postroom STALLED" in seen, seen
    bells = seen.replace(b"\x1b]2;", b"").count(b"\x07") - seen.count(b"\x1b]2;")  # a title ends with one, too
    assert bells == rings, f"{option}: {bells} bells in {seen!r}"
    subprocess.run([os.environ["POSTROOM"], "pause"], check=True, capture_output=True)
    assert terminal.end() == 0
PY
PYTHONPATH=$LIB python3 bell.py
