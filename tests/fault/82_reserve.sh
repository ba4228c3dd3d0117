#!/usr/bin/env bash
# A quota, two workers: bulk mail stops where only the reserve is left, urgent mail goes on until all of it is used
# up, and not one message more is sent.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"
migrated_db
sink '{"latency_ms": 100}'
export POSTROOM_RATE=50 POSTROOM_BATCH_SIZE=10 POSTROOM_DAILY_QUOTA=300 POSTROOM_QUOTA_RESERVE=20%
day_lasts 120
insert 500
workers 2
still() { # NUMBER: so many went out, and nothing moves: the same number twice, nothing in flight
    local before
    before=$(sink_stat effects)
    [ "$before" -ge "$1" ] && sleep 1.5 && [ "$(count processing)" = 0 ] && [ "$(sink_stat effects)" = "$before" ]
}
wait_for "bulk mail to stop" 60 still 240
is "bulk mail sent before the reserve" 240 "$(sink_stat effects)"
id=$(sql "SELECT id FROM email_messages WHERE status = 'pending' LIMIT 1")
contains "why it waits" "$(postroom why "$id")" "daily quota .* used up but for the reserve"

insert 20 priority 2
wait_sql "urgent mail sent from the reserve" 20 20 "SELECT count(*) FROM email_messages WHERE priority = 2 AND status = 'sent'"
is "sent with it" 260 "$(sink_stat effects)"

insert 100 priority 0
wait_for "the quota to be used up" 60 still 300
is "sent when it is used up" 300 "$(sink_stat effects)"
sql_is "urgent mail that waits for tomorrow" "pending|60" "SELECT status, count(*) FROM email_messages WHERE priority = 0 AND status <> 'sent' GROUP BY 1"
sql_is "attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
sql_is "the lane" "daily|t" "SELECT parked_reason, parked_until = (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' FROM postroom.lanes"
sink_agrees
stop_workers
