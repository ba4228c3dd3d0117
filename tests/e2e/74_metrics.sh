#!/usr/bin/env bash
# What watches postroom: its metrics as promtool wants them, alert rules that call when they should, a
# dashboard that asks for nothing that is not there. promtool is Debian's prometheus; without it the rest.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_DAILY_QUOTA=1000 POSTROOM_BACKOFF=1h..2h
sink_set '{"rules": [{"match": "^bad", "status": 422, "name": "invalid_to", "message": "no"}]}'
worker w --listen 127.0.0.1:0
insert 20
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('bad@mail.example', 's', 'h')"
wait_sql "all settled" 30 21 "SELECT count(*) FROM email_messages WHERE status IN ('sent', 'failed')"
door=$(grep -o 'http://127.0.0.1:[0-9]*' w.log | head -n 1)
has_all() {
    python3 -c 'import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1] + "/metrics").read().decode())' "$door" >metrics.txt
    grep -q '^postroom_sent_total.* 20$' metrics.txt && grep -q '^postroom_workers 1$' metrics.txt
}
wait_for "metrics of all that" 20 has_all

# Everything that rules and dashboard name is on the page, and their labels are.
for file in alerts.yml grafana.json; do
    for name in $(grep -oE 'postroom_[a-z_]+' "$ROOT/contrib/$file" | sort -u); do
        grep -qE "^$name[{ ]" metrics.txt || fail "$file asks for $name"
    done
    for value in $(grep -oE '(reason|status|side|period)\\?(=~?)\\?"[a-z|]+' "$ROOT/contrib/$file" | sed 's/.*"//' | tr '|' ' '); do
        grep -q "=\"$value\"" metrics.txt || fail "$file asks for a label $value"
    done
done
python3 - "$ROOT/contrib/grafana.json" <<'PY' || fail "the dashboard"
import json, sys
board = json.load(open(sys.argv[1]))
ids = [p["id"] for p in board["panels"]]
assert len(ids) == len(set(ids)) and board["title"] == "postroom"
taken = set()
for p in board["panels"]:
    assert p["targets"] and all(t["expr"] for t in p["targets"]), p["title"]
    at = p["gridPos"]
    cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
    assert at["x"] + at["w"] <= 24 and not cells & taken, "panels overlap: " + p["title"]
    taken |= cells
PY
# Each alert has its line in the guide.
for alert in $(sed -n 's/.*- alert: //p' "$ROOT/contrib/alerts.yml"); do
    grep -q "^| $alert " "$ROOT/docs/operating.md" || fail "docs/operating.md does not tell what to do about $alert"
done

if command -v promtool >/dev/null; then
    is "promtool check metrics" "" "$(promtool check metrics <metrics.txt 2>&1)"
    run promtool check rules "$ROOT/contrib/alerts.yml"
    is "promtool check rules: $out$err" 0 "$code"
    run promtool test rules "$ROOT/tests/fixtures/alerts.yml"
    is "promtool test rules: $out$err" 0 "$code"
    # the dashboard's expressions, as rules
    python3 - "$ROOT/contrib/grafana.json" <<'PY' >panels.yml
import json, sys
print("groups: [{name: panels, rules: [")
for p in json.load(open(sys.argv[1]))["panels"]:
    for t in p["targets"]:
        print("  {record: x, labels: {panel: %s}, expr: %s}," % (
            json.dumps(p["title"] + t["refId"]), json.dumps(t["expr"].replace("$__rate_interval", "5m"))))
print("]}]")
PY
    run promtool check rules panels.yml
    is "the dashboard's expressions: $out$err" 0 "$code"
fi
