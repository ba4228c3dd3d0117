#!/usr/bin/env bash
# Amid 100,000 bulk messages at 10 requests a second, urgent mail takes the next token or the one after.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"
migrated_db
sink
export POSTROOM_RATE=10 POSTROOM_BATCH_SIZE=20
insert 100000
workers 3
flows() { [ "$(wc -l <sink/requests.jsonl)" -gt 20 ]; }
wait_for "bulk mail to flow" 20 flows

for i in $(seq 1 20); do
    at=$(sql "INSERT INTO email_messages (to_email, subject, html, priority) VALUES ('urgent$i@mail.example', 'x', 'x', 0);
              SELECT extract(epoch FROM clock_timestamp())")
    echo "urgent$i@mail.example $at" >>urgent
    sleep "0.$((RANDOM % 6 + 2))"
done
wait_sql "urgent mail sent" 10 20 "SELECT count(*) FROM email_messages WHERE priority = 0 AND status = 'sent'"
stop_workers

python3 - <<'PY'
import json
requests = {r["request"]: r["time"] for r in map(json.loads, open("sink/requests.jsonl"))}
carried = {m["to"]: m["request"] for m in map(json.loads, open("sink/messages.jsonl"))}
inserted = [(to, float(at)) for to, at in (line.split() for line in open("urgent"))]
places, waits = [], []
for to, at in inserted:
    mine = carried[to]
    places.append(sum(1 for n, t in requests.items() if t > at and n <= mine))
    waits.append(1000 * (requests[mine] - at))
print("place among the requests after the insert:", sorted(places))
print("milliseconds from the insert to the sink:", sorted(round(w) for w in waits))
assert max(places) <= 2, places
PY
sql_is "bulk mail that overtook nothing" t "SELECT count(*) > 1000 FROM email_messages WHERE status = 'sent' AND priority = 5"
fill=$(python3 -c 'import json
rows = [json.loads(line) for line in open("sink/requests.jsonl")]
print(sum(r["n"] for r in rows) / len(rows))')
within "messages per request" "$fill" 19.5 20
