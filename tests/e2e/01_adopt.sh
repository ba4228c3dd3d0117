#!/usr/bin/env bash
# A table that was there before is adopted: any type of id, other names, nothing dropped or retyped;
# what would refuse is named with the statement that mends it.
. "$(dirname "$0")/../lib/e2e.sh"
sink

old_table() { # TYPE OF id, with its default
    empty_db
    sql "CREATE TABLE email_messages (
            id $1 PRIMARY KEY, to_email text NOT NULL, subject text NOT NULL, html text,
            status text NOT NULL DEFAULT 'pending', created_at timestamptz NOT NULL DEFAULT now(), note text)"
    sql "CREATE INDEX mine ON email_messages (note)"
}

send_all() {
    run postroom run --once "$@"
    is "exit of run --once" 0 "$code"
    sql_is "messages not sent" 0 "SELECT count(*) FROM $table WHERE status <> 'sent'"
}

table=email_messages
for id in "uuid DEFAULT gen_random_uuid()" "bigint GENERATED ALWAYS AS IDENTITY" \
    "text DEFAULT 'm-' || substr(md5(random()::text), 1, 12)"; do
    old_table "$id"
    sql "INSERT INTO email_messages (to_email, subject, html, note) VALUES ('old@mail.example', 'Old', '<p>x</p>', 'kept')"
    before=$(sql "SELECT id, to_email, subject, html, status, created_at, note FROM email_messages")
    run postroom migrate
    is "migrate with id $id" 0 "$code"
    is "rows after migrate" "$before" "$(sql "SELECT id, to_email, subject, html, status, created_at, note FROM email_messages")"
    sql_is "type of id" "${id%% *}" "SELECT data_type FROM information_schema.columns
        WHERE table_name = 'email_messages' AND column_name = 'id' AND table_schema = 'public'"
    sql_is "own index kept" 1 "SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"
    run postroom migrate
    is "migrate again with id $id" 0 "$code"
    insert 5
    send_all
done

# Other names, given in [columns].
empty_db
table=outbox
sql "CREATE TABLE outbox (nr bigserial PRIMARY KEY, recipient text NOT NULL, title text NOT NULL,
        body_html text, state text NOT NULL DEFAULT 'pending', made_at timestamptz NOT NULL DEFAULT now())"
cat >mapped.conf <<'CONF'
table = outbox
[columns]
id = nr
to_email = recipient
subject = title
html = body_html
status = state
created_at = made_at
CONF
run postroom migrate --config mapped.conf
is "migrate with other names" 0 "$code"
sql "INSERT INTO outbox (recipient, title, body_html) VALUES ('x@mail.example', 'Mapped', '<p>x</p>')"
run postroom run --once --config mapped.conf
is "exit with other names" 0 "$code"
sql_is "row with other names" "sent|t" "SELECT state, provider_message_id IS NOT NULL FROM outbox"
contains "at the sink" "$(sink_messages to subject)" "x@mail.example.Mapped"

# A CHECK and an enum that would refuse: named, with the mending statement, which mends.
table=email_messages
old_table "bigserial"
sql "ALTER TABLE email_messages ADD CONSTRAINT known CHECK (status IN ('pending', 'sent', 'failed'))"
run postroom migrate
within "exit where a CHECK would refuse" "$code" 1 2
contains "the CHECK's name" "$out$err" "known"
contains "what it refuses" "$out$err" "processing"
statement=$(grep -ohE 'ALTER TABLE .*' run.out run.err | head -n 1)
sql "$statement"
run postroom migrate
is "migrate after mending" 0 "$code"
insert 3
send_all

empty_db
sql "CREATE TYPE mail_state AS ENUM ('pending', 'sent', 'failed');
     CREATE TABLE email_messages (id bigserial PRIMARY KEY, to_email text NOT NULL, subject text NOT NULL, html text,
        status mail_state NOT NULL DEFAULT 'pending', created_at timestamptz NOT NULL DEFAULT now())"
run postroom migrate
within "exit where an enum lacks words" "$code" 1 2
grep -ohE 'ALTER TYPE [^;]*;' run.out run.err >mend.sql
is "words to add" 2 "$(grep -c "ADD VALUE" mend.sql)"
while read -r statement; do sql "$statement"; done <mend.sql
run postroom migrate
is "migrate after adding them" 0 "$code"
insert 3
send_all

