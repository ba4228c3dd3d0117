#!/usr/bin/env bash
# kill -9 while outcomes are written over the second session, as under a backlog: handed over and not written,
# written and not told; at the other steps of a send while a write is under way, which the server then ends without
# the worker. And a write that stands still for longer than the lease: it changes nothing any more.
# REPEATS and WAY (one or more) may be given.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/crash.sh"
sink
fault_db
export POSTROOM_RATE=200 POSTROOM_CONCURRENCY=8 POSTROOM_LEASE=30s POSTROOM_REQUEST_TIMEOUT=10s
REPEATS=${REPEATS:-1}

# A backlog for some seconds, which the worker that comes after has to send, too.
backlog() {
    nothing_yet
    sink_set '{"rules": []}'
    mail $((members * 500))
}
told() { grep -c "✅" "$1.log" || true; }

# What its death left: messages told, sent as the table has it, and taken by the sink.
crashed() {
    is "$WHERE: exit of the one that died" 137 "$code"
    told=$(told dying) sent=$(count sent) effects=$(effects)
    [ "$sent" -gt 0 ] || late "$WHERE: it died before its first outcome"
    [ "$effects" -ge "$sent" ] || fail "$WHERE: $sent sent, but only $effects reached the sink"
}

# The worker that comes after finds an end to all of it.
ended_well() { # AT LEAST SO MANY HAD NO OUTCOME
    leases_end
    if $keyless; then
        sent_now 1
        local held
        held=$(sql "SELECT count(*) FROM email_messages WHERE error_code = 'uncertain'")
        [ "$held" -ge "$1" ] || fail "$WHERE: $held held of $1 without an outcome"
        sql_is "$WHERE: in the end" "$((members * 500 - held))|0" "SELECT count(*) FILTER (WHERE status = 'sent'), sum(retry_count) FROM email_messages"
    else
        sent_now
        sql_is "$WHERE: in the end" "sent|0|$((members * 500))" "SELECT status, retry_count, count(*) FROM email_messages GROUP BY 1, 2"
        [ "$(replays)" -ge "$1" ] || fail "$WHERE: $(replays) asked for again of $1 without an outcome"
    fi
    judged
    sql_is "$WHERE: requests left" 0 "SELECT count(*) FROM postroom.requests"
    echo "$WHERE: $sent sent, $told told, $effects gone out; $out"
}

# In the write itself.
dies_writing() { # POINT WAY
    WHERE="$1 $2"
    backlog
    POSTROOM_FAULT=$1:5 start dying "$FAULTY" run --no-ui
    ended dying 60
    crashed
    case "$1" in
        K6B) is "$WHERE: sent but not told" "$sent" "$told" ;;
        K7B) [ "$sent" -gt "$told" ] || fail "$WHERE: all $sent that were sent were told" ;;
    esac
    [ "$effects" -gt "$sent" ] || [ "$1" = K7B ] || fail "$WHERE: nothing was without an outcome"
    ended_well $((effects - sent))
}

# It dies at another step while a write waits for a lock; the server ends that write without it.
dies_beside() { # POINT WAY
    WHERE="$1 with a write under way, $2"
    backlog
    : >go
    POSTROOM_FAULT=$1:12+:$PWD/go start dying "$FAULTY" run --no-ui
    wait_for "$WHERE: the step" 30 test ! -e go
    hold
    until sql "$WAITING" | grep -q 1; do
        : >go # to the next pass
        wait_for "$WHERE: the step again" 30 test ! -e go
    done
    kill -KILL "${pid[dying]}"
    ended dying
    crashed
    is "$WHERE: sent but not told" "$sent" "$told"
    let_go
    wait_sql "$WHERE: the write to end" 20 0 "$WAITING"
    wait_sql "$WHERE: its sessions to end" 20 0 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postroom'"
    sent=$(count sent)
    [ "$sent" -ge "$told" ] || fail "$WHERE: $told were told, and $sent are sent"
    ended_well $((effects - sent))
}
WAITING="SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postroom' AND wait_event_type = 'Lock'"

# It stands still for longer than the lease, while its worker goes on; another takes over what was to be written.
too_late() { # WAY
    WHERE="a late write, $1"
    backlog
    : >go
    POSTROOM_FAULT=K6B:5:$PWD/go POSTROOM_LEASE=3s POSTROOM_REQUEST_TIMEOUT=1s POSTROOM_WORKER_NAME=slow start slow "$FAULTY" run --no-ui
    wait_for "$WHERE: the write" 30 test ! -e go
    POSTROOM_POLL_INTERVAL=500ms worker other
    wait_sql "$WHERE: all to be done, but for what the first one holds, and some of that taken over" 60 "0|t" \
        "SELECT count(*) FILTER (WHERE status = 'pending' OR status = 'processing' AND claimed_by NOT LIKE 'slow%'),
        count(*) FILTER (WHERE claim_token > 1 AND status <> 'processing') > 0 FROM email_messages"
    # what is unwritten at a crash is in doubt then
    ! $keyless || within "$WHERE: outcomes that wait for it" "$(count processing)" 0 $((4 * POSTROOM_CONCURRENCY))
    sql "CREATE TEMP TABLE ended AS SELECT id, xmin::text AS version FROM email_messages WHERE status <> 'processing'"
    : >go
    wait_for "$WHERE: word of it" 20 grep -q lease_lost slow.log
    wait_sql "$WHERE: the rest of its outcomes" 20 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
    sql_is "$WHERE: rows changed after their end" 0 \
        "SELECT count(*) FROM ended e JOIN email_messages m USING (id) WHERE m.xmin::text <> e.version"
    sql "DROP TABLE ended"
    stop slow
    is "$WHERE: exit of the late one" 0 "$code"
    stop other
    judged
    echo "$WHERE: $out"
}

for ((round = 1; round <= REPEATS; round++)); do
    for name in ${WAY:-batch single keyless}; do
        way "$name"
        for point in K6B K7B; do dies_writing "$point" "$name"; done
        for point in K1 K2 K2S; do dies_beside "$point" "$name"; done
        too_late "$name"
    done
done
