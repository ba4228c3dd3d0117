#!/usr/bin/env bash
# The stops of a lane: a rate limit, a used-up day, a used-up month, a refused key, a held account, a provider that
# is down. Each stops all three workers, costs no message an attempt, is told wherever one looks, and ends when it
# should.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/lane.sh"
migrated_db
sink
export POSTROOM_RATE=40 POSTROOM_BATCH_SIZE=1 POSTROOM_POLL_INTERVAL=1s POSTROOM_BACKOFF=1s..2s
workers 3
term_start 100 30 "$POSTROOM" watch
term_wait '3 workers up' 15

refuses() { # STATUS NAME [HEADERS [TIMES]]
    sink_set "{\"rules\": [{\"status\": $1, \"name\": \"$2\", \"message\": \"Not now\", \"headers\": ${3:-"{}"}, \"times\": ${4:--1}}]}"
}
accepts() { sink_set '{"rules": []}'; }
parked() { [ "$(sql "SELECT parked_reason FROM postroom.lanes")" = "$1" ]; }
open() { [ -z "$(sql "SELECT parked_reason FROM postroom.lanes")" ]; }
requests() { wc -l <sink/requests.jsonl; }
# The request of that status that came last, and what came after it.
told() { python3 -c 'import json, sys
print([r["time"] for r in map(json.loads, open("sink/requests.jsonl")) if r["status"] == int(sys.argv[1])][int(sys.argv[2])])' "$1" "${2:--1}"; }

status_says() { postroom status | grep -q -- "$1"; }

# stops NAME REASON STATE UNTIL: all stand still, and everybody says so; UNTIL as `why` has it.
stops() {
    local id before
    wait_for "the lane to be parked: $1" 20 parked "$2"
    wait_sql "nothing in flight: $1" 10 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
    sql_is "attempts spent: $1" 0 "SELECT coalesce(sum(retry_count), 0) FROM email_messages WHERE status = 'pending'"
    before=$(requests)
    id=$(sql "SELECT id FROM email_messages WHERE status = 'pending' LIMIT 1")
    wait_for "status to say so: $1" 5 status_says "parked: $2"
    contains "why: $1" "$(postroom why "$id")" "$4"
    [ -z "$3" ] || term_wait "^ $3 " 15
    term_wait '│ parked'
    term_text | grep -E '^ [A-Z]+ |│ parked' | head -n 2
    postroom why "$id"
    [ "$2" = down ] || is "requests while it stands still: $1" "$before" "$(requests)"
}
goes_on() { # NAME
    wait_for "the lane to be open: $1" 20 open
    all_sent 30
    sink_agrees
    sql_is "attempts spent: $1" 0 "SELECT sum(retry_count) FROM email_messages"
    term_gone '^ (PARKED|QUOTA) ' 15
}
# soon WHAT SECONDS LOW HIGH: never sooner; what comes later than it should is late.
soon() {
    within "$1" "$2" "$3" 1e9
    awk -v x="$2" -v high="$4" 'BEGIN { exit !(x <= high) }' || late "$1: $2, more than $4"
}
# A rate limit. Nobody sends before the time that the provider named; then all do.
refuses 429 rate_limit_exceeded '{"retry-after": 15}' 1
insert 300
stops "a rate limit" rate "" "lane parked until $CLOCK .*429 rate_limit_exceeded"
all_sent 30
early=$(awk -v t="$(told 429)" 'BEGIN { printf "%.6f", t }')
arrivals "$early" | awk -v t="$early" '$1 > t { printf "%.3f\n", $1 - t }' >since
echo "seconds from the 429 to the requests after it: $(head -n 8 since | tr '\n' ' ')"
is "requests between the 429 and 100 ms before its time" "" "$(awk '$1 > 0.1 && $1 < 14.9' since | tr '\n' ' ')"
soon "the first after it" "$(awk '$1 >= 14.9 { print; exit }' since)" 14.9 17
goes_on "a rate limit"

# The day's quota is used up: until the next midnight, UTC; two seconds before it the lane opens by itself.
opens_by_itself() { # NAME PERIOD: at the end of this one it would; and as if its time had come
    sql_is "until when: $1" t "SELECT parked_until = (date_trunc('$2', now() AT TIME ZONE 'UTC') + interval '1 $2') AT TIME ZONE 'UTC' FROM postroom.lanes"
    accepts
    local moved before first
    before=$(requests)
    moved=$(sql "UPDATE postroom.lanes SET parked_until = clock_timestamp() + interval '2 s' RETURNING extract(epoch FROM parked_until)")
    goes_on "$1"
    first=$(arrivals | sed -n "$((before + 1))p")
    soon "seconds from its time to the first request: $1" "$(awk -v a="$first" -v b="$moved" 'BEGIN { print a - b }')" 0 3
}
day_lasts 90
refuses 429 daily_quota_exceeded
insert 60
stops "a day's quota" daily QUOTA "daily quota of lane resend used up until .*00:00:00"
opens_by_itself "a day's quota" day
day_lasts 90
refuses 429 monthly_quota_exceeded
insert 60
stops "a month's quota" monthly QUOTA "monthly quota of lane resend used up until 1 [A-Z][a-z]+ 00:00:00"
opens_by_itself "a month's quota" month

# Refused key, refused sender, held account: until somebody acts. A trigger tries one request; so does a worker
# that starts, with the old key or the new.
for case in "401 restricted_api_key key" "403 invalid_api_key key" "403 validation_error sender" "451 security_error suspended"; do
    read -r status name reason <<<"$case"
    refuses "$status" "$name"
    insert 60
    stops "$status $name" "$reason" PARKED "until somebody acts .*$status $name: Not now"
    sql_is "until when: $status $name" "" "SELECT parked_until FROM postroom.lanes"
    before=$(requests)
    postroom trigger >/dev/null
    more() { [ "$(requests)" -gt "$before" ]; }
    wait_for "one request after a trigger: $name" 10 more
    stops "$status $name, after a trigger" "$reason" PARKED "until somebody acts"
    is "requests after a trigger: $name" $((before + 1)) "$(requests)"
    before=$(requests)
    stop w2
    worker w2
    wait_for "one request after a start: $name" 10 more
    stops "$status $name, after a start" "$reason" PARKED "until somebody acts"
    within "requests after a start: $name" "$(requests)" $((before + 1)) $((before + 2))
    accepts
    if [ "$name" = invalid_api_key ]; then stop w3 && worker w3; else postroom trigger >/dev/null; fi
    goes_on "$status $name"
done

# The provider is down: the fifth failure in a row stops the lane; probes of one message, after 5 s and then more;
# it opens by itself.
stop w1 && stop w2 && stop w3
export POSTROOM_CONCURRENCY=1 POSTROOM_RATE=20
worker w1 && worker w2 && worker w3
before=$(requests)
refuses 503 application_error
insert 60
wait_for "the lane to be down" 20 parked down
begun=$(sql "SELECT extract(epoch FROM parked_since) FROM postroom.lanes")
stops "down" down PARKED "lane parked until $CLOCK .*503 application_error: Not now.*it tries by itself"
after() { awk -v t="$begun" -v s="$1" 'BEGIN { printf "%.6f", t + s }'; }
within "requests until it stopped" $(($(arrivals 0 "$(after 2)" | wc -l) - before)) 5 8
probes() { arrivals "$(after 2)" | awk -v t="$begun" '{ printf "%.2f\n", $1 - t }' >probes && [ "$(wc -l <probes)" -ge 2 ]; }
wait_for "two probes" 40 probes
echo "probes, seconds after it stopped: $(tr '\n' ' ' <probes)"
soon "the first probe" "$(sed -n 1p probes)" 4.5 7
soon "the second" "$(sed -n 2p probes)" 14 18
is "messages per probe" 1 "$(tail -n 2 sink/requests.jsonl | python3 -c 'import json, sys
print(*{json.loads(line)["n"] for line in sys.stdin})')"
accepts
wait_for "the lane to be open again" 25 open
all_sent 30
sink_agrees
sql "SELECT count(*), attempts FROM (SELECT count(*) AS attempts FROM postroom.attempts GROUP BY message_id) a GROUP BY 2 ORDER BY 2" >attempts
echo "messages|attempts: $(tr '\n' ' ' <attempts)"
sql_is "most attempts of a message" t "SELECT max(retry_count) <= 3 FROM email_messages"
