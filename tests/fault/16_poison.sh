#!/usr/bin/env bash
# A message on which the worker dies each time, among 200 others. Where it dies before anything of it was
# sent, the message is found, alone, and fails as `poison`. Where it dies with its request on the wire,
# that request is made again for a while and then held as uncertain. The others are sent.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
sink
fault_db
export POSTROOM_LEASE=30s POSTROOM_REQUEST_TIMEOUT=10s POSTROOM_BACKOFF=1s..2s

mail_with_poison() {
    nothing_yet
    mail 200
    sql "UPDATE email_messages SET to_email = 'poison@mail.example' WHERE subject = 'Message 57'"
}

over() { ended_already "${pid[w]}"; }

# workers CONDITION: one after another, each killed when the condition holds (or by the sink), until one
# has come to the end of its work; $deaths counts the others.
workers() {
    deaths=0
    while true; do
        start w bash -c 'echo $$ >pid; exec "$0" run --once' "$FAULTY"
        wait_for "the worker to die of it, or to be done" 60 "$1"
        over || kill -KILL "${pid[w]}"
        ended w
        [ "$code" = 137 ] || return 0
        deaths=$((deaths + 1))
        [ "$deaths" -lt 40 ] || fail "it kills and kills"
        # It waits until they are gone: one still dying would be taken for the next worker's.
        sql "SELECT pg_terminate_backend(pid, 60000) FROM ($STRUCK) s" >/dev/null
        leases_end
    done
}

ends_as() { # EXPECTED: status, error code, number, and whose if it is only one
    is "$WHERE: in the end" "$1" "$(sql "SELECT concat_ws(' ', status, error_code, count(*),
        CASE count(*) WHEN 1 THEN min(to_email) END) FROM email_messages GROUP BY status, error_code ORDER BY 1" | xargs)"
}

# --- while its request is stored: the statement never comes back ----------------------------------
STRUCK="SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
struck_or_over() { [ -n "$(sql "$STRUCK")" ] || over; }
sql "CREATE FUNCTION fatal() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
         IF EXISTS (SELECT FROM email_messages WHERE to_email = 'poison@mail.example' AND id::text = ANY (NEW.members)) THEN
             PERFORM pg_sleep(600);
         END IF;
         RETURN NEW;
     END \$\$;
     CREATE TRIGGER fatal BEFORE INSERT ON postroom.requests FOR EACH ROW EXECUTE FUNCTION fatal()"
WHERE="stored"
way batch
export POSTROOM_BATCH_SIZE=100
mail_with_poison
workers struck_or_over
is "$WHERE: exit of the last worker" 1 "$code"
is "$WHERE: workers it took" 7 "$deaths"
ends_as "failed poison 1 poison@mail.example sent 199"
judged --failures
echo "$WHERE: $deaths deaths, $out"
sql "DROP TRIGGER fatal ON postroom.requests"

# --- while it is on the wire ----------------------------------------------------------------------
WHERE="on the wire"
way single
sink_set "{\"rules\": [{\"match\": \"^poison\", \"drop\": \"before\", \"signal\": {\"file\": \"$WORK/pid\", \"at\": \"complete\"}}]}"
mail_with_poison
workers over
is "$WHERE: exit of the last worker" 1 "$code"
ends_as "failed uncertain 1 poison@mail.example sent 199"
judged
echo "$WHERE: $deaths deaths, $out"
