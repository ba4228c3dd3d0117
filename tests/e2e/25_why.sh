#!/usr/bin/env bash
# why: one line for every state of a message: first those made by real workers, then those that rows
# written by hand can show without waiting for them; and never a scan of the table.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
export POSTROOM_OPERATOR=anna

# why_says ID STATE PATTERN: the line and the object say the same, in one line each.
why_says() {
    run postroom why "$1"
    is "exit: why ($2)" 0 "$code"
    is "lines: why ($2)" 1 "$(wc -l <run.out)"
    contains "why ($2)" "$out" "^$3\$"
    state_is "$1" "$2" || fail "state of it: expected $2, got $(postroom why "$1" --json)"
}
state_is() { grep -qF "\"state\":\"$2\"" <<<"$(postroom why "$1" --json)"; }

# one COLUMNS VALUES: a message of that kind; prints its id.
one() {
    sql "INSERT INTO email_messages (to_email, subject, html ${1:+, $1})
         VALUES ('x@mail.example', 'x', 'x' ${2:+, $2}) RETURNING id"
}

# --- which -------------------------------------------------------------------------------------
run postroom why
is "exit: no id" 2 "$code"
for id in nothere 00000000-0000-4000-8000-000000000000; do
    run postroom why "$id"
    is "exit: $id" 1 "$code"
    is "words: $id" "postroom: there is no message $id" "$err"
    is "output: $id" "" "$out"
done

# --- by real workers ---------------------------------------------------------------------------
first=$(one)
why_says "$first" stopped "no worker is running: start one"
postroom pause --reason 'key "rotation"' >pause.out
why_says "$first" paused "paused by anna since $CLOCK: \"key \"rotation\"\"; postroom resume goes on"
later=$(one scheduled_at "now() + interval '3 days'")
why_says "$later" scheduled "scheduled for $CLOCK UTC; paused by anna since .*"
postroom resume >resume.out
run postroom run --once
is "exit of run --once" 0 "$code"
why_says "$first" sent "sent $CLOCK"
sql "UPDATE email_messages SET delivery = 'delivered' WHERE id = '$first'"
why_says "$first" sent "sent $CLOCK, delivered"

# A request that is not answered; its worker is killed, and its lease runs out.
sink_set '{"rules": [{"hold_ms": 600000}]}'
worker mail01
flying=$(one)
wait_for "it to be on the wire" 20 state_is "$flying" sending
stop mail01 KILL
sql "UPDATE postroom.requests SET lease_expires_at = now() + interval '1 h'"
why_says "$flying" sending "on the wire since $CLOCK by mail01, lease until $CLOCK, attempt 1 of 5"
sql "UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'"
why_says "$flying" abandoned "claimed by mail01, whose lease is over since $CLOCK: another worker takes it over"
sql "DELETE FROM postroom.requests; DELETE FROM email_messages WHERE id = '$flying'"

# Refused, then failing for now, then a key that is refused.
POSTROOM_BACKOFF=1h..1h worker mail02
sink_set '{"rules": [{"match": "^x", "status": 422, "name": "validation_error", "message": "no"}]}'
refused=$(one)
wait_for "it to be refused" 20 state_is "$refused" failed
why_says "$refused" failed "final after 1 attempt: waits for somebody \(r or postroom retry ID retries it\); 422 validation_error: no"
sink_set '{"rules": [{"match": "^x", "status": 500, "name": "application_error", "message": "not now"}]}'
again=$(one)
wait_for "its first attempt" 20 state_is "$again" retrying
why_says "$again" retrying "retry 2 of 5 at $CLOCK.*; last: 500 application_error: not now"
sink_set '{"rules": [], "api_key": "re_another"}'
waits=$(one)
wait_for "the lane to be parked" 20 state_is "$waits" parked
why_says "$waits" parked "lane parked until somebody acts \(resend: 403 invalid_api_key: .*\): set a valid key where the workers start, restart them; postroom trigger tries again"
stop mail02

