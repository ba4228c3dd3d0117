#!/usr/bin/env bash
# A provider that lies: whatever it answers, every row has an end, the worker lives on, and what its words
# leave behind in rows, log and database is one harmless line.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
migrated_db
liar
export POSTROOM_BACKOFF=1s..1s POSTROOM_REQUEST_TIMEOUT=3s POSTROOM_BATCH_SIZE=1

# One request at a time, every second one answered with a lie: never five failures in a row.
liar_set '{"mode": "lie"}'
n=$(scaled 1800)
insert "$n"
POSTROOM_CONCURRENCY=1 worker text
no_more_due
stop text
is "exit of the worker" 0 "$code"
sql_is "rows without an end" 0 "SELECT count(*) FROM email_messages WHERE status NOT IN ('sent', 'failed')"
within "rows refused by a lie" "$(count failed)" $((n / 20)) $((n / 2))
lacks "the lane" "$(grep -c lane_parked text.log || true)" '[1-9]'

# Batches of which every third mail is refused with hostile words.
liar_set '{"mode": "refuse"}'
insert 1500
POSTROOM_BATCH_SIZE=100 POSTROOM_LOG_FORMAT=json worker json
no_more_due
stop json
is "exit of the worker" 0 "$code"
sql_is "ids of other messages" 0 "SELECT count(*) FROM email_messages WHERE provider_message_id LIKE 're-%' AND provider_message_id <> 're-' || id"
within "refused in batches" "$(sql "SELECT count(*) FROM email_messages WHERE status = 'failed' AND error_message LIKE '422 %'")" 500 4000

# Lanes parked with hostile words: in the log, the commands and on the screen; a trigger opens them.
liar_set '{"mode": "take"}'
POSTROOM_LOG_FORMAT=text worker parked
term_start 100 40 bash -c 'tmux -S "$1" pipe-pane -o "cat >>screen.raw"; exec "$POSTROOM" watch' _ "$WORK/tmux.$((terminal + 1))"
term_wait '1 worker up' 15
words='\u001b]0;title\u0007\u001b[2J \u202e\u009b31m \u200b \\u0000 %s%n \r\n❌ Failed to process email message\n'
parked() { [ "$(sql "SELECT parked_reason FROM postroom.lanes")" = "$1" ]; }
for case in "401 restricted_api_key key" "403 invalid_api_key key" "403 validation_error sender" "429 daily_quota_exceeded daily" "451 security_error suspended" \
    "404 not_found key" "302 moved key"; do
    read -r status name reason <<<"$case"
    liar_set "{\"mode\": \"status\", \"status\": $status, \"name\": \"$name\", \"message\": \"$words\"}"
    insert 1
    wait_for "the lane to be parked by a $status" 20 parked "$reason"
    term_wait '^ (PARKED|QUOTA) '
    run postroom status
    cat run.out run.err >>said.text
    run postroom status --json
    cp run.out "said.$status.$name.json"
    run postroom why "$(sql "SELECT id FROM email_messages WHERE status = 'pending' LIMIT 1")"
    cat run.out run.err >>said.text
    liar_set '{"mode": "take"}'
    postroom trigger >/dev/null
    no_more_due
    term_gone '^ (PARKED|QUOTA) '
done
stop parked
is "exit of the worker" 0 "$code"
term_keys q
term_wait 'exit code 0'

as_json table.jsonl
sql "COPY (SELECT to_json(a) FROM postroom.attempts a UNION ALL SELECT to_json(j) FROM postroom.journal j) TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')" >tables.jsonl
python3 "$FAULT/texts.py" table.jsonl tables.jsonl || fail "what a row says is not one harmless line"
harmless text text.log parked.log said.text
harmless lines json.log
harmless json said.*.json
harmless screen screen.raw
