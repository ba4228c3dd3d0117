#!/usr/bin/env bash
# A table partitioned by month is adopted: every partition gets its indexes, mail in all of them is
# sent, new partitions work as they are, and prune takes old ones out as a whole.
. "$(dirname "$0")/../lib/e2e.sh"
sink
empty_db

month() { date -u -d "$(date -u +%Y-%m-01) $1 months" +%Y-%m-01; }
partition() { # NAME MONTHS FROM NOW
    sql "CREATE TABLE $1 PARTITION OF email_messages FOR VALUES FROM ('$(month "$2")') TO ('$(month "$(($2 + 1))")')"
}
sql "CREATE TABLE email_messages (id uuid NOT NULL DEFAULT gen_random_uuid(), to_email text NOT NULL,
        subject text NOT NULL, html text, status text NOT NULL DEFAULT 'pending',
        created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)"
for back in 0 -1 -6 -7; do partition "mail_${back#-}" "$back"; done
at() { echo "'$(month "$1")'::timestamptz + interval '3 days'"; }
insert 200 "created_at" "$(at -1)"
insert 50 "created_at, status" "$(at -6), 'sent'"
insert 50 "created_at, status" "$(at -7), 'sent'"

run postroom migrate --dry-run
is "exit of migrate --dry-run" 0 "$code"
contains "what it would run" "$out" "ATTACH PARTITION"
sql_is "columns before" 6 "SELECT count(*) FROM information_schema.columns WHERE table_name = 'email_messages'"
run postroom migrate
is "exit of migrate" 0 "$code"
sql_is "indexes of the parent that are whole" 7 "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = 'email_messages'::regclass AND c.relname LIKE 'postroom_%' AND i.indisvalid"
sql_is "partitions with their own autovacuum" 4 "SELECT count(*) FROM pg_class WHERE relname LIKE 'mail_%' AND relkind = 'r'
    AND reloptions::text LIKE '%autovacuum_vacuum_scale_factor%'"
run postroom migrate
contains "migrate again" "$out" "nothing to do"

insert 200
partition mail_next 1
insert 10 "created_at, scheduled_at" "$(at 1), now()"
run postroom run --once
is "exit of run --once" 0 "$code"
sql_is "sent in each partition" "mail_0|200
mail_1|200
mail_6|50
mail_7|50
mail_next|10" "SELECT tableoid::regclass, count(*) FROM email_messages WHERE status = 'sent' GROUP BY 1 ORDER BY 1::text"
is "effects" 410 "$(sink_stat effects)"
echo Hello >x
run postroom send --to b@mail.example --subject One --text x --dedupe once
is "exit of send" 0 "$code"
first=$out
run postroom send --to b@mail.example --subject Two --text x --dedupe once
is "the same key again" "$first" "$out"
run postroom run --once
is "exit of run --once" 0 "$code"

# An interrupted migration is taken up again.
sql "DROP INDEX postroom_due"
sql "CREATE INDEX postroom_due ON ONLY email_messages (created_at)"
sql "DROP INDEX postroom_due"
run postroom migrate
is "exit of migrate where an index is missing" 0 "$code"
sql_is "the index is whole again" t "SELECT indisvalid FROM pg_index WHERE indexrelid = 'postroom_due'::regclass"

# Old partitions: one holds nothing but old mail, one still has something to send.
sql "UPDATE email_messages SET updated_at = created_at, sent_at = created_at WHERE created_at < now() - interval '5 months'"
sql "UPDATE email_messages SET status = 'pending', scheduled_at = now() + interval '1 day'
     WHERE id = (SELECT id FROM mail_6 LIMIT 1)"
run postroom prune --older-than 100d --dry-run
contains "what would happen" "$out" "partition mail_7 would be detached"
run postroom prune --older-than 100d
is "exit of prune" 0 "$code"
contains "the old partition" "$out" "partition mail_7 detached"
contains "rows of the other" "$out" "^49 messages deleted"
sql_is "the detached one stays as a table" 50 "SELECT count(*) FROM mail_7"
sql_is "partitions" "mail_0
mail_1
mail_6
mail_next" "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'email_messages'::regclass ORDER BY 1::text"
sql_is "what has to be sent is there" 1 "SELECT count(*) FROM mail_6"
