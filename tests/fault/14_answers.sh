#!/usr/bin/env bash
# Answers that do not come, come late, come broken, or say that the key is taken: no mail goes out
# twice, and what cannot be known is held.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
sink
fault_db
export POSTROOM_MAX_ATTEMPTS=30 POSTROOM_LEASE=20s POSTROOM_REQUEST_TIMEOUT=10s
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
way single

# --- three answers of ten are lost ---------------------------------------------------------------
echo "SEED=$SEED"
n=$(scaled "${REQUESTS:-300}")
WHERE="30 % lost, SEED=$SEED"
sink_set "{\"chaos\": {\"seed\": $SEED, \"lost\": 0.3}}"
mail "$n"
POSTROOM_BACKOFF=100ms..500ms worker w
all_sent $((60 + n / 10)) "$n"
stop w
judged --failures
within "$WHERE: asked for again" "$(replays)" $((n / 10)) "$n"
is "$WHERE: effects" "$n" "$(effects)"
is "$WHERE: keys, as many as requests" "$n" "$(different key)"
echo "$WHERE: $out"
sink_set '{"chaos": null}'

# --- a key that grows old ------------------------------------------------------------------------
# aged TIME: a request that long ago whose answer was lost, about to be made again.
export POSTROOM_BACKOFF=1h..2h
aged() {
    nothing_yet
    sink_set '{"rules": [{"drop": "after", "times": 1}], "now_shift_s": 0}'
    mail 1
    run "$FAULTY" run --once
    sql_is "$WHERE: first" "failed|t" "SELECT status, next_attempt_at > now() FROM email_messages"
    sql "UPDATE postroom.requests SET stored_at = stored_at - '$1'::interval, next_try_at = now();
         UPDATE email_messages SET next_attempt_at = now()"
    sink_set "{\"now_shift_s\": $(sql "SELECT extract(epoch FROM '$1'::interval)::int")}"
}
WHERE="22 h 30 later"
aged 22:30
sent_now
sql_is "$WHERE" sent "SELECT status FROM email_messages"
is "$WHERE: effects and replays" "1 1" "$(effects) $(replays)"
judged --failures
for age in 23:30 24:30; do
    WHERE="$age later"
    aged $age
    sent_now 1
    sql_is "$WHERE" "failed|uncertain|t" "SELECT status, error_code, next_attempt_at IS NULL FROM email_messages"
    is "$WHERE: effects and replays" "1 0" "$(effects) $(replays)"
    judged --failures
done
WHERE="24:30 later, on_uncertain = retry"
aged 24:30
export POSTROOM_ON_UNCERTAIN=retry
sent_now 1
sql "UPDATE email_messages SET next_attempt_at = now()"
sent_now
unset POSTROOM_ON_UNCERTAIN
sql_is "$WHERE" sent "SELECT status FROM email_messages"
is "$WHERE: effects and keys" "2 2" "$(effects) $(different key)"
sql_is "$WHERE: the table shows that it was uncertain" 1 "SELECT count(*) FROM postroom.attempts WHERE error_code = 'uncertain'"
sink_set '{"now_shift_s": 0}'

# --- the key is taken ----------------------------------------------------------------------------
WHERE="409 concurrent"
nothing_yet
sink_set '{"rules": [{"hold_until": "'"$PWD"'/concurrent", "times": 1}]}'
mail 1
POSTROOM_BACKOFF=100ms..200ms POSTROOM_LEASE=8s POSTROOM_REQUEST_TIMEOUT=4s worker w
wait_for "$WHERE: the same request beside the first" 20 grep -q '"status": 409' sink/requests.jsonl
: >concurrent
all_sent 20 1
stop w
is "$WHERE: effects, replays, keys" "1 1 1" "$(effects) $(replays) $(different key)"
contains "$WHERE: what the sink said" "$(cat sink/requests.jsonl)" '"status": 409'
sql_is "$WHERE: attempts, of which one was cut by time" 1 "SELECT retry_count FROM email_messages"
judged --failures

WHERE="409 invalid"
nothing_yet
sink_set '{"rules": [{"status": 409, "name": "invalid_idempotent_request", "times": 1}]}'
mail 1
sent_now 1
sent_now
sql_is "$WHERE" "failed|uncertain|t" "SELECT status, error_code, next_attempt_at IS NULL FROM email_messages"
is "$WHERE: requests and keys" "1 1" "$(grep -c '"request"' sink/requests.jsonl) $(different key)"
judged

