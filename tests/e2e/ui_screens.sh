#!/usr/bin/env bash
# The dashboard's screens in a real terminal are the golden ones, at every size and after a storm of
# sizes; poor terminals get ASCII or a clear refusal.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/ui.sh"
ui_build

for size in 80x24 120x35 140x40 79x24 40x10 20x3 10x1; do
    ui "${size%x*}" "${size#*x}"
    screen_is "$GOLDEN/main-$size.txt"
done

# A storm of 200 sizes, 1x1 among them; the last picture equals a fresh start at that size.
ui 80 24
term_wait FAILING
RANDOM=7
for i in $(seq "$(scaled 200)"); do
    term_resize $((1 + RANDOM % 180)) $((1 + RANDOM % 50))
    [ $((i % 20)) != 0 ] || term_resize 1 1
done
for size in 80x24 40x10 140x40; do
    term_resize "${size%x*}" "${size#*x}"
    screen_is "$GOLDEN/main-$size.txt"
done

# With a dialog open, too.
term_keys p
term_wait 'Pause sending on'
for size in 1x1 30x5 200x50 5x40 80x24; do
    term_resize "${size%x*}" "${size#*x}"
done
term_wait 'y pause all 3 workers'
answer n
screen_equals_but_answer() { [ "$(term_text | sed 23d)" = "$(sed 23d "$GOLDEN/main-80x24.txt")" ]; }
wait_for "the dialog's traces to go" 10 screen_equals_but_answer

# The environment's idea of the size is ignored.
UI_ENV='LINES=10 COLUMNS=40' ui 80 24
screen_is "$GOLDEN/main-80x24.txt"

# Without UTF-8: ASCII, not one byte above 0x7e.
UI_ENV='LC_ALL=C' ui 80 24
screen_is "$GOLDEN/main-ascii-80x24.txt"
UI_ENV='POSTROOM_GLYPHS=ascii' ui 140 40
screen_is "$GOLDEN/main-ascii-140x40.txt"
UI_ENV='POSTROOM_GLYPHS=unicode' ui 80 24
screen_is "$GOLDEN/main-unicode-80x24.txt"

# Colours, and none of them with NO_COLOR; reverse stays.
colours() { tmux_run capture-pane -e -p -t test; }
ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
contains "a red state row" "$(colours | sed -n 2p)" $'\e\\[31m'
contains "reversed" "$(colours | sed -n 2p)" $'\e\\[1;7m'
contains "a red failure" "$(colours | sed -n 19p)" $'\e\\[31m'
is "the terminal's title" 'postroom FAILING shop@db-eu1' "$(tmux_run display-message -p -t test '#{pane_title}')"
UI_ENV='NO_COLOR=1' ui 80 24
screen_is "$GOLDEN/main-80x24.txt"
contains "reversed" "$(colours | sed -n 2p)" $'\e\\[1;7m'
lacks "no colour" "$(colours)" $'\e\\[3[0-7]m'

# Terminals that cannot show it are refused, and nothing is drawn.
for term in dumb nosuch ''; do
    UI_ENV="TERM=$term" ui 80 24
    term_wait 'exit code 2'
    term_wait 'ended: refused: no dashboard: '
    term_restored
done

# Old ones do.
UI_ENV='TERM=vt100' ui 80 24
screen_is "$GOLDEN/main-ascii-80x24.txt"
UI_ENV='TERM=xterm-mono' ui 80 24 # with its line set, which a capture shows as letters
sed 'y/─│┬/qxw/' "$GOLDEN/main-80x24.txt" >line-set.txt
screen_is line-set.txt

# No terminal at all: one plain line, no escape; it ends when nobody reads any more.
"$WORK/ui_demo" "${DEMO[@]}" </dev/null | head -n 1 >plain.out || true # or by SIGPIPE
is "plain line" "2026-09-22T03:12:06Z shop@db-eu1 FAILING: 61% of attempts failed in the last 5 min (409 of 671); 52 sent in the last minute, usually 219; 388 since 03:07, 403 validation_error: shop.example is not verified" "$(cat plain.out)"
