#!/usr/bin/env bash
# From INSERT to the provider: what arrives, what the row says afterwards, what the log says, and the
# exit codes of run --once.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db

# A daemon, woken by an INSERT.
worker w
id=$(sql "INSERT INTO email_messages (to_email, subject, html) VALUES
          ('Ann Berg <ann@mail.example>', 'Grüße ✓', '<p>Hi</p>') RETURNING id")
all_sent 10
sql_is "the row" "sent|resend|t|t|t|f|0" "SELECT status, provider, provider_message_id IS NOT NULL,
    provider_response IS NOT NULL, sent_at IS NOT NULL, error_code IS NOT NULL, retry_count
    FROM email_messages WHERE id = '$id'"
is "at the sink" "effect	$id	Ann Berg <ann@mail.example>	Grüße ✓" "$(sink_messages kind id to subject)"
stop w
is "exit after SIGTERM" 0 "$code"
contains "log" "$(cat w.log)" "✅ Processed email message $id for ann@mail.example$"

# Everything a row may carry.
full=$(sql "INSERT INTO email_messages (from_email, to_email, cc, bcc, reply_to, subject, html, text,
        headers, attachments, tags) VALUES ('Other <other@shop.example>', 'full@mail.example',
        '{c1@mail.example,c2@mail.example}', '{b@mail.example}', '{r@shop.example}', 'Full',
        '<p>h</p>', 't', '{\"X-Ref\": \"7\"}',
        '[{\"filename\": \"a.txt\", \"content\": \"aGVsbG8=\", \"content_type\": \"text/plain\"}]',
        '{\"campaign\": \"autumn\"}') RETURNING id")
run postroom run --once
is "exit of run --once" 0 "$code"
contains "log of run --once" "$out" "✅ Processed email message $full for full@mail.example"
sink_agrees
is "a mail with an attachment goes alone" "/emails	1" \
    "$(sink_messages to path n | awk -F '\t' '$1 == "full@mail.example" { print $2 "\t" $3 }')"

# Of a batch each row has its part of the answer, also where an earlier one is there.
sql "INSERT INTO email_messages (to_email, subject, html, provider_response)
     SELECT 'b' || n || '@mail.example', 'Batch', 'x', '{\"name\": \"old\"}' FROM generate_series(1, 2) n"
run postroom run --once
is "exit of run --once with a batch" 0 "$code"
sql_is "their answers" "2|2" "SELECT count(*), count(*) FILTER (WHERE provider_response = jsonb_build_object('id',
    provider_message_id)) FROM email_messages WHERE subject = 'Batch' AND status = 'sent'"

# Nothing due: done at once.
run postroom run --once
is "exit with nothing due" 0 "$code"

# A message that ended failed: 1, and a line that says so.
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('nobody', 'Bad', 'x')"
run postroom run --once
is "exit where a message failed" 1 "$code"
contains "log where a message failed" "$out" "❌ Failed to process email message [0-9a-f-]+: ."
contains "the line that says so" "$out$err" "1 .*failed|failed.* 1"

# A scheduled one is not due.
sql "INSERT INTO email_messages (to_email, subject, html, scheduled_at)
     VALUES ('later@mail.example', 'Later', 'x', now() + interval '1 hour')"
run postroom run --once
is "exit with only a scheduled one" 0 "$code"
sql_is "the scheduled one" pending "SELECT status FROM email_messages WHERE to_email LIKE 'later@%'"
sink_agrees

# A provider that cannot be reached: what was left, and why.
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('later@mail.example', 'Later', 'x')"
run env RESEND_BASE_URL=http://127.0.0.1:1 "$POSTROOM" run --once
is "exit where the provider is not there" 1 "$code"
contains "why it was left" "$err" "1 left waiting: .*[Cc]onnect"
