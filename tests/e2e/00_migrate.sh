#!/usr/bin/env bash
# postroom migrate: on an empty database, again, two at once, beside a running worker, and --dry-run.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"

shape() { # everything that is there, as text
    sql "SELECT table_schema, table_name, column_name, data_type, column_default, is_nullable
         FROM information_schema.columns WHERE table_schema IN ('public', 'postroom') ORDER BY 1, 2, 3"
    sql "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'postroom') ORDER BY 1"
    sql "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
}

# --dry-run prints SQL and leaves no trace.
empty_db
run postroom migrate --dry-run
is "exit of --dry-run" 0 "$code"
contains "--dry-run" "$out" "CREATE TABLE"
is "what --dry-run left behind" "" "$(shape)"

# Without the tables nothing runs, and the words say what to do.
POSTROOM_FROM=a@mail.example RESEND_API_KEY=re_x run postroom run --once
within "exit without a schema" "$code" 1 2
contains "words without a schema" "$err" "postroom migrate"

# Fresh, then again: nothing changes.
run postroom migrate
is "exit on an empty database" 0 "$code"
once=$(shape)
run postroom migrate
is "exit the second time" 0 "$code"
is "tables after the second time" "$once" "$(shape)"

# The table of the contract.
for column in id from_email to_email cc bcc reply_to subject html text headers attachments tags kind \
    priority scheduled_at max_attempts dedupe_key status created_at updated_at sent_at failed_at \
    last_retry_at next_attempt_at retry_count error_code error_message provider \
    provider_message_id provider_response delivery claimed_by claim_token lease_expires_at request_id; do
    contains "columns" "$once" "public.email_messages.$column."
done

# An application that knows only the plain columns works; defaults are as promised.
insert 1
sql_is "defaults" "pending|5|transactional|0" \
    "SELECT status, priority, kind, retry_count FROM email_messages"
sql "INSERT INTO email_messages (to_email, subject, dedupe_key) VALUES ('a', '', 'once')"
run sql "INSERT INTO email_messages (to_email, subject, dedupe_key) VALUES ('a', '', 'once')"
contains "the same dedupe_key twice" "$err" "duplicate key"

# Two at once.
empty_db
start one postroom migrate
start two postroom migrate
ended one
is "exit of one of two" 0 "$code"
ended two
is "exit of the other" 0 "$code"
is "tables after two at once" "$once" "$(shape)"

# Beside a worker that sends.
sink
worker w
insert "$(scaled 1000)"
run postroom migrate
is "exit beside a worker" 0 "$code"
all_sent 30
stop w
is "exit of the worker" 0 "$code"
sink_agrees
