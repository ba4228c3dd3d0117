#!/usr/bin/env bash
# JSON log lines, the exact text lines, and no secret and no body anywhere.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"rules": [{"match": "^dead", "status": 500, "name": "internal_server_error", "message": "Never"}]}'
migrated_db
DATABASE_URL="$DATABASE_URL&password=canary_password"
export POSTROOM_MAX_ATTEMPTS=1

sql "INSERT INTO email_messages (to_email, subject, html, text) VALUES
        ('Ok <ok@mail.example>', 'fine', 'canary_html', 'canary_text'),
        ('nobody', 'bad', 'canary_html', NULL),
        (E'esc\\033[31m@mail.example', 'bad', 'canary_html', NULL)"
POSTROOM_LOG_FORMAT=json run postroom run --once
is "exit" 1 "$code"
cp run.out json.log
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('dead@mail.example', 'dead', 'canary_html')"
POSTROOM_LOG_FORMAT=json run postroom run --once
cat run.out >>json.log
python3 - json.log <<'PY'
import json, sys
mails = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    for name in ("time", "level", "event"):
        assert name in row, (name, row)
    if "id" in row:
        for name in ("email", "attempt", "provider"):
            assert name in row, (name, row)
        mails[row["email"]] = row
ok, bad, dead = mails["ok@mail.example"], mails["nobody"], mails["dead@mail.example"]
assert "error" not in ok and ok["provider"] == "resend" and ok["request_id"] and ok["ms"] >= 0, ok
assert bad["error"] and bad["error_code"], bad
assert dead["error"].startswith("500 internal_server_error: Never") and dead["error_code"], dead
PY

id=$(sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('Text <t@mail.example>', 'x', 'canary_html') RETURNING id")
run postroom run --once
cp run.out text.log
contains "text" "$out" "(^| )✅ Processed email message $id for t@mail\.example$"
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('dead@mail.example', 'dead', 'canary_html')"
run postroom run --once
cat run.out >>text.log
contains "text of a failure" "$out" "(^| )❌ Failed to process email message [0-9a-f-]{36}: 500 internal_server_error: Never$"

# Every path that talks, with a wrong key and a lost database, too.
sink_set '{"api_key": "re_another"}'
insert 1
run postroom run --once
cat run.out run.err >>text.log
{
    postroom status
    postroom status --json
    postroom list --limit 50
    postroom show "$id"
    postroom show "$id" --json | sed 's/canary_html//g'
    DATABASE_URL=postgresql://u:canary_password@127.0.0.1:1/x postroom status
} >>text.log 2>&1 || true
is "secrets and bodies in what it says" "" "$(grep -E 'canary|re_another' json.log text.log | grep -v '^text.log:.*…' | head -n 3 || true)"
is "control bytes in what it says" "" "$(LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f]' json.log text.log | head -n 3 || true)"
is "the key in the database" 0 "$(pg_as "$(pg_bin)/pg_dump" "$DATABASE_URL" | grep -c 'canary_41c9d2e7')"