# --- broken answers ------------------------------------------------------------------------------
# Who says 200 has taken it, whatever else it says: sent, and not asked for again.
WHERE="broken answers"
nothing_yet
sink_set '{"rules": [
    {"match": "^truncated", "shape": "truncated"}, {"match": "^garbage", "shape": "garbage"},
    {"match": "^empty", "shape": "empty"}, {"match": "^short", "shape": "short"},
    {"match": "^long", "shape": "long"}, {"match": "^drip", "shape": "drip", "drip_ms": 3, "drip_bytes": 16},
    {"match": "^slow", "shape": "drip", "drip_ms": 60},
    {"match": "^reset-after", "reset": "after", "times": 1}, {"match": "^reset-before", "reset": "before", "times": 1},
    {"match": "^late", "late_file": "'"$PWD"'/too-late", "times": 1}]}'
sql "INSERT INTO email_messages (to_email, subject, html) SELECT n || '@mail.example', n, 'h' FROM unnest(
    '{truncated,garbage,empty,short,long,drip,slow,reset-after,reset-before,late}'::text[]) n"
POSTROOM_BACKOFF=100ms..200ms POSTROOM_LEASE=10s POSTROOM_REQUEST_TIMEOUT=5s worker w # shorter than the slow one is long
all_sent 30 10
stop w
: >too-late
judged --failures --unread
is "$WHERE: effects" 10 "$(effects)"
# A connection that is reset before the request: no attempt where nothing of it had left.
sql_is "$WHERE: attempts, and whether the id is known" "drip|0|t
empty|0|f
garbage|0|f
late|1|t
long|0|f
reset-after|1|t
reset-before|0..1|t
short|0|t
slow|0|f
truncated|0|f" "SELECT subject, CASE WHEN subject = 'reset-before' AND retry_count <= 1 THEN '0..1'
    ELSE retry_count::text END, provider_message_id IS NOT NULL FROM email_messages ORDER BY 1"
is "$WHERE: asked for again" "late@mail.example reset-after@mail.example" \
    "$(sink_messages kind to | awk '$1 == "replay" {print $2}' | sort | xargs)"

WHERE="a batch whose answer is broken"
way batch
for shape in truncated garbage short; do
    nothing_yet
    sink_set "{\"rules\": [{\"shape\": \"$shape\"}]}"
    mail 4
    sent_now
    judged --unread
    is "$WHERE ($shape): effects and requests" "4 1" "$(effects) $(different key)"
    sql_is "$WHERE ($shape)" "sent|4" "SELECT status, count(*) FROM email_messages GROUP BY 1"
done

# --- without keys --------------------------------------------------------------------------------
# What may have been taken is held, and nothing but that.
way keyless
WHERE="30 % lost, no keys, SEED=$SEED"
nothing_yet
sink_set "{\"rules\": [], \"chaos\": {\"seed\": $SEED, \"lost\": 0.2, \"reset\": 0.05, \"cut\": 0.05}}"
n=$(scaled $((${REQUESTS:-300} / 3)))
mail "$n"
worker w
wait_sql "$WHERE: an end to all" $((60 + n / 10)) 0 "SELECT count(*) FROM email_messages WHERE status IN ('pending', 'processing')"
stop w
judged
sql_is "$WHERE: held, as many as answers that did not come" "$(grep '"request": ' sink/requests.jsonl | grep -c '"status": 0')" \
    "SELECT count(*) FROM email_messages WHERE error_code = 'uncertain'"
is "$WHERE: requests, one for each message" "$n" "$(grep -c '"request": ' sink/requests.jsonl)"
echo "$WHERE: $out"

# An answer that cannot be read is an acceptance all the same.
WHERE="broken answers, no keys"
nothing_yet
sink_set '{"chaos": null, "rules": [{"match": "^a1@", "shape": "garbage"}, {"match": "^a2@", "shape": "empty"},
    {"match": "^a3@", "shape": "drip", "drip_ms": 3, "drip_bytes": 16}, {"match": "^a4@", "shape": "drip", "drip_ms": 60}]}'
mail 4
worker w # not --once: the lane may still be parked, if the last answers before were lost
all_sent 60 4
stop w
judged --unread
is "$WHERE: effects" 4 "$(effects)"
