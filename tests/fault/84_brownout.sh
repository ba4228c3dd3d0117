#!/usr/bin/env bash
# A provider that fails altogether, then half of the time, then is well again: few requests while it is down, few
# attempts of each message, and in the end everything is sent once.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"
migrated_db
sink
export POSTROOM_RATE=50 POSTROOM_BATCH_SIZE=10 POSTROOM_POLL_INTERVAL=1s POSTROOM_BACKOFF=8s..30s POSTROOM_MAX_ATTEMPTS=20

insert 5000
workers 3
flows() { [ "$(wc -l <sink/requests.jsonl)" -gt 10 ]; }
wait_for "mail to flow" 20 flows

# All of it.
sink_set '{"rules": [{"status": 503, "name": "application_error", "message": "down"}]}'
down=$EPOCHREALTIME
parked() { [ "$(sql "SELECT parked_reason FROM postroom.lanes")" = down ]; }
wait_for "the lane to be parked" 10 parked
sleep 0.5 # what was on its way is answered
stood=$EPOCHREALTIME
sleep 20
arrivals "$stood" | python3 "$FAULT/arrivals.py" 1 "while it was down" | tee report
is "seconds with more than one probe" 0 "$(figure over)"
within "requests until it stopped" "$(arrivals "$down" "$stood" | wc -l)" 3 60
sql "SELECT max(retry_count) FROM email_messages" >most
echo "most attempts after 20 s: $(cat most)"
within "most attempts of a message" "$(cat most)" 0 3

# Every second request: the lane opens with the first probe that is taken, and stays open.
half=$EPOCHREALTIME
sink_set '{"rules": [{"every": 2, "status": 500, "name": "internal_server_error", "message": "half"}]}'
postroom trigger >/dev/null
open() { [ -z "$(sql "SELECT parked_reason FROM postroom.lanes")" ]; }
wait_for "the lane to be open" 30 open
sleep 10
sink_set '{"rules": []}'
well=$EPOCHREALTIME
all_sent 150
echo "requests while half of them fails: $(arrivals "$half" "$well" | wc -l); seconds to drain after that: $(awk -v t="$well" -v e="$EPOCHREALTIME" 'BEGIN { print e - t }')"
sink_agrees
sql "SELECT retry_count, count(*) FROM email_messages GROUP BY 1 ORDER BY 1" >attempts
echo "failures|messages: $(tr '\n' ' ' <attempts)"
sql_is "messages with more than three failures" 0 "SELECT count(*) FROM email_messages WHERE retry_count > 3"
stop_workers
arrivals "$well" | python3 "$FAULT/arrivals.py" 50 "well again" | tee report
within "requests in the fullest second after that" "$(figure worst)" 20 51
