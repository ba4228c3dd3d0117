#!/usr/bin/env bash
# While a backlog lasts outcomes are written over a second session, and the next mail is claimed and sent meanwhile.
# That session may break, or stand still until the worker has to stop: nothing is lost, nothing counted twice; it
# is closed when it has nothing to do.
# also under: asan, tsan
unset PG_ROOT PG_ROOT_SHARED # a server of its own, because it is stopped
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
sink
migrated_db
export POSTROOM_BATCH_SIZE=10 POSTROOM_CONCURRENCY=4 POSTROOM_RATE=100 POSTROOM_LEASE=10m POSTROOM_REQUEST_TIMEOUT=2m POSTROOM_DRAIN_TIMEOUT=3s
sessions() { sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postroom' ${1-}"; }

# stuck: outcomes stand still on the second session; what is stored after that began can only come over the first.
stuck() {
    hold
    wait_sql "requests stored while outcomes cannot be written" 20 t "SELECT count(*) > 0 FROM postroom.requests q,
        pg_stat_activity a WHERE a.application_name = 'postroom' AND a.wait_event_type = 'Lock' AND q.stored_at > a.query_start"
}
# A backlog that lasts: more is due than one claim takes, at any time.
backlog() {
    insert "$1"
    wait_for "a second session" 20 eval '[ "$(sessions)" -gt "$own" ]'
}

rows=8000 # at 1,000 a second: a backlog lasts until it was looked at
own=2 # one works, one listens
worker w
wait_for "both sessions" 20 eval '[ "$(sessions)" = "$own" ]'
backlog $rows
stuck
let_go
unspent 120
wait_for "the session to be closed when it has nothing to do" 40 eval '[ "$(sessions)" = "$own" ]'

# The session breaks: the first one takes over.
backlog $rows
stuck
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postroom' AND wait_event_type = 'Lock'" >/dev/null
wait_for "word of it" 20 grep -q written_again w.log
let_go
unspent 120
counted() {
    sql_is "attempts in the timeline" "$1|$1" "SELECT count(*), count(DISTINCT message_id) FROM postroom.attempts"
    sql_is "counted" "$1" "SELECT sum(messages) FROM postroom.usage"
    is "requests made again" 0 "$(sink_stat replays)"
}
counted $((2 * rows))
stop w
is "exit" 0 "$code"

# The database goes away with a write under way, and the worker has to stop.
worker w
backlog $rows
stuck
pg_as "$(pg_bin)/pg_ctl" -D "$PG_ROOT/data" -l "$PG_ROOT/log" -w -m immediate stop >/dev/null
let_go
stop w
is "exit with outcomes unwritten" 3 "$code"
contains "the last line" "$(tail -n 3 w.log)" "outcomes the database did not take.*outcomes-"
pg_as "$(pg_bin)/pg_ctl" -D "$PG_ROOT/data" -l "$PG_ROOT/log" -w start >/dev/null
sql "UPDATE postroom.requests SET lease_expires_at = now();
     UPDATE email_messages SET lease_expires_at = now() WHERE lease_expires_at > now()"
worker w
unspent 120
counted $((3 * rows))
stop w
is "exit" 0 "$code"
