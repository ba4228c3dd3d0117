#!/usr/bin/env bash
# Hostile content in every column: what arrives is what each row meant and nothing else, the rest
# fails with a reason, and nothing that was printed acts on a terminal.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
migrated_db
liar

python3 "$FAULT/corpus.py" rows >rows.csv
hostile_rows rows.csv "$PLAIN_COLUMNS"
n=$(sql "SELECT count(*) FROM email_messages")
echo "$n rows of $(python3 "$FAULT/corpus.py" count) strings"

# Half by a worker that logs text, half by one that logs JSON.
sql "UPDATE email_messages SET scheduled_at = now() + interval '1 day' WHERE id::text < '8'"
worker text
no_more_due
stop text
is "exit of the worker" 0 "$code"
sql "UPDATE email_messages SET scheduled_at = NULL WHERE status = 'pending'"
POSTROOM_LOG_FORMAT=json worker json
no_more_due
stop json
is "exit of the worker" 0 "$code"

as_json table.jsonl
python3 "$FAULT/intended.py" table.jsonl liar/mails.jsonl liar/heads.jsonl "$POSTROOM_FROM" || fail "what arrived is not what was meant"
harmless text text.log
harmless lines json.log
