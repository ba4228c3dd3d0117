#!/usr/bin/env bash
# A refused key parks the lane: mail waits, no attempt is spent, a trigger tries one request and opens
# the lane once the key is right. A provider that is down parks it too, and is probed.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"api_key": "re_another"}'
migrated_db

worker w
insert 50
parked() { grep -qi parked <<<"$(postroom status)"; }
wait_for "the lane to be parked" 10 parked
wait_sql "nothing in flight" 10 "pending|50|0" "SELECT status, count(*), sum(retry_count) FROM email_messages GROUP BY 1"
wait_for "the log to say so" 5 grep -q "403 invalid_api_key" w.log
tries=$(sink_stat requests)
within "requests before it parked" "$tries" 1 16

tried_again() { [ "$(sink_stat requests)" -gt "$tries" ]; }
run postroom trigger
is "exit of trigger" 0 "$code"
wait_for "one more try" 10 tried_again
wait_for "the lane to stay parked" 10 parked
wait_sql "still pending" 10 "pending|50|0" "SELECT status, count(*), sum(retry_count) FROM email_messages GROUP BY 1"
is "requests after a trigger" $((tries + 1)) "$(sink_stat requests)"

sink_set '{"api_key": null}'
postroom trigger >/dev/null
all_sent 20 50
sink_agrees

# Down: five failures in a row park it; it opens by itself, and no attempt is spent after that.
sink_set '{"rules": [{"status": 503, "name": "application_error", "message": "down"}]}'
export POSTROOM_BACKOFF=1s..2s
stop w
POSTROOM_BATCH_SIZE=1 worker w
insert 40
wait_for "the lane to be parked" 20 parked
calm=$(sink_stat requests)
within "requests before it parked" $((calm - tries - 2)) 5 25
wait_sql "most still untouched" 10 t "SELECT count(*) FILTER (WHERE retry_count = 0) >= 20 FROM email_messages WHERE status = 'pending'"
sink_set '{"rules": []}'
all_sent 60 90
sink_agrees

# run --once with a parked lane: 1, saying so.
stop w
sink_set '{"api_key": "re_another"}'
insert 3
run postroom run --once
is "exit of run --once" 1 "$code"
contains "the line that says so" "$out$err" "wait|left|park"
