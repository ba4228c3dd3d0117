#!/usr/bin/env bash
# send, list and show: what goes in comes out, what cannot be sent is refused before it is a row,
# and nothing of a mail's text reaches the terminal raw.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink

# --- send --------------------------------------------------------------------------------------
printf 'GIF89a\0\377binary' >logo.gif
echo '<p>Hello</p>' >body.html
run bash -c 'echo Hello | "$POSTROOM" send --to "Ann <ann@mail.example>" --subject "Hi there" \
    --html body.html --text - --from "Shop <shop@mail.example>" --attach logo.gif --attach body.html \
    --header "X-One: 1" --header "X-Two:2" --priority 2 --dedupe order-1'
is "send" 0 "$code"
id=$out
is "stderr of send" "" "$err"
sql_is "the row" "Ann <ann@mail.example>|Hi there|<p>Hello</p>
|Hello
|Shop <shop@mail.example>|2|order-1|pending|t" "SELECT to_email, subject, html, text, from_email, priority,
    dedupe_key, status, scheduled_at IS NULL FROM email_messages WHERE id::text = '$id'"
sql_is "headers" '{"X-One": "1", "X-Two": "2"}' "SELECT headers FROM email_messages"
sql_is "attachments" "logo.gif|$(base64 -w0 logo.gif)|body.html|$(base64 -w0 body.html)" "SELECT
    attachments->0->>'filename', attachments->0->>'content', attachments->1->>'filename',
    attachments->1->>'content' FROM email_messages"

run postroom send --to b@mail.example --subject Again --html body.html --dedupe order-1
is "the same key again" "0 $id" "$code $out"
contains "what it says" "$err" "nothing was queued"
sql_is "rows" 1 "SELECT count(*) FROM email_messages"

run postroom send --to c@mail.example --subject Later --html body.html --at 2031-02-03T04:05+01:00
is "send --at" 0 "$code"
sql_is "scheduled" "2031-02-03 03:05:00" "SELECT scheduled_at AT TIME ZONE 'UTC' FROM email_messages WHERE id::text = '$out'"
run postroom send --to c@mail.example --subject Soon --html body.html --at +2h
sql_is "scheduled in two hours" t "SELECT scheduled_at - now() BETWEEN '119 min' AND '120 min' FROM email_messages WHERE id::text = '$out'"

# refused WHAT EXIT PATTERN OPTION...
refused() {
    local what=$1 exit=$2 pattern=$3
    shift 3
    run postroom send "$@"
    is "$what" "$exit" "$code"
    is "stdout: $what" "" "$out"
    is "lines: $what" 1 "$(wc -l <run.err)"
    contains "words: $what" "$err" "$pattern"
}
refused "no recipient" 2 "--to is missing" --subject x --html body.html
refused "no subject" 2 "--subject is missing" --to a@mail.example --html body.html
refused "bad recipient" 2 "to_email" --to nobody --subject x --html body.html
refused "bad sender" 2 "from_email" --to a@mail.example --from me --subject x --html body.html
refused "no body" 2 "html" --to a@mail.example --subject x
refused "line break in the subject" 2 "subject" --to a@mail.example --subject $'x\nBcc: b@mail.example' --html body.html
refused "header that names recipients" 2 "Bcc" --to a@mail.example --subject x --html body.html --header "Bcc: b@mail.example"
refused "header without a colon" 2 "header" --to a@mail.example --subject x --html body.html --header nonsense
refused "no such file" 1 "nosuch.html" --to a@mail.example --subject x --html nosuch.html
refused "a folder" 1 "cannot read" --to a@mail.example --subject x --html .
refused "binary body" 1 "html.*(NUL|UTF-8)" --to a@mail.example --subject x --html logo.gif
refused "stdin twice" 2 "only once" --to a@mail.example --subject x --html - --text -
refused "bad priority" 2 "0 to 9" --to a@mail.example --subject x --html body.html --priority 10
refused "bad time" 2 "no time" --to a@mail.example --subject x --html body.html --at tomorrow
refused "a word too many" 2 "what is" a@mail.example
sql_is "rows" 3 "SELECT count(*) FROM email_messages"

# --- send --wait -------------------------------------------------------------------------------
worker a
run timeout 60 "$POSTROOM" send --to d@mail.example --subject Now --html body.html --wait
is "send --wait" 0 "$code"
sql_is "sent" sent "SELECT status FROM email_messages WHERE id::text = '$out'"
sink_set '{"rules": [{"match": "^refused@", "status": 422, "name": "validation_error", "message": "No such person"}]}'
run timeout 60 "$POSTROOM" send --to refused@mail.example --subject Now --html body.html --wait
is "send --wait of a refused one" 1 "$code"
contains "why" "$err" "422 validation_error: No such person"
refused_id=$out
stop a

# --- list and show -----------------------------------------------------------------------------
sql "INSERT INTO email_messages (to_email, subject, html, headers) VALUES
    (E'evil\\x1b[2J@mail.example', E'clear\\x1b[2J\\u009b31m\\u202Eside', 'x', '{\"X\": \"\\u001b[2J\"}')"
run postroom list
is "list" 0 "$code"
is "lines of list" 7 "$(wc -l <run.out)"
is "control bytes in list" "" "$(LC_ALL=C grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' run.out || true)"
contains "cleaned" "$out" 'clear\\x1B\[2J|clear\\x1b\[2J'
evil=$(sql "SELECT id FROM email_messages WHERE to_email LIKE 'evil%'")
run postroom show "$evil"
is "show" 0 "$code"
is "control bytes in show" "" "$(LC_ALL=C grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' run.out || true)"

run postroom list --status failed --json
is "list --json" 0 "$code"
python3 - "$refused_id" <<'PY'
import json, sys
rows = json.load(open("run.out"))
assert [r["id"] for r in rows] == [sys.argv[1]], rows
assert rows[0]["error_message"] == "422 validation_error: No such person", rows
PY
for filter in "--status sent --to ann" "--to ANN@" "--error rejected:validation_error --since 1h" "--limit 1"; do
    # shellcheck disable=SC2086 # words on purpose
    run postroom list $filter
    is "lines of list $filter" 2 "$(wc -l <run.out)"
done
run postroom list --status sent --json --to nobody
is "an empty list" "0 []" "$code $out"
run postroom list --status sent --to nobody
is "an empty list for people" "0 no message" "$code $out$err"
run postroom list --status lost
is "list of an unknown status" 2 "$code"
is "its output" "" "$out"
contains "its words" "$err" "pending, scheduled, processing"

run postroom show "$refused_id"
contains "show" "$out" "error_message +422 validation_error: No such person"
contains "its attempts" "$out" "attempts"
run postroom show "$id" --json
python3 - "$id" <<'PY'
import json, sys
row = json.load(open("run.out"))
assert row["id"] == sys.argv[1] and row["html"] == "<p>Hello</p>\n" and row["text"] == "Hello\n", row
assert row["status"] == "sent" and len(row["attempts"]) == 1, row
PY
run postroom show 00000000-0000-0000-0000-000000000000
is "show of nothing" 1 "$code"
contains "its words" "$err" "no message 00000000"
run postroom show
is "show without an id" 2 "$code"
