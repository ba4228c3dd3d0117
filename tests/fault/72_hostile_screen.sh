#!/usr/bin/env bash
# Whatever stands in the database, a list and the dashboard keep their columns on a real terminal, and the
# dashboard writes nothing to it but text and what ncurses needs.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
migrated_db
liar
hostile_database

# Columns of a list as a terminal shows them: the subject begins in the same cell in every row.
term_start 150 120 "$POSTROOM" list --status scheduled --limit 100
term_wait 'exit code 0'
expected=$(term_text | awk '{ at = index($0, "SUBJECT OR ERROR") } at { print at - 1; exit }')
aligned "$expected" '¦'

# The dashboard: what it writes to the terminal while mail fails, and where its columns end.
sql "UPDATE postroom.control SET paused_at = NULL; DELETE FROM postroom.lanes WHERE name <> 'resend'"
term_stop
term_start 100 40 bash -c 'tmux -S "$1" pipe-pane -o "cat >>screen.raw"; exec "$POSTROOM" watch' _ "$WORK/tmux.$((terminal + 1))"
term_wait '^ PARKED ' 15
term_wait 'Why it fails'
sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_until = NULL"
insert 600
start once "$POSTROOM" run --once
term_wait 'Failed to process email message' 15
term_wait 'Processed email message' 15
ended once
term_wait ' first ─$'
edge=$(cell "$(term_text | grep -n ' first ─$' | cut -d : -f 1)" end-of-line)
rows=$(term_text | grep -nE '^[> ] .* +[0-9]+ +[-+0-9]+ +[0-9hms]+ +([0-9:]{5}|[0-9]+ [A-Z][a-z]{2})$' | cut -d : -f 1)
within "errors on the screen" "$(wc -l <<<"$rows")" 3 20
for row in $rows; do # two columns less than the rule
    is "the right edge of row $row" "$((edge - 2))" "$(cell "$row" end-of-line)"
done

# Through every view and dialog, at several sizes.
for key in Enter Escape j j Enter Escape Tab k k Enter Escape Tab Enter Escape w w '?' q z z r Escape p Escape t; do
    term_keys "$key"
    sleep 0.3
done
for size in "40 10" "20 3" "140 50" "80 24"; do
    # shellcheck disable=SC2086
    term_resize $size
    sleep 0.5
done
# An Escape may have been taken for Alt and the letter behind it: whatever stands open is closed.
back() {
    term_keys Escape
    sleep 0.3
    term_shows 'Lane resend'
}
wait_for "the main screen" 20 back
left() {
    term_keys q
    sleep 0.3
    term_shows 'exit code 0'
}
wait_for "its end" 20 left
harmless screen screen.raw
contains "what the terminal got" "$(tr -d '\033' <screen.raw)" "Why it fails"
