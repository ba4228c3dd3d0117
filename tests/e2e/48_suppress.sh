#!/usr/bin/env bash
# Suppressed addresses: no mail goes there, with cc and bcc none of the message's, marketing alone where
# that is meant; the commands that list, add and remove them; and what an operator is told.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
export POSTROOM_OPERATOR=anna POSTROOM_POLL_INTERVAL=1s

says() { # WHAT CODE PATTERN COMMAND...
    run postroom "${@:4}"
    is "exit of $1" "$2" "$code"
    contains "$1" "$out$err" "$3"
}
becomes() { # RECIPIENT STATUS|CODE
    wait_sql "$1 to be $2" 20 "$2" "SELECT status, coalesce(error_code, '-') FROM email_messages WHERE to_email = '$1'"
}

# --- the list -------------------------------------------------------------------------------------

says "an empty list" 0 "^no address is suppressed$" suppressions
says "suppress" 0 "^suppressed 1 address$" suppress "Bob <Bad@Mail.Example>"
says "the same again" 0 "^suppressed 0 addresses; 1 suppressed already$" suppress bad@mail.example
says "several" 0 "^suppressed 2 addresses$" suppress news@mail.example cc@mail.example --scope marketing --reason "asked by telephone"
says "no address" 2 "which address" suppress
says "a bad address" 2 'suppress: "nobody": there is no @' suppress good@mail.example nobody
says "a bad scope" 2 "allowed is all or marketing" suppress a@b.example --scope some
sql_is "nothing of it" "bad@mail.example all by hand anna,cc@mail.example marketing asked by telephone anna,news@mail.example marketing asked by telephone anna" \
    "SELECT string_agg(concat_ws(' ', email, scope, reason, source), ',' ORDER BY email) FROM postroom.suppressions"
says "the list" 0 "^bad@mail.example +all +by hand +anna +20" suppressions
is "lines of it" 4 "$(wc -l <run.out)"
says "a part of it" 0 "^news@mail.example +marketing +asked by telephone" suppressions --to NEWS
is "lines of it" 2 "$(wc -l <run.out)"
says "nothing with that" 0 "^no address is suppressed with that in it$" suppressions --to nowhere
postroom suppressions --json --limit 2 >list
is "JSON" "2" "$(python3 -c 'import json; print(len([json.loads(l)["email"] for l in open("list")]))')"
sql_is "the journal" 'anna: suppressed Bad@Mail.Example: "by hand"; anna: suppressed news@mail.example and 1 more (marketing): "asked by telephone"' \
    "SELECT string_agg(who || ': ' || what, '; ' ORDER BY seq) FROM postroom.journal"

# --- mail to them ---------------------------------------------------------------------------------

sql "INSERT INTO email_messages (to_email, subject, text, kind, cc, bcc) VALUES
    ('fine@mail.example', 's', 't', NULL, NULL, NULL), ('BAD@mail.example', 's', 't', 'transactional', NULL, NULL),
    ('\"Bad\" <bad@MAIL.example>', 's', 't', 'marketing', NULL, NULL), ('news@mail.example', 's', 't', 'transactional', NULL, NULL),
    ('News <news@mail.example>', 's', 't', 'marketing', NULL, NULL), ('copied@mail.example', 's', 't', NULL, '{x@mail.example,Bad <bad@mail.example>}', NULL),
    ('blind@mail.example', 's', 't', NULL, NULL, '{bad@mail.example}'), ('both@mail.example', 's', 't', 'marketing', '{cc@mail.example}', NULL),
    ('mixed@mail.example', 's', 't', 'transactional', '{cc@mail.example}', NULL)"
bad=$(sql "SELECT id FROM email_messages WHERE to_email = 'BAD@mail.example'")
run postroom why "$bad"
contains "why, while it waits" "$out" "bad@mail.example is suppressed \(by hand $CLOCK\): it will not be sent"
worker w
for to in 'BAD@mail.example' '"Bad" <bad@MAIL.example>' 'News <news@mail.example>' copied@mail.example blind@mail.example both@mail.example; do
    becomes "$to" "failed|suppressed"
done
for to in fine@mail.example news@mail.example mixed@mail.example; do becomes "$to" "sent|-"; done
sink_agrees
is "sent" 3 "$(sink_stat effects)"
sql_is "final, with a time and a reason" "t|t|t|1|suppressed: bad@mail.example (by hand" "SELECT next_attempt_at IS NULL, failed_at IS NOT NULL,
    claimed_by IS NOT NULL, retry_count, split_part(error_message, ',', 1) FROM email_messages WHERE id = '$bad'"
contains "the log" "$(cat w.log)" "❌ Failed to process email message $bad: suppressed: bad@mail.example \(by hand, "
says "why" 0 "^suppressed: bad@mail.example by hand $CLOCK; postroom unsuppress bad@mail.example, then postroom retry ID, sends it all the same$" why "$bad"
says "why, of a copy" 0 "^suppressed: bad@mail.example by hand" why "$(sql "SELECT id FROM email_messages WHERE to_email = 'blind@mail.example'")"
is "why as JSON" suppressed "$(postroom why "$bad" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])')"

# an address that an application put there, as it likes to write it, while mail is held up
stop w
sql "INSERT INTO postroom.suppressions (email) VALUES ('Late@Mail.Example')"
sql "INSERT INTO email_messages (to_email, subject, text) VALUES ('late@mail.example', 's', 't')"
worker w
becomes late@mail.example "failed|suppressed"

# --- and again ------------------------------------------------------------------------------------

says "unsuppress" 0 "^unsuppressed 1 entry$" unsuppress LATE@mail.example
says "unsuppress of none" 0 "^unsuppressed 0 entries; 1 not on the list$" unsuppress late@mail.example
says "why now" 0 "it is not on the list any more: postroom retry ID sends it" why "$(sql "SELECT id FROM email_messages WHERE to_email = 'late@mail.example'")"
says "unsuppress of another scope" 0 "^unsuppressed 0 entries; 1 not on the list$" unsuppress news@mail.example --scope all
postroom retry --failed --error suppressed --to late@ >/dev/null
becomes late@mail.example "sent|-"
says "retry of a suppressed one" 0 "1 message queued" retry "$bad"
wait_sql "it to fail once more" 20 "failed|2" "SELECT status, retry_count FROM email_messages WHERE id = '$bad'"
is "sent" 4 "$(sink_stat effects)"
sink_agrees
stop w
is "exit" 0 "$code"
