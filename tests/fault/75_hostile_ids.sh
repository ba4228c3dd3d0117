#!/usr/bin/env bash
# A table of somebody else's whose ids are any text: each message goes out once under its own name, alone and in
# batches, and every command takes an id as it is and prints it so that nothing acts on a terminal.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
empty_db
sql "CREATE TABLE email_messages (id text PRIMARY KEY, to_email text NOT NULL, subject text NOT NULL, html text,
     status text NOT NULL DEFAULT 'pending', created_at timestamptz NOT NULL DEFAULT now())"
postroom migrate >migrate.log
sink
python3 "$FAULT/corpus.py" ids >ids.csv
hostile_rows ids.csv id,to_email,subject,html
n=$(sql "SELECT count(*) FROM email_messages")
echo "$n ids"

sql "UPDATE email_messages SET status = 'cancelled'"
for batch in 1 50; do
    sql "UPDATE email_messages SET status = 'pending' WHERE substr(to_email, 2, 1)::int % 2 = $((batch == 1))"
    POSTROOM_BATCH_SIZE=$batch run postroom run --once
    cat run.out run.err >>text.log
    is "exit with batches of $batch" 0 "$code"
done
sql_is "messages that were not sent" 0 "SELECT count(*) FROM email_messages WHERE status <> 'sent'"
is "mails that went out" "$n" "$(sink_stat effects)"
# Each mail carries the id of its row, and the row what the sink called the mail.
as_json table.jsonl
python3 - table.jsonl sink/messages.jsonl <<'PY' || fail "mails and rows are not each other's"
import json, sys
rows = {row["to_email"]: row for row in map(json.loads, open(sys.argv[1]))}
for mail in map(json.loads, open(sys.argv[2])):
    row, tag = rows[mail["to"]], mail["id"]
    carried = bytes.fromhex(tag[4:]).decode() if tag.startswith("hex-") else tag
    if (row["id"], row["provider_message_id"]) != (carried, mail["answer"]):
        sys.exit(ascii((row["id"], row["provider_message_id"], mail)))
PY

# Some of each kind by every command; what begins with a dash stands behind --.
sql "UPDATE email_messages SET status = 'failed', error_code = 'x', error_message = 'x', failed_at = now()"
mkdir said
asked=0
each() { # ID
    local id=$1
    for command in "show --json" why retry cancel; do
        # shellcheck disable=SC2086 # words on purpose
        run postroom ${command} -- "$id"
        is "$command of $(printf %q "$id")" 0 "$code"
        asked=$((asked + 1))
        case "$command" in
            *json) mv run.out "said/$asked.json" ;;
            *) mv run.out "said/$asked.text" ;;
        esac
    done
    is "the id in JSON" "$id" "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["id"], end="")' "said/$((asked - 3)).json")"
}
while IFS= read -r -d '' id; do
    each "$id"
done < <(python3 - ids.csv "$(scaled 60)" <<'PY'
import csv, json, random, sys
csv.field_size_limit(10 ** 7)
ids = [json.loads(row[0])["id"] for row in csv.reader(open(sys.argv[1], newline=""))]
# a shell drops newlines at an end
for s in random.Random(1).sample([s for s in ids if not s.endswith("\n")], int(sys.argv[2])):
    sys.stdout.write(s + "\0")
PY
)
sql_is "cancelled" "$((asked / 4))" "SELECT count(*) FROM email_messages WHERE status = 'cancelled'"
run postroom list --limit 100000
cp run.out said/list.text
run postroom list --limit 100000 --json
cp run.out said/list.json
harmless text text.log said/*.text
harmless json said/*.json
