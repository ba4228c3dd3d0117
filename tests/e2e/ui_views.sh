#!/usr/bin/env bash
# Every view of the dashboard as drawn, in a real terminal; the keys that lead there and what each
# of them asks, answers or leaves alone.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/ui.sh"
ui_build

# But for the second last row: it says something for ten seconds only.
screen_equals_above() { [ "$(term_text | sed 23d)" = "$(sed 23d "$1")" ]; }
screen_is_above() {
    wait_quietly 10 screen_equals_above "$1" || {
        diff -u "$1" <(term_text) || true
        late "the screen is not $(basename "$1")"
    }
}

# Enter on an error opens it, the cursor on its newest message; two are tagged.
ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
term_keys Enter
term_wait '^>  +8a2e…c2a7  03:12:06  attempt 1 of 5  lea.petit@example.fr'
term_keys j j Space j Space k k
term_wait '^ the list holds while you move$'
screen_is_above "$GOLDEN/failures-80x24.txt"

# Retry: five scopes, fixed as they open.
term_keys r
term_wait '1  this message       b81d…f613  j.doe@example.com'
term_wait '2  tagged             2 messages'
term_wait '3  this error         388 messages  403 validation_error: shop.ex…'
term_wait '4  this list          412 messages  filter: none'
term_wait '5  all failed         412 messages  2 more are uncertain, left out'
term_wait '1-5 choose      any other key: nothing changes'
answer 4
term_wait 'Type 412 and press Enter to retry'
answer Escape
term_wait '^ nothing changed$'
term_keys r
term_wait 'What should be tried again'
answer 2
term_wait 'Retry 2 messages on shop@db-eu1'
answer y
term_wait '^ demo: nothing changed$'
term_keys x
term_wait 'What should be cancelled'
answer 1
term_wait 'Cancel 1 message on shop@db-eu1'
term_wait 'CAREFUL  cancelled mail is not sent; for 60s u undoes it'
answer n
term_wait '^ nothing changed$'
term_keys u
term_wait '^ demo: nothing changed$'

# * tags the whole error, and again nothing; leaving drops what is tagged.
term_keys '*'
term_wait '─ 388 tagged ─'
term_keys r
term_wait '2  tagged             388 messages'
answer n
term_keys '*'
term_gone 'tagged ─'
term_keys Space
term_wait '─ 1 tagged ─'
term_keys Escape # with a key close behind it would be Alt and a letter: what it does comes first
term_gone 'tagged ─'

# Sorts and filters.
term_keys s
term_wait 'sort: a minute'
term_keys s
term_wait 'sort: last'
term_keys s
term_wait 'sort: count'
term_keys /
term_wait '^ /'
term_keys -l 'silva'
term_keys Enter
term_wait 'filter: silva'
term_wait 't.silva@example.br'
term_gone 'j.doe'
term_keys r
term_wait '4  this list          filter: silva'
answer 4
term_wait 'Retry 1 message on shop@db-eu1'
answer n
term_gone 'Retry 1 message on'
term_keys Escape
term_wait 'filter: none'
term_keys :
term_keys -l 'filter err:invalid'
term_keys Enter
term_wait '^─ Failed: 5 in 1 error '

# One message; its parts; its neighbours; the same error again.
ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
term_keys Enter
term_wait '^>  +8a2e'
term_keys j Enter
screen_is "$GOLDEN/message-80x24.txt"
term_keys v
screen_is "$GOLDEN/message-headers-80x24.txt"
term_keys v
screen_is "$GOLDEN/message-source-80x24.txt"
term_keys v
term_wait "Mail: the provider's answer"
term_keys v
screen_is "$GOLDEN/message-80x24.txt"
term_keys PageDown
term_wait 'line 3 of 6'
term_wait '^ \[1\] https://shop\.example/pay/0917$'
term_keys n
term_wait '^ To +t\.silva@example\.br'
term_keys N
term_wait '^ To +j\.doe@example\.com'
term_keys r
term_wait 'Retry 1 message on shop@db-eu1'
answer n
term_keys e
term_wait '^─ Failed: 414 in 4 errors'
term_keys q
screen_is "$GOLDEN/main-80x24.txt"

# Ids go to the terminal, which may do with them what it likes.
tmux_run set -s set-clipboard on
term_keys 3 k y
term_wait '^ id b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613 sent to your terminal$'
clipboard_is() { [ "$(tmux_run show-buffer)" = "$1" ]; }
wait_for "the id in tmux's buffer" 5 clipboard_is b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613
term_keys Y
term_wait '^ 5 ids sent to your terminal$'
all_ids=$(grep -oE '"id": "[^"]*"' "$FIXTURE" | head -n 11 | tail -n 5 | cut -d '"' -f 4)
wait_for "all ids in tmux's buffer" 5 clipboard_is "$all_ids"

# Queue rows; workers with a cursor; the journal; local time; the refresh.
term_keys 1 Enter
term_wait '^─ Pending: 18 ─'
term_keys q
term_keys j j j j j Enter
term_wait '^─ Uncertain: 2 ─'
term_keys q w
screen_is "$GOLDEN/workers-80x24.txt"
term_keys j p
term_wait 'Pause worker mail02 on shop@db-eu1'
answer n
term_keys q a
term_wait '^ 02:52:03  bob      paused all workers: "key rotation"$'
term_keys q
UI_ENV='TZ=Etc/GMT-2' ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
term_keys T
term_wait '05:12 \+02:00$'
term_wait 'since 05:07'
term_keys T
term_wait '03:12 UTC$'
term_keys +
term_wait '^ the screen is drawn every 2 s$'
term_keys -
term_wait '^ the screen is drawn every 1 s$'
term_keys :
term_keys -l 'refresh 5'
term_keys Enter
term_wait '^ the screen is drawn every 5 s$'

# Words that make no sense are answered with those that do.
for words in 'nonsense at all' 'retry' 'retry --to x' 'pause --why' 'refresh soon' 'cancel --pending 1'; do
    term_keys :
    term_keys -l "$words"
    term_keys Enter
    term_wait '^ (there is no :nonsense; :ID|retry what: ids, or --failed|--to what\?|retry: there is no|--why what\?|pause: there is no|:refresh takes seconds|cancel: ids, or --pending)'
    term_keys C-z
    term_wait 'Ctrl-Z is off'
done
term_keys :
term_keys -l 'no-such-id'
term_keys Enter
term_wait 'there is no message no-such-id'
term_keys q

# Small screens.
ui 40 10
screen_is "$GOLDEN/main-40x10.txt"
term_keys f
term_wait '^─ Failed: 414 in 4 errors'
term_keys Enter
term_wait '8a2e…c2a7  03:12:06  lea'
term_resize 20 3
screen_is "$GOLDEN/main-20x3.txt"
term_resize 30 4
term_wait '^─ Failed: 414'
term_resize 140 40
term_wait '8a2e7d10-f3b9-4c55-9e47-6b1f08d3c2a7  03:12:06  attempt 1 of 5  lea.petit@example.fr  Your order'
