#!/usr/bin/env bash
# pause, resume and trigger, for all workers and for one.
# also under: tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_POLL_INTERVAL=1s

worker a
run postroom pause --reason "key rotation"
is "exit of pause" 0 "$code"
contains "status" "$(postroom status)" "[Pp]aused.*key rotation"
knows() { [ "$(grep -c "paused.*by an operator" a.log)" = "$1" ]; }
wait_for "it to know" 20 knows 1
insert 10
sleep 2.5 # two polls: nothing must happen
sql_is "rows while paused" "pending|10" "SELECT status, count(*) FROM email_messages GROUP BY 1"
is "requests while paused" 0 "$(sink_stat requests)"
run postroom resume
is "exit of resume" 0 "$code"
all_sent 10 10

# One worker of two.
worker b
run postroom pause --worker a
is "exit of pause --worker" 0 "$code"
wait_for "it to know" 20 knows 2
before=$(sql "SELECT clock_timestamp()")
insert 200
all_sent 10 210
sql_is "who sent the second lot" b "SELECT string_agg(DISTINCT w.name, ',') FROM postroom.attempts t
    JOIN postroom.workers w ON w.id = t.worker JOIN email_messages m ON m.id::text = t.message_id
    WHERE m.created_at > '$before'"
run postroom resume --worker a
is "exit of resume --worker" 0 "$code"
run postroom pause --worker nosuch
[ "$code" != 0 ] || fail "pausing a worker that is not there must not succeed"
stop a
stop b

# trigger: nothing else would wake this one for an hour.
sql "DO \$\$ DECLARE t text; BEGIN
        FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'email_messages'::regclass AND NOT tgisinternal
        LOOP EXECUTE format('DROP TRIGGER %I ON email_messages', t); END LOOP; END \$\$"
POSTROOM_POLL_INTERVAL=1h worker c
looks_no_more() { # it does for a while after it has come, and as long as others' transactions last
    [ "$(sql "SELECT bool_and(now() - query_start > interval '2 s') FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()")" = t ]
}
wait_for "it to be asleep" 70 looks_no_more
insert 5
sleep 1
is "sent before the trigger" 210 "$(count sent)"
run postroom trigger
is "exit of trigger" 0 "$code"
all_sent 20 215
sink_agrees