# A column whose type cannot hold what postroom writes: a worker would have sent the mail before it
# finds out, so migrate says it, with what to do. Then that is done, and it works.
# odd COLUMN TYPE WORDS
odd() {
    old_table "bigserial"
    sql "ALTER TABLE email_messages ADD COLUMN $1 $2"
    run postroom migrate
    is "exit where $1 is $2" 1 "$code"
    contains "the words on $1 $2" "$out" "^column $1 is .*$3"
    sql_is "what was made all the same" 0 "SELECT count(*) FROM pg_namespace WHERE nspname = 'postroom'"
}
for column in "priority text" "provider_response text" "error_code integer" "request_id text" "sent_at bigint" "cc text" "delivery boolean"; do
    # shellcheck disable=SC2086 # a name and a type
    odd $column "postroom_${column%% *}"
    { echo "[columns]" && grep -oE "${column%% *} = postroom_${column%% *}$" run.out; } >mapped.conf
    run postroom migrate --config mapped.conf
    is "migrate with another column for $column" 0 "$code"
    insert 2
    send_all --config mapped.conf
done
for column in "provider varchar(4)" "error_code varchar(20)" "claimed_by varchar(10)" "provider_message_id char(36)" "error_message varchar(255)"; do
    # shellcheck disable=SC2086
    odd $column "Run: ALTER TABLE"
    sql "$(grep -oE 'ALTER TABLE .*' run.out)"
    run postroom migrate
    is "migrate with a wider $column" 0 "$code"
    insert 2
    send_all
done

# CHECKs over several columns, or of others than the status, are judged by what they do.
old_table "bigserial"
sql "ALTER TABLE email_messages ADD COLUMN sent_at timestamptz, ADD COLUMN retry_count int DEFAULT 0, ADD COLUMN delivery text,
    ADD CONSTRAINT few CHECK (retry_count <= 3), ADD CONSTRAINT said CHECK (delivery IN ('delivered', 'bounced')),
    ADD CONSTRAINT good CHECK (status <> 'sent' OR sent_at IS NOT NULL), ADD CONSTRAINT theirs CHECK (note <> 'sent' OR status = 'x'),
    ADD CONSTRAINT body CHECK (status = 'draft' OR html IS NOT NULL), ADD CONSTRAINT noted CHECK (status <> 'sent' OR note IS NOT NULL),
    ADD CONSTRAINT sane CHECK (retry_count >= 0)"
run postroom migrate
is "exit where CHECKs would refuse" 1 "$code"
is "those that would" "the constraint few would refuse failed after 5 attempts
the constraint noted would refuse sent, delivered, delayed, bounced, complained, given up by the provider
the constraint said would refuse delayed, complained, given up by the provider" "$(grep -oE '^the constraint [^:]+' run.out)"
while read -r statement; do sql "$statement"; done < <(grep -oE 'ALTER TABLE .*' run.out)
run postroom migrate
is "migrate without them" 0 "$code"
insert 2
send_all

# A creation without time zone is read as UTC: where its default may be the time of elsewhere, that is said, once.
empty_db
sql "ALTER DATABASE $(sql "SELECT current_database()") SET timezone = 'Europe/Berlin'"
sql "CREATE TABLE email_messages (id bigserial PRIMARY KEY, to_email text NOT NULL, subject text NOT NULL, html text,
        status text NOT NULL DEFAULT 'pending', created_at timestamp NOT NULL DEFAULT now())"
run postroom migrate
is "migrate where created_at may be local time" 0 "$code"
contains "the words" "$out" "^-- note: column created_at has no time zone"
sql "$(grep -oE 'ALTER TABLE .*' run.out)"
run postroom migrate
is "once more" "0 nothing to do: the schema is up to date" "$code $out"
insert 2
send_all

# What is of another type and does all the same is taken as it is.
old_table "bigserial"
sql "ALTER TABLE email_messages ADD COLUMN from_email varchar(60), ADD COLUMN cc jsonb, ADD COLUMN headers json, ADD COLUMN priority bigint,
    ADD COLUMN scheduled_at timestamp, ADD COLUMN sent_at timestamp, ADD COLUMN error_code varchar(100), ADD COLUMN retry_count smallint"
run postroom migrate
is "migrate with other types that do" 0 "$code"
insert 2 "cc, headers" "'[\"c@mail.example\"]', '{\"X-A\": \"1\"}'"
send_all
