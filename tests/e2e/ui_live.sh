#!/usr/bin/env bash
# With a clock that runs: commands go out as confirmed, answers and events come in, the screen can
# be frozen, and the terminal is restored however it ends.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/ui.sh"
ui_build
commands() { grep -cE -- "$1" commands.log; }
sent_out() { wait_for "the command $1" 10 commands "$1"; }

# Pause holds from the y; then the reason may follow, pasted or typed.
ui 80 24 --live commands.log
term_wait ' FAILING '
term_keys p
term_wait 'y pause all 3 workers'
answer y
term_wait '^ reason:'
sent_out '^pause id= code= until=0 uncertain=0 worker= text= by=anna$'
tmux_run set-buffer $'key\nrotation'
tmux_run paste-buffer -p -t test
term_wait '^ reason: key rotation'
term_keys Enter
sent_out '^pause .*worker= text=key rotation by=anna$'
term_wait '^ pause: done by the test$'
term_keys p
term_wait 'w only mail01'
answer w
term_wait '^ reason:'
term_keys Enter
sent_out '^pause .*worker=mail01 text= by=anna$'

# Retry acts on what was fixed when the dialog opened.
term_keys r
term_wait 'What should be tried again'
answer 3
term_wait 'Type 388'
answer 3 8 8 Enter
sent_out '^retry id= code=rejected:sender_not_verified until=1790046[0-9]* uncertain=0 '
term_keys r
term_wait 'What should be tried again'
answer 5
term_wait 'Type 412'
answer 4 1 2 Enter
sent_out '^retry id= code= until=1790046[0-9]* uncertain=0 '
term_wait '^ retry: done by the test$'
term_keys t
sent_out '^trigger '
term_wait '^ trigger: done by the test$'
is "nothing else went out" 6 "$(wc -l <commands.log)"
term_keys q
ui_left 0 quit || true

# Events come in, stand still while frozen, hold while one is looked at.
ui 80 24 --live commands.log --events 20
term_wait 'Processed email message .* for customer[0-9]+@example.no'
term_wait 'Failed to process email message '
term_keys z
term_wait 'FROZEN at '
term_wait 'lists stand at .*, [1-9][0-9]* newer events wait'
before=$(term_text | sed -n 5,22p)
term_wait 'lists stand at .*, [1-9][0-9]+ newer events wait'
is "what is frozen" "$before" "$(term_text | sed -n 5,22p)"
term_keys z
term_gone FROZEN
term_keys 3 k
term_wait 'holding, [0-9]+ newer, G follows'
term_keys G
term_wait '─ following ─'

# A stop and continue: the modes are taken back, the picture stands.
kill -STOP "$(ui_pid)"
tmux_run send-keys -t test ''
kill -CONT "$(ui_pid)"
term_keys '?'
term_wait 'postroom help'
term_keys q
term_keys q
term_wait 'exit code 0'
term_restored

# A flood is folded, keys are still answered.
ui 80 24 --live commands.log --events 5000
term_wait '\+[0-9]+ processed|[0-9]+ not shown'
term_keys '?'
term_wait 'postroom help'
term_keys q q
term_wait 'exit code 0'

# Signals: the terminal is as it was.
for signal in TERM HUP INT; do
    ui 80 24 --live commands.log
    term_wait ' FAILING '
    kill -s "$signal" "$(ui_pid)"
    ui_left 0 drained
done
for term in tmux-256color vt100; do
    UI_ENV="TERM=$term" ui 80 24
    term_wait ' FAILING '
    kill -s SEGV "$(ui_pid)"
    term_wait 'exit code 139'
    term_lacks '\$<' || fail "a delay of terminfo's was written as text"
    [ "$term" = vt100 ] || term_restored # a vt100 has no second screen to leave
done
ui 80 24
term_wait ' FAILING '
kill -s TSTP "$(ui_pid)" # would stop a worker, too
term_keys '?'
term_wait 'postroom help'

# With a worker: quitting drains before the screen goes.
ui 80 24 --live commands.log --worker done
term_wait ' FAILING '
term_keys q
term_wait 'Its 2 messages in flight finish first'
answer y
term_wait '^ draining: 2 in flight, [0-9]+s left'
: >done
ui_left 0 drained
rm done

# Ctrl-C: asks, finishes, leaves now.
ui 80 24 --live commands.log --worker done
term_wait ' FAILING '
term_keys C-c C-c
term_wait '^ draining: 2 in flight, [0-9]+s left'
term_keys C-c
ui_left 130 now

# The terminal goes away: it ends, and does not spin.
ui 80 24
term_wait ' FAILING '
gone=$(ui_pid)
term_stop
wait_for "the end without a terminal" 10 process_gone "$gone"
