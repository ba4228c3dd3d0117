#!/usr/bin/env bash
# retry, cancel, pause, resume, trigger: honest answers, and a journal that says who it was.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
export POSTROOM_OPERATOR=anna

insert 1200 "status, error_code, failed_at" "'failed', CASE WHEN n <= 900 THEN 'timeout' ELSE 'provider:500' END, now()"
sql "UPDATE email_messages SET error_code = 'uncertain' WHERE to_email = 'a1@mail.example'"
sql "UPDATE email_messages SET created_at = now() - interval '3 days' WHERE to_email IN ('a2@mail.example', 'a3@mail.example')"

# says WHAT EXIT PATTERN COMMAND...
says() {
    local what=$1 exit=$2 pattern=$3
    shift 3
    run postroom "$@"
    is "exit: $what" "$exit" "$code"
    is "lines: $what" 1 "$(cat run.out run.err | wc -l)"
    contains "words: $what" "$out$err" "$pattern"
}

# --- which -------------------------------------------------------------------------------------
says "retry of nothing named" 2 "IDs, or --failed" retry
says "retry of both" 2 "not both" retry x --failed
says "filters beside IDs" 2 "not both" retry x --to y
says "filters alone" 2 "IDs, or --failed" retry --error timeout
says "cancel of nothing named" 2 "IDs, or --pending" cancel
says "a bad time" 2 "no time" retry --failed --since yesterday
says "an unknown id" 1 "no message nothere" retry nothere
says "an empty filter" 2 "1 to" retry --failed --to ""

# --- retry -------------------------------------------------------------------------------------
says "dry run" 0 "^1,199 messages would be queued; 1 uncertain left out.*nothing was changed" retry --failed --dry-run
sql_is "still failed" 1200 "SELECT count(*) FROM email_messages WHERE status = 'failed'"
says "by error and age" 0 "^897 messages queued$" retry --failed --error timeout --since 2d
says "by recipient" 0 "^1 message queued$" retry --failed --to a2@
says "the rest" 0 "^301 messages queued; 1 uncertain left out" retry --failed
says "uncertain, named" 0 "^1 message queued$" retry --failed --error uncertain
sql "UPDATE email_messages SET status = 'failed', error_code = 'uncertain', failed_at = now() WHERE to_email IN ('a1@mail.example', 'a3@mail.example')"
says "an uncertain one by its id" 0 "^1 message queued$" retry "$(sql "SELECT id FROM email_messages WHERE to_email = 'a1@mail.example'")"
says "mark-sent dry run" 0 "^1 message would be marked as sent; nothing was changed$" mark-sent --uncertain --dry-run
says "mark-sent" 0 "^1 message marked as sent$" mark-sent --uncertain
sql_is "it is sent" "sent|t" "SELECT status, sent_at IS NOT NULL FROM email_messages WHERE to_email = 'a3@mail.example'"
says "mark-sent of what is not uncertain" 1 "^1 asked: 0 marked as sent, 1 not uncertain any more$" mark-sent "$(sql "SELECT id FROM email_messages WHERE to_email = 'a1@mail.example'")"
says "mark-sent of nothing named" 2 "IDs, or --uncertain" mark-sent
sql "UPDATE email_messages SET status = 'pending', sent_at = NULL WHERE status = 'sent'"
says "nothing left" 0 "^0 messages queued$" retry --failed
sql_is "all pending" 1200 "SELECT count(*) FROM email_messages WHERE status = 'pending'"
id=$(sql "SELECT id FROM email_messages LIMIT 1")
says "an id that is not failed" 1 "^1 asked: 0 queued, 1 already taken" retry "$id"

# --- cancel ------------------------------------------------------------------------------------
says "cancel by id" 0 "^1 message cancelled$" cancel "$id"
says "once more" 1 "^1 asked: 0 cancelled, 1 already taken" cancel "$id"
says "cancel dry run" 0 "^1,199 messages would be cancelled; nothing was changed$" cancel --pending --dry-run
says "cancel all" 0 "^1,199 messages cancelled$" cancel --pending
sql_is "all cancelled" 1200 "SELECT count(*) FROM email_messages WHERE status = 'cancelled'"
sql_is "who it was" anna "SELECT string_agg(DISTINCT who, ',') FROM postroom.journal"

# --- pause, resume, trigger ----------------------------------------------------------------------
says "pause" 0 "^paused all workers" pause --reason "key rotation"
POSTROOM_OPERATOR=bob says "pause again" 0 'nothing was changed: all workers are paused by anna.*"key rotation"' pause
says "trigger while paused" 0 "0 due; no worker is up.*paused" trigger
contains "status says so" "$(postroom status)" "paused by anna.*key rotation"
POSTROOM_OPERATOR=bob says "resume" 0 "^resumed all workers; paused by anna" resume
says "resume again" 0 "nothing was changed: all workers are not paused" resume
says "pause of a worker that is not there" 1 "no worker is called nobody" pause --worker nobody
worker mail01
says "pause of one worker" 0 "^paused worker mail01" pause --worker mail01
says "and again" 0 "nothing was changed: worker mail01 is paused" pause --worker mail01
says "resume of one worker" 0 "^resumed worker mail01" resume --worker mail01
says "trigger" 0 "^triggered: 0 due, 1 worker$" trigger

# --- status --------------------------------------------------------------------------------------
run postroom status --json
is "status --json" 0 "$code"
python3 - <<'PY'
import json
doc = json.load(open("run.out"))
assert doc["queue"]["cancelled"]["n"] == 1200, doc["queue"]
assert doc["state"] == "IDLE" and doc["eta_seconds"] == 0, doc
assert [w["name"] for w in doc["workers"]] == ["mail01"], doc["workers"]
PY
run postroom status
contains "status" "$out" "cancelled +1,200"
contains "status" "$out" "mail01"

# How long it takes is told where mail leaves, and not where nothing does.
eta() { postroom status --json | python3 -c 'import json, sys; doc = json.load(sys.stdin); print(doc["state"], doc["eta_seconds"])'; }
eta_is() { [ "$(eta)" = "$1" ]; }
insert 20
all_sent 20 20
sink_set '{"api_key": "re_another"}'
insert 5
wait_for "the lane to be parked" 20 eta_is "PARKED None"
lacks "status of a parked lane" "$(postroom status)" "pending is sent in"
postroom pause >/dev/null
eta_is "PAUSED None" || fail "paused: $(eta)"
postroom resume >/dev/null
stop mail01
sql "UPDATE postroom.workers SET heard_at = now() - interval '1 minute'; UPDATE postroom.lanes SET parked_reason = NULL, parked_since = NULL, parked_until = NULL"
eta_is "STALLED None" || fail "without a worker: $(eta)"
sql "DELETE FROM email_messages WHERE status IN ('pending', 'sent')"

# --- progress on a terminal only -----------------------------------------------------------------
sql "UPDATE email_messages SET status = 'failed', error_code = 'timeout'"
term_start 80 24 "$POSTROOM" retry --failed
term_wait "exit code 0"
term_shows "1,200 messages queued" || fail "the answer is not on the screen: $(term_text)"
term_restored
