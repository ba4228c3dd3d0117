#!/usr/bin/env bash
# What a window had when it was left comes back at the next start; a file that makes no sense harms
# nobody; a fixed picture neither reads nor writes it.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
export TZ=Europe/Berlin POSTROOM_OPERATOR=anna
kept=$XDG_STATE_HOME/postroom/dashboard
sql "INSERT INTO email_messages (to_email, subject, html, status, error_code, error_message, failed_at)
     SELECT 'a' || n || '@mail.example', 'x', 'x', 'failed', 'rejected:invalid_to', '422 invalid_to: no', now()
     FROM generate_series(1, 30) n" >/dev/null

window() {
    term_start 80 24 "$POSTROOM" watch "$@"
    term_wait ' (IDLE|FLOWING|FAILING) ' 20
}
left() {
    term_keys "$@"
    term_wait 'exit code 0'
    term_stop
}

window
term_lacks 'still filtered' || fail "a first start remembers"
term_keys f
term_wait 'sort: count'
term_keys s
term_wait 'sort: a minute'
term_keys / 'to:a7@' Enter
term_wait 'filter: to:a7@'
term_wait 'a7@mail.example'
term_keys T
term_wait 'times are local'
term_keys +
term_wait 'the screen is drawn every 2 s'
left q q
is "mode of the file" 600 "$(stat -c %a "$kept")"
is "what is kept" "pane = errors|sort = a minute|filter = to:a7@|refresh = 2|times = local" "$(paste -sd '|' "$kept")"

term_start 80 24 "$POSTROOM" watch
term_wait '^ the failures are still filtered: to:a7@' # says so for ten seconds
term_wait ' (IDLE|FLOWING|FAILING) ' 20
term_shows ' CET$| CEST$|\+0[12]:?(00)?$' || fail "times are not local: $(term_text | head -n 1)"
term_keys f
term_wait 'filter: to:a7@'
term_wait 'a7@mail.example'
term_keys + # from 2 to 5
term_wait 'the screen is drawn every 5 s' 20
term_keys - - # as the terminal has it
term_wait 'the screen is drawn every 1 s' 20
term_keys Escape
term_wait 'filter: none.*sort: a minute'
term_keys T
left q q
is "what is kept" "pane = errors|sort = a minute|times = UTC" "$(paste -sd '|' "$kept")"

# --refresh wins, and is no choice to keep.
window --refresh 0.5
left q
is "what is kept" "pane = errors|sort = a minute|times = UTC" "$(paste -sd '|' "$kept")"

# Broken, or not to be read or written.
printf 'pane = nowhere\nsort\nfilter = older:never\nrefresh = 1e9\ntimes = \n\0\xff = \xff\n' >"$kept"
window
left q
head -c 100000 /dev/zero >"$kept"
window
left q
rm -r "$XDG_STATE_HOME"
touch "$XDG_STATE_HOME" # a file where the folder should be
window
left q
rm "$XDG_STATE_HOME"

window --demo "$ROOT/tests/fixtures/ui/failing.json" --now 2026-09-22T03:12:06Z
term_keys q
term_wait 'This window runs worker'
sleep 0.5 # a dialog ignores its first 300 ms
left y
[ ! -e "$kept" ] || fail "a fixed picture wrote $kept"
