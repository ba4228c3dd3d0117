#!/usr/bin/env bash
# Applications notify only workers that sleep, need no rights for it, and lose no time where a worker
# falls asleep while their transaction is open.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_POLL_INTERVAL=1h

# notes SQL: how many notifications a statement makes
notes() {
    psql -XqAt "$DATABASE_URL" -c "LISTEN postroom" -c "$1" -c "SELECT 1" | grep -c "notification" || true
}
mail="INSERT INTO email_messages (to_email, subject, text) VALUES ('a@mail.example', 'x', 'x')"

# awake_notes SQL: the same while a worker says that it is awake, as seen on both sides of the statement: it is
# believed for three seconds, and says so each second, where the machine lets it.
awake_notes() {
    local awake="SELECT 'awake' FROM postroom.attention WHERE awake_until > clock_timestamp()" statement=$1
    all_the_while() {
        psql -XqAt "$DATABASE_URL" -c "LISTEN postroom" -c "BEGIN; $awake; $statement; $awake; COMMIT" -c "SELECT 1" >told
        [ "$(grep -c awake told)" = 2 ]
    }
    wait_for "a worker to be awake all the while" 30 all_the_while
    grep -c notification told || true
}

is "notifications with nobody to hear them" 0 "$(notes "$mail")"
worker w
all_sent 20
asleep() { [ "$(sql "SELECT awake_until IS NULL FROM postroom.attention")" = t ]; }
awake() { [ "$(sql "SELECT awake_until > now() FROM postroom.attention")" = t ]; }
wait_for "the worker to sleep" 20 asleep
is "notifications while it sleeps" 1 "$(notes "$mail")"
all_sent 10

# An application of few rights.
sql "CREATE ROLE few_$$; GRANT SELECT, INSERT ON email_messages TO few_$$"
sql "SET ROLE few_$$; $mail"
all_sent 10

# The trigger runs with its owner's rights, so nothing that the caller puts before PostgreSQL's own
# functions, operators and our table is used by it.
sql "CREATE SCHEMA trap AUTHORIZATION few_$$; SET ROLE few_$$; SET search_path = trap;
     CREATE TABLE sprung (who text);
     CREATE FUNCTION spring(what text) RETURNS void LANGUAGE sql SET search_path = trap, pg_catalog AS
         'INSERT INTO sprung VALUES (\$1 || '' as '' || current_user)';
     CREATE FUNCTION current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT trap.spring(\$1); SELECT \$1';
     CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT trap.spring(''clock''); SELECT pg_catalog.now()';
     CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT trap.spring(''notify'')';
     CREATE FUNCTION later(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring(''later''); SELECT true';
     CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring(''same''); SELECT true';
     CREATE OPERATOR > (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = later);
     CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
     CREATE OPERATOR <> (LEFTARG = text, RIGHTARG = text, FUNCTION = same)"
trapped="SET search_path = trap, pg_catalog"
sql "$trapped; SET ROLE few_$$; SELECT current_setting('it')" >/dev/null
sql_is "the trap, when it is stepped on" "it as few_$$" "SELECT who FROM trap.sprung"
for level in "READ COMMITTED" "REPEATABLE READ"; do
    sql "$trapped; SET ROLE few_$$; BEGIN ISOLATION LEVEL $level; ${mail/email/public.email}; COMMIT"
    all_sent 10
done
sql "INSERT INTO postroom.attention VALUES ('awake', now() + interval '1 hour');
     $trapped; SET ROLE few_$$; ${mail/email/public.email};
     RESET ROLE; RESET search_path; DELETE FROM postroom.attention WHERE worker = 'awake'; NOTIFY postroom"
all_sent 10
sql "BEGIN; CREATE TEMP TABLE kept AS TABLE postroom.attention; DELETE FROM postroom.attention;
     $trapped; SET ROLE few_$$; ${mail/email/public.email};
     RESET ROLE; RESET search_path; INSERT INTO postroom.attention TABLE kept; NOTIFY postroom; COMMIT"
all_sent 10
sql_is "the trap, by the trigger" "it as few_$$" "SELECT string_agg(who, ', ') FROM trap.sprung"
sql "DROP SCHEMA trap CASCADE"

# Under a stream of mail it is awake, and nobody notifies it; not even then an old state is trusted.
many=$(for _ in $(seq 100); do echo "$mail;"; done)
stream() {
    while [ ! -e enough ]; do
        psql -Xq "$DATABASE_URL" <<<"$many"
    done
}
start stream stream
wait_for "the worker to be awake" 20 awake
is "notifications while it is awake" 0 "$(awake_notes "$mail")"
is "and of who may see an old state" 1 "$(notes "BEGIN ISOLATION LEVEL REPEATABLE READ; $mail; COMMIT")"
: >enough
ended stream
wait_for "the worker to sleep" 20 asleep
all_sent 20

# One that is paused keeps nobody else from being woken.
worker v
postroom pause --worker v >/dev/null
out() { [ "$(sql "SELECT count(*), count(awake_until) FROM postroom.attention")" = "1|0" ]; }
wait_for "the paused one to be out of it" 20 out
is "notifications while one sleeps and one is paused" 1 "$(notes "$mail")"
all_sent 10
stop v

# What was inserted in a pause, and is committed when it sleeps again, is seen.
postroom pause >/dev/null
gone() { [ "$(sql "SELECT count(*) FROM postroom.attention")" = 0 ]; }
wait_for "the worker to be out of it" 20 gone
is "notifications while all are paused" 0 "$(notes "$mail")"
n=$(sql "SELECT count(*) FROM email_messages")
mkfifo late
psql -XqAt "$DATABASE_URL" <late >late.log 2>&1 &
exec 9>late
echo "BEGIN; $mail; SELECT 'inserted';" >&9
wait_for "the late transaction's INSERT" 20 grep -q inserted late.log
postroom resume >/dev/null
wait_for "the worker to sleep" 20 asleep
all_sent 10 "$n"
echo "COMMIT;" >&9
all_sent 10 $((n + 1))
exec 9>&-
stop w
is "exit" 0 "$code"
sql_is "workers that would have to be woken" 0 "SELECT count(*) FROM postroom.attention"
sql "REVOKE ALL ON email_messages FROM few_$$; DROP ROLE few_$$"
sink_agrees
