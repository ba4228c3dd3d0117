#!/usr/bin/env bash
# Keys and dialogs: what they show, what they answer, and what must not count as a key.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/ui.sh"
ui_build

# Help and back.
ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
term_keys '?'
screen_is "$GOLDEN/help-80x24.txt"
term_keys q
screen_is "$GOLDEN/main-80x24.txt"
term_keys F1
screen_is "$GOLDEN/help-80x24.txt"
term_keys Escape
screen_is "$GOLDEN/main-80x24.txt"
term_keys w
screen_is "$GOLDEN/workers-80x24.txt"
term_keys Escape
screen_is "$GOLDEN/main-80x24.txt"

# Pause: no by any other key, yes by y.
for key in n Enter Y Space Up; do
    term_keys p
    term_wait 'y pause all 3 workers   w only mail01   any other key: nothing'
    answer "$key"
    term_wait '^ nothing changed$'
    term_lacks 'Pause sending on' || fail "the dialog stays after $key"
done
term_keys p
term_wait 'y pause all 3 workers'
answer y
term_wait '^ demo: nothing changed$'

# Keys pressed before the dialog stood do not count.
term_keys pyyyyyy
term_wait 'y pause all 3 workers'
sleep 0.5
term_shows 'y pause all 3 workers' || fail "a key typed ahead answered the dialog"
answer n
term_wait '^ nothing changed$'

# Retry: the menu, then a number to type.
term_keys r
term_wait '5  all failed         412 messages  2 more are uncertain, left out'
answer 5
term_wait 'Type 412 and press Enter to retry'
answer 4 1 3 Enter
term_wait '^ nothing changed$'
term_keys r
term_wait 'What should be tried again'
answer 5
term_wait 'Type 412'
answer i
term_wait 'Type 414 and press Enter to retry'
answer i
term_wait 'Type 412'
answer 4 1 2
term_wait '> 412'
term_keys Enter
term_wait '^ demo: nothing changed$'

# The error under the cursor: five messages need no number.
term_keys j j
term_wait '^> 422 invalid_to'
term_keys r
term_wait '3  this error         5 messages  422 invalid_to'
answer 3
term_wait 'y retry them'
answer y
term_wait '^ demo: nothing changed$'
term_keys g

# One message.
term_keys 3 k
term_wait 'holding, G follows'
term_keys r
term_wait '1  this message       b81d…f613  j.doe@example.com'
answer 1
term_wait 'Retry 1 message on shop@db-eu1'
term_wait 'b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613 to j.doe@example.com'
answer y
term_wait '^ demo: nothing changed$'
term_keys Enter
screen_is "$GOLDEN/message-80x24.txt"
term_keys q G Escape
term_wait 'following'

# A pasted text is no command; neither is a torn arrow key, nor Alt and a letter.
tmux_run set-buffer 'pyrq'
tmux_run paste-buffer -p -t test
term_keys z
term_wait 'FROZEN at 03:12:06  03:12 UTC'
term_wait 'Do         z unfreeze: lists stand at 03:12:06, 0 newer events wait'
term_lacks 'Pause sending' || fail "a paste opened a dialog"
term_keys z
term_gone FROZEN
term_keys Escape
sleep 0.3
term_keys -l '[A'
term_keys Escape
sleep 0.3
term_keys -l 'OR'
term_keys -l $'\ep'
term_keys '?'
screen_is "$GOLDEN/help-80x24.txt"
term_keys q

# Keys that would harm are answered with a word why.
term_keys C-z
term_wait 'Ctrl-Z is off'
term_keys C-s
term_wait 'Ctrl-S and Ctrl-Q are off'
term_keys C-l
term_wait 'Ctrl-S and Ctrl-Q are off'

# Too small to ask.
term_resize 39 8
term_wait '^shop@db-eu1'
term_keys p
term_wait '^too small to ask'
term_resize 80 24
term_wait ' postroom  shop@db-eu1'

# Quit asks, because the fixture has a worker in this window; Esc stays, Ctrl-C asks as q does.
term_keys q
term_wait 'This window runs worker mail01'
answer Escape
term_gone 'This window runs worker'
term_keys C-c
term_wait 'This window runs worker mail01'
answer y
ui_left 0 quit

# A second Ctrl-C leaves without asking.
ui 80 24
term_wait FAILING
term_keys C-c
term_wait 'This window runs worker'
term_keys C-c C-c # the first one is a second one, if it is pressed within two seconds
ui_left 0 quit

# A key that means nothing says so; what a torn arrow key leaves does not.
ui 80 24
term_wait ' FAILING '
term_keys v
term_wait '^ v does nothing here: \? shows the keys$'
term_keys f
term_wait '^─ Failed: 414'
term_keys Tab
term_wait '^ Tab does nothing here: \? shows the keys$'
term_keys '[' O
term_keys C-l
term_wait '^ Tab does nothing here'

# Read-only: nothing can be changed.
ui 80 24 --read-only
term_wait '  RO  anna'
for key in p r t; do
    term_keys "$key"
    term_wait '^ read-only window: nothing changed$'
    term_keys C-z
    term_wait 'Ctrl-Z is off'
done
