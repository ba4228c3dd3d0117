#!/usr/bin/env bash
# A provider that answers every request with 429 for a minute, to eight workers on three hosts. Nobody asks before
# the time that was named, then one of them does; no message loses an attempt, nothing comes in a burst when it is
# over, and everything is sent once. Several minutes; needs root (network namespaces), else it is skipped.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/lane.sh"
. "$ROOT/tests/fault/hosts.sh"
metronome
STORM=${STORM:-60}
WIRE_MS=150 # from a request to its answer: several are on the wire when the storm begins

refusal() { # [RETRY-AFTER [TIMES]]
    local headers="{}"
    [ -z "${1-}" ] || headers="{\"retry-after\": $1}"
    printf '{"status": 429, "name": "rate_limit_exceeded", "message": "Too many", "headers": %s, "times": %s}' "$headers" "${2:--1}"
}
answered_well() { grep -c '"status": 200' sink/requests.jsonl || true; }
flows() { [ "$(answered_well)" -ge $((${1:-0} + 10)) ]; }

# storm NAME LIMIT PAUSE RULES [DEAF]: mail flows at that limit, then the storm; PAUSE is the one that its last answers
# name. The worker number DEAF listens in another database: what it holds when a pause begins it uses, and no more.
storm() {
    local name=$1 limit=$2 begun over before deaf=${5-} held=0
    [ -z "$deaf" ] || held=$((limit / 4))
    sql "TRUNCATE email_messages"
    : >metronome.log
    export POSTROOM_RATE=$limit POSTROOM_BATCH_SIZE=1
    sink_for_hosts "\"latency_ms\": $WIRE_MS"
    LISTEN_ELSEWHERE=$deaf workers 8
    insert $((limit * 20))
    wait_for "mail to flow" 30 flows
    [ -z "$deaf" ] || wait_for "w$deaf to send" 30 log_more "w$deaf" Processed "$(log_count "w$deaf" Processed)"
    begun=$EPOCHREALTIME
    sink_set "{\"rules\": [$4]}"
    sleep "$STORM"
    sql_is "$name: failures counted" "0|0" "SELECT failures, probes FROM postroom.lanes"
    sql_is "$name: the lane" rate "SELECT parked_reason FROM postroom.lanes"
    sink_set '{"rules": []}'
    over=$EPOCHREALTIME
    before=$(answered_well)
    wait_for "mail to flow again" 30 flows "$before"
    all_sent 60
    sink_agrees
    sql_is "$name: attempts spent" 0 "SELECT sum(retry_count) FROM email_messages"
    stop_workers
    python3 "$FAULT/storm.py" sink/requests.jsonl "$begun" "$over" "$WIRE_MS" "$3" | sed "s/^/$name, limit $limit: /" | tee report
    even "$name: requests before their time" "$(figure early)" 0 "$held"
    even "$name: most requests at the end of a pause" "$(figure together)" 1 1
    even "$name: seconds from the last pause to mail" "$(figure resumed)" 0 2
    paced "$name, limit $limit" "$limit"
    stop_sink
}
storm "the same pause again and again" 100 7 "$(refusal 7)"
storm "a long pause, then short ones" 10 4 "$(refusal $((STORM - 2)) 1), $(refusal 4)"
storm "no pause named" 10 1 "$(refusal)"
storm "a slow lane" 2 7 "$(refusal 7)"
storm "one hears nothing" 10 7 "$(refusal 7)" 8
