#!/usr/bin/env bash
# A temporary failure is tried again with back-off, as the same request; attempts have an end; an
# application may ask again by setting pending.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"rules": [{"match": "^flaky", "status": 500, "name": "internal_server_error", "message": "Try later", "times": 2},
                 {"match": "^dead", "status": 500, "name": "internal_server_error", "message": "Never"}]}'
migrated_db
export POSTROOM_BACKOFF=500ms..1s POSTROOM_MAX_ATTEMPTS=3 POSTROOM_POLL_INTERVAL=1s

# The row of every failure is kept: it stands there for a moment only.
sql "CREATE TABLE failures AS SELECT * FROM email_messages;
     CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN INSERT INTO failures SELECT new.*; RETURN NULL; END\$\$;
     CREATE TRIGGER keep AFTER UPDATE ON email_messages FOR EACH ROW WHEN (new.status = 'failed') EXECUTE FUNCTION keep()"
worker w
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('flaky@mail.example', 'flaky', 'x')"
all_sent 20
reason="500 internal_server_error: Try later"
sql_is "the row after each failure" "1|t|$reason
2|t|$reason" "SELECT retry_count, next_attempt_at > last_retry_at, substr(error_message, 1, ${#reason}) FROM failures ORDER BY 1"
sql_is "failures counted" 2 "SELECT retry_count FROM email_messages WHERE subject = 'flaky'"
requests() { # their statuses, how many keys
    python3 -c 'import json
rows = [json.loads(line) for line in open("sink/requests.jsonl")]
print(*[r["status"] for r in rows], len({r["key"] for r in rows}))'
}
is "one request made three times" "500 500 200 1" "$(requests)"

sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('dead@mail.example', 'dead', 'x')"
wait_sql "the end of its attempts" 20 "failed|3|t|t" "SELECT status, retry_count, next_attempt_at IS NULL,
    last_retry_at IS NOT NULL FROM email_messages WHERE subject = 'dead' AND next_attempt_at IS NULL"
is "requests for it" 3 "$(sink_stat statuses.500 | awk '{ print $1 - 2 }')"

# max_attempts of the row wins.
sql "INSERT INTO email_messages (to_email, subject, html, max_attempts) VALUES ('dead1@mail.example', 'once', 'x', 1)"
wait_sql "one attempt only" 20 "failed|1|t" "SELECT status, retry_count, next_attempt_at IS NULL FROM email_messages WHERE subject = 'once'"

# Asking again.
sink_set '{"rules": []}'
sql "UPDATE email_messages SET status = 'pending' WHERE subject IN ('dead', 'once')"
wait_sql "everything sent" 20 0 "SELECT count(*) FROM email_messages WHERE status <> 'sent'"
sink_agrees
stop w
is "exit" 0 "$code"
contains "log" "$(cat w.log)" "❌ Failed to process email message [0-9a-f-]+: 500 internal_server_error: Never"
