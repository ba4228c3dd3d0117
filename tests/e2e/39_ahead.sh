#!/usr/bin/env bash
# All places taken: with keys the requests for the next ones are stored while these are on the wire,
# as many again, and more only where answers come at once; without keys nothing is, because a crash would leave it
# in doubt. Urgent mail does not wait behind what is stored, and outcomes do not wait for slots.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"latency_ms": 100}'
migrated_db
export POSTROOM_BATCH_SIZE=1 POSTROOM_CONCURRENCY=4 POSTROOM_RATE=1000

insert 100
worker w
all_sent 30 # now it knows how long answers take
sink_set "{\"rules\": [{\"hold_until\": \"$WORK/go\"}]}"
insert 300
wait_sql "four on the wire, four stored" 30 8 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
sql "INSERT INTO email_messages (to_email, subject, html, priority) VALUES ('urgent@mail.example', 'Urgent', 'x', 0)"
touch go
all_sent 60
stop w
at=$(sink_messages to | grep -n '^urgent@' | cut -d: -f1)
within "requests up to the urgent one" $((at - 100)) 5 17
sink_agrees

# The lane refuses while answers come and more is stored: the outcomes are written all the same.
sql "DELETE FROM email_messages"
sink_set "{\"rules\": [{\"match\": \"^h\", \"hold_until\": \"$WORK/release\"}]}"
worker h
insert 60
all_sent 30
sql "INSERT INTO email_messages (to_email, subject, html) SELECT 'h' || n || '@mail.example', 'Held', 'x' FROM generate_series(1, 12) n"
wait_sql "four on the wire, four or more stored" 30 t "SELECT count(*) >= 8 FROM postroom.requests WHERE state = 'open'"
sql "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN RAISE EXCEPTION 'not now'; END\$\$;
     CREATE TRIGGER refuse BEFORE UPDATE ON postroom.lanes FOR EACH ROW EXECUTE FUNCTION refuse()"
touch release
wait_sql "what was answered to be written" 20 4 "SELECT count(*) FROM email_messages WHERE to_email LIKE 'h%' AND status = 'sent'"
sql "DROP TRIGGER refuse ON postroom.lanes"
all_sent 40
stop h

sql "DELETE FROM email_messages"
rm release
export POSTROOM_PROVIDER=sendgrid
worker k
insert 60
all_sent 30
sql "INSERT INTO email_messages (to_email, subject, html) SELECT 'h' || n || '@mail.example', 'Held', 'x' FROM generate_series(1, 12) n"
wait_sql "four on the wire" 30 4 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
then=$(sql "SELECT now() + interval '1 s'")
wait_sql "a beat later" 20 t "SELECT max(heard_at) > '$then' FROM postroom.workers"
sql_is "without keys nothing is stored ahead" 4 "SELECT count(*) FROM postroom.requests WHERE state = 'open'"
touch release
all_sent 40
stop k
