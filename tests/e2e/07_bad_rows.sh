#!/usr/bin/env bash
# Rows that cannot be sent fail with a reason that says what to mend; their neighbours are sent.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db

bad() { # SUBJECT PATTERN OF THE REASON COLUMNS VALUES: one bad row between good ones
    insert 9
    sql "INSERT INTO email_messages (subject, $3) VALUES ('$1', $4)"
    reasons["$1"]=$2
}
declare -A reasons=()
html="'<p>x</p>'"
bad no-body "html|text|body" "to_email" "'n@mail.example'"
bad empty-body "html|text|body" "to_email, html" "'n@mail.example', ''"
bad not-an-address "to_email|address" "to_email, html" "'nobody', $html"
bad two-addresses "to_email|address" "to_email, html" "'a@mail.example, b@mail.example', $html"
bad line-break-in-address "to_email|address" "to_email, html" "E'a@mail.example\\r\\nBcc: evil@mail.example', $html"
bad bad-cc "cc|address" "to_email, html, cc" "'a@mail.example', $html, '{nobody}'"
bad bad-sender "from_email|address" "to_email, html, from_email" "'a@mail.example', $html, 'nobody'"
bad attachments-no-array "attachments" "to_email, html, attachments" "'a@mail.example', $html, '\"nonsense\"'"
bad attachment-no-content "attachments" "to_email, html, attachments" "'a@mail.example', $html, '[{\"filename\": \"a\"}]'"
bad attachment-no-base64 "attachments|base64" "to_email, html, attachments" \
    "'a@mail.example', $html, '[{\"filename\": \"a\", \"content\": \"***\"}]'"
bad header-line-break "headers|X-A" "to_email, html, headers" \
    "'a@mail.example', $html, '{\"X-A\": \"b\\r\\nBcc: evil@mail.example\"}'"
bad header-recipient "headers|Bcc" "to_email, html, headers" \
    "'a@mail.example', $html, '{\"Bcc\": \"evil@mail.example\"}'"
bad headers-no-object "headers" "to_email, html, headers" "'a@mail.example', $html, '[1]'"
bad tags-no-object "tags" "to_email, html, tags" "'a@mail.example', $html, '\"x\"'"
bad huge "bytes|MB|large" "to_email, html" "'a@mail.example', repeat('x', 50 * 1024 * 1024)"
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('a@mail.example', '', $html)"
insert 9

run postroom run --once
is "exit of run --once" 1 "$code"
sql_is "rows without an outcome" 0 "SELECT count(*) FROM email_messages WHERE status NOT IN ('sent', 'failed')"
for subject in "${!reasons[@]}"; do
    row=$(sql "SELECT status, next_attempt_at IS NULL, failed_at IS NOT NULL, error_code IS NOT NULL FROM email_messages WHERE subject = '$subject'")
    is "$subject" "failed|t|t|t" "$row"
    reason=$(sql "SELECT error_message FROM email_messages WHERE subject = '$subject'")
    contains "reason of $subject" "$reason" "${reasons[$subject]}"
    echo "$subject: $reason"
done
sql_is "good neighbours not sent" 0 "SELECT count(*) FROM email_messages WHERE subject LIKE 'Message%' AND status <> 'sent'"
is "recipients that were smuggled in" "" "$(sink_messages to | grep evil || true)"
sink_agrees
within "requests" "$(sink_stat requests)" 2 4
lacks "the bodies in the log" "$out$err" "xxxxxxxx"

# One the provider alone refuses: the whole batch is not lost.
sink_set '{"rules": [{"match": "^refused", "item": true, "name": "validation_error", "message": "Invalid recipient"}]}'
insert 20
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('refused@mail.example', 'refused', $html)"
run postroom run --once
is "exit where the provider refused one" 1 "$code"
sql_is "the refused one" "failed|t" "SELECT status, next_attempt_at IS NULL FROM email_messages WHERE subject = 'refused'"
contains "its reason" "$(sql "SELECT error_message FROM email_messages WHERE subject = 'refused'")" "Invalid recipient"
sql_is "its neighbours not sent" 0 "SELECT count(*) FROM email_messages WHERE subject LIKE 'Message%' AND status <> 'sent'"
sink_agrees

# A provider that refuses whole batches: split until the bad one stands alone.
sink_set '{"rules": [{"match": "^whole", "status": 422, "name": "validation_error", "message": "Refused as a whole"}]}'
insert 20
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('whole@mail.example', 'whole', $html)"
run postroom run --once
is "exit where the provider refused a batch" 1 "$code"
sql_is "the one it was" "failed|t" "SELECT status, next_attempt_at IS NULL FROM email_messages WHERE subject = 'whole'"
sql_is "its neighbours not sent" 0 "SELECT count(*) FROM email_messages WHERE subject LIKE 'Message%' AND status <> 'sent'"
sink_agrees
