#!/usr/bin/env bash
# show --raw: the mail as SMTP would carry it, read back by Python's own `email` to exactly what the
# row says: rows made by hand for every corner, and random ones (SEED=N repeats them).
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
SEED=${SEED:-$RANDOM}
export POSTROOM_FROM="\"Shop, the\" <hello@shop.example>"

python3 "$LIB/mail.py" rows "$SEED" "$(scaled 100)" >rows.sql || fail "no rows"
psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f rows.sql
table() { sql "SELECT md5(string_agg(m::text, '' ORDER BY id)) FROM email_messages m"; }
before=$(table)
mkdir mails
sql "SELECT id FROM email_messages" | xargs -P 4 -n 1 \
    sh -c '"$POSTROOM" show "$1" --raw >"mails/$1.eml"' show || fail "a mail cannot be built (seed $SEED)"
python3 "$LIB/mail.py" check mails || fail "mails differ from their rows (seed $SEED)"
is "the table" "$before" "$(table)"

# Always the same bytes.
id=$(sql "SELECT id FROM email_messages ORDER BY length(html) DESC NULLS LAST LIMIT 1")
postroom show "$id" --raw | cmp - "mails/$id.eml" || fail "other bytes the second time"

# Two databases that count alike share no Message-ID.
origin=$(sql "SELECT substr(replace(value, '-', ''), 1, 12) FROM postroom.meta WHERE key = 'database'")
contains "its Message-ID" "$(tr -d '\r' <"mails/$id.eml")" "^Message-ID: <postroom\\.$id\\.$origin@"

# refused WHAT EXIT PATTERN COLUMNS VALUES: no mail, and the reason
refused() {
    id=$(sql "INSERT INTO email_messages (subject, $4) VALUES ('x', $5) RETURNING id")
    run postroom show "$id" --raw
    is "$1" "$2" "$code"
    is "stdout: $1" "" "$out"
    is "lines: $1" 1 "$(wc -l <run.err)"
    contains "words: $1" "$err" "$3"
}
refused "no body" 1 "html and text are both empty" to_email "'a@mail.example'"
refused "a local part beyond ASCII" 1 "to_email: .*SMTPUTF8" "to_email, text" "'ü@mail.example', 'x'"
refused "a domain beyond ASCII" 1 "cc\[2\]: .*xn--" "to_email, text, cc" "'a@mail.example', 'x', '{b@mail.example,c@müller.example}'"
refused "a header that names recipients" 1 "Bcc" "to_email, text, headers" "'a@mail.example', 'x', '{\"Bcc\": \"b@mail.example\"}'"
refused "a line break in a header" 1 "headers: .*line break" "to_email, text, headers" "'a@mail.example', 'x', '{\"X-A\": \"b\\nBcc: c@mail.example\"}'"
refused "a content type that is none" 1 'attachments\[0\]: content_type is not a type' "to_email, text, attachments" \
    "'a@mail.example', 'x', '[{\"filename\": \"f\", \"content\": \"\", \"content_type\": \"a/\"}]'"
refused "too much" 1 "at most 41943040" "to_email, text" "'a@mail.example', repeat('x', 41943041)"
refused "a date before mail" 1 "years 1900" "to_email, text, created_at" "'a@mail.example', 'x', '1899-12-31'"
unset POSTROOM_FROM
refused "no sender" 1 "no sender: set from_email, or .from. in the configuration" "to_email, text" "'a@mail.example', 'x'"
run postroom show nothere --raw
is "of nothing" "1 " "$code $out"
run postroom show "$id" --raw --json
is "with --json" "2 " "$code $out"

id=$(sql "INSERT INTO email_messages (from_email, to_email, subject, text, created_at)
    VALUES ('s@mail.example', 'a@mail.example', 'x', E'\\x1b[2J', 'infinity') RETURNING id")
run postroom show "$id" --raw
is "created at no time" 0 "$code"
contains "created at no time" "$out" "^Date: [A-Z][a-z]{2}, .* $(date -u +%Y) "

# Mail text must not control a terminal.
python3 - "$POSTROOM" show "$id" --raw >terminal 2>&1 <<'PY' || fail "the terminal"
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
done = subprocess.run(sys.argv[1:], stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
os.close(theirs)
try:
    print("shown:", os.read(ours, 4096))
except OSError:
    print("shown: nothing")
print(done.returncode, done.stderr.decode())
PY
contains "on a terminal" "$(cat terminal)" "^shown: nothing$"
contains "on a terminal" "$(cat terminal)" "^2 postroom: show: --raw .*(redirect|pipe)"
run bash -c '"$POSTROOM" show "$1" --raw >/dev/full' show "$id"
is "a full disk" 1 "$code"