# --- by hand: a worker that is heard, yet takes nothing ----------------------------------------------
sql "DELETE FROM postroom.requests; DELETE FROM email_messages; DELETE FROM postroom.workers; DELETE FROM postroom.usage
     ; INSERT INTO postroom.workers (id, name, pid, version, lane, heard_at) VALUES ('m/1/a', 'm', 1, '0', 'resend', now() + interval '1 day')"
lane() { # [CHANGES]: its row as in calm times, but for these
    sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_text = NULL, parked_until = NULL, rate = 2,
             batch_size = 1, daily_quota = NULL, next_slot = now() + interval '1 h'
         ${1:+; UPDATE postroom.lanes SET $1}"
}
lane

# Before it: 2 retries and 3 messages of a higher rank, 1 retry and 5 older ones of its own, one of
# the same time and a lower id; not: its own rank's newer ones, lower ranks, scheduled, final, sent.
sql "INSERT INTO email_messages (to_email, subject, html, priority, status, next_attempt_at, error_code, created_at, scheduled_at)
     SELECT 'b@mail.example', 'b', 'b', priority, status, next, code, at, later FROM (VALUES
     (2, 0, 'failed', now() - interval '1 s', 'timeout', now(), NULL), (3, 4, 'pending', NULL, NULL, now(), NULL),
     (1, 5, 'failed', now() - interval '1 s', 'timeout', now(), NULL), (5, 5, 'pending', NULL, NULL, now() - interval '3 h', NULL),
     (7, 5, 'pending', NULL, NULL, now(), NULL), (7, 9, 'pending', NULL, NULL, now() - interval '9 h', NULL),
     (7, 0, 'pending', NULL, NULL, now(), now() + interval '1 h'), (7, 0, 'failed', NULL, 'timeout', now(), NULL),
     (7, 0, 'failed', now() + interval '1 h', 'timeout', now(), NULL), (7, 0, 'sent', NULL, NULL, now(), NULL)
     ) v (n, priority, status, next, code, at, later), generate_series(1, n)"
sql "INSERT INTO email_messages (id, to_email, subject, html, created_at)
     SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'c@mail.example', 'c', 'c', now() - interval '2 h' FROM generate_series(1, 3) n"
own=00000000-0000-4000-8000-000000000002
why_says "$own" token "token at $CLOCK, behind 12: about $CLOCK"
lane "batch_size = 100"
why_says "$own" token "token at $CLOCK, behind 12"
mine=$(sql "SELECT id FROM email_messages WHERE status = 'failed' AND priority = 5")
why_says "$mine" token "retry 1 of 5 is due; token at $CLOCK, behind 5; last: timeout"
postroom why "$own" --json >why.json
python3 - "$own" <<'PY'
import json, sys, datetime
doc = json.load(open("why.json"))
assert list(doc) == ["id", "status", "state", "until", "behind", "why"], doc
assert (doc["id"], doc["status"], doc["behind"]) == (sys.argv[1], "pending", 12), doc
until = datetime.datetime.fromisoformat(doc["until"].replace("Z", "+00:00"))
left = (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
assert 0 < left <= 3600, doc
PY

# held NEEDS STATE PATTERN: what $own waits for while the lane's row says so
held() {
    lane "$1"
    why_says "$own" "$2" "$3"
}
held "parked_reason = 'down', parked_text = '503: down', parked_until = now() + interval '1 h'" parked \
    "lane parked until $CLOCK \(resend: 503: down\); it tries by itself, postroom trigger tries now"
held "parked_reason = 'rate', parked_text = '429 slow', parked_until = now() + interval '1 h'" parked \
    "lane parked until $CLOCK \(resend: 429 slow\)"
held "parked_reason = 'daily', parked_text = 'x', parked_until = now() + interval '1 h'" quota \
    "daily quota of lane resend used up until $CLOCK"
sql "INSERT INTO postroom.usage VALUES ('resend', (now() AT TIME ZONE 'UTC')::date, 'm', 95),
     ('resend', (now() AT TIME ZONE 'UTC')::date + 1, 'm', 95)"
held "daily_quota = 95" quota "daily quota of lane resend used up until $CLOCK"
held "daily_quota = 100" quota "daily quota of lane resend used up but for the reserve of priorities 0 to 2 until $CLOCK"
held "daily_quota = 1000" token "token at $CLOCK, behind 12: about $CLOCK"
lane
sql "UPDATE postroom.workers SET paused_at = now(), paused_by = 'bob'"
why_says "$own" paused "worker m paused by bob since $CLOCK; postroom resume --worker m goes on"
sql "UPDATE postroom.workers SET paused_at = NULL, heard_at = now() - interval '31 s'"
why_says "$own" stopped "no worker is running \(last heard $CLOCK\): start one"
sql "UPDATE postroom.workers SET heard_at = now() + interval '1 day'"

# rows as workers and applications leave them
id=$(one "status, claimed_by, lease_expires_at, unfinished_claims" "'processing', 'm/1/a', now() + interval '1 h', 3")
why_says "$id" claimed "claimed by m until $CLOCK, attempt 1 of 5; 2 claims before this one ended without an outcome"
id=$(one "status" "'processing'")
why_says "$id" foreign "processing, but no worker claimed it: .*"
id=$(one "status, error_code, error_message" "'failed', 'uncertain', E'lost\nan\e[31mswer'")
why_says "$id" uncertain "maybe sent already: waits for somebody .*postroom retry ID\); lost an.*swer"
lacks "an escape on the terminal" "$out" $'\e'
id=$(one "status, error_code, error_message" "'failed', 'poison', 'poison: the worker died'")
why_says "$id" poison "final: waits for somebody .*; poison: the worker died"
id=$(one "status" "'cancelled'")
why_says "$id" cancelled "cancelled $CLOCK"
id=$(one "scheduled_at" "'infinity'")
why_says "$id" scheduled "scheduled for no time that ever comes: change scheduled_at"
id=$(one "status, retry_count, max_attempts, next_attempt_at" "'failed', 2, 7, now() + interval '1 h'")
why_says "$id" retrying "retry 3 of 7 at $CLOCK; last: no reason given"

# a member of a request that is made again goes with it, whatever its own times say
request=11111111-2222-4333-8444-555555555555
again_at() { sql "UPDATE postroom.requests SET next_try_at = $1"; }
sql "INSERT INTO postroom.requests (id, lane, worker, members, hash, key, sender, batch, next_try_at)
     VALUES ('$request', 'resend', 'm/1/a', '{}', '', '', '', false, now() + interval '1 h')"
id=$(one "request_id, scheduled_at" "'$request', now() + interval '9 h'")
why_says "$id" request "the request it is part of is made again at $CLOCK"
again_at "now()"
why_says "$id" token "the request it is part of is made again; token at $CLOCK"
again_at "now() + interval '1 h'"
sql "UPDATE email_messages SET status = 'failed', next_attempt_at = now(), error_message = 'timeout: none' WHERE id = '$id'"
why_says "$id" retrying "retry 1 of 5 at $CLOCK, the same request as before; last: timeout: none"
sql "UPDATE postroom.workers SET lane = 'another'"
why_says "$id" retrying "retry 1 of 5 at $CLOCK, the same request as before; no worker is running for lane resend: start one; last: .*"
sql "UPDATE email_messages SET status = 'cancelled' WHERE id = '$id'"
why_says "$id" cancelled "cancelled $CLOCK, but its request is under way: .*"

# --- with many: by index, up to the cap --------------------------------------------------------
sql "UPDATE postroom.workers SET lane = 'resend';
     INSERT INTO email_messages (to_email, subject, html, created_at)
     SELECT 'd@mail.example', 'd', 'd', now() - interval '1 h' FROM generate_series(1, 20000)"
last=$(one created_at "now()")
scans() { sql "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'email_messages'"; }
flushed() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'")" = 1 ]; }
wait_for "the backends before to be gone" 10 flushed
before=$(scans)
why_says "$last" token "token at $CLOCK, behind 10,000\+: not before $CLOCK"
why_says 00000000-0000-4000-8000-000000000003 token "token at $CLOCK, behind 13: about $CLOCK"
wait_for "the backends to be gone, their statistics written" 10 flushed
is "scans of the table" "$before" "$(scans)"
