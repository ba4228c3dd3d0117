#!/usr/bin/env bash
# Requests of a hundred messages: after a crash it is the same request, byte for byte and under the same
# key; what was done to a row meanwhile changes nothing of it, or holds it; a bad message fails alone.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
sink '{"small_buffers": true}'
fault_db
export POSTROOM_BACKOFF=1s..2s POSTROOM_LEASE=30s POSTROOM_REQUEST_TIMEOUT=10s
way batch
members=100
export POSTROOM_BATCH_SIZE=$members

ends_as() { # WHAT EXPECTED: status, error code and number of all messages, in one line
    is "$WHERE: $1" "$2" "$(sql "SELECT concat_ws(' ', status, error_code, count(*)) FROM email_messages
        GROUP BY status, error_code ORDER BY 1" | xargs)"
}

# --- a crash at each step -------------------------------------------------------------------------
for point in K2 K2S K3 K4 K5 K6 K7; do
    WHERE="a hundred, $point"
    nothing_yet
    die "$point"
    leases_end
    sent_now
    ends_as "in the end" "sent 100"
    is "$WHERE: effects, keys, bodies" "100 1 1" "$(effects) $(different key) $(different sha256)"
    judged
done
echo "a hundred, at each step: $out"

# --- what was done to a row meanwhile -------------------------------------------------------------
for point in K4 K5; do
    WHERE="cancelled meanwhile, $point"
    nothing_yet
    die "$point"
    sql "UPDATE email_messages SET status = 'cancelled' WHERE to_email = 'a57@mail.example'"
    leases_end
    sent_now
    ends_as "what was on its way cannot be called back" "sent 100"
    is "$WHERE: effects, keys, bodies" "100 1 1" "$(effects) $(different key) $(different sha256)"
    judged
done

changed() { # WHAT SQL LEFT
    WHERE="$1 meanwhile"
    nothing_yet
    die K4
    sql "$2"
    leases_end
    sent_now 1
    ends_as "held" "failed uncertain $3"
    is "$WHERE: effects and keys" "0 1" "$(effects) $(different key)"
    judged
    run postroom retry --failed --error uncertain
    is "$WHERE: exit of the retry" 0 "$code"
    sent_now
    ends_as "after the operator's word" "sent $3"
    is "$WHERE: effects and keys" "$3 2" "$(effects) $(different key)"
    judged
}
changed edited "UPDATE email_messages SET html = 'other' WHERE to_email = 'a57@mail.example'" 100
changed deleted "DELETE FROM email_messages WHERE to_email = 'a57@mail.example'" 99

# --- a bad message among them ---------------------------------------------------------------------
WHERE="one is refused"
for point in "" K5 K6; do
    WHERE="one is refused${point:+, $point}"
    nothing_yet
    item='{"match": "^a57@", "item": true, "name": "validation_error", "message": "Invalid `to` field"},'
    if [ -n "$point" ]; then
        die "$point" "$item"
        leases_end
    else
        sink_set "{\"rules\": [${item%,}]}"
        mail 100
    fi
    sent_now 1
    ends_as "in the end" "failed rejected:invalid_to 1 sent 99"
    sql_is "$WHERE: the one" a57@mail.example "SELECT to_email FROM email_messages WHERE status = 'failed'"
    is "$WHERE: effects, keys, bodies" "99 1 1" "$(effects) $(different key) $(different sha256)"
    judged --failures
done
echo "one is refused: $out"

# --- the whole is refused because of one: halves, until it stands alone ---------------------------
for fault in "" K2S:2 K6:1 K6:2 K6:4 K7:1 K7:3; do
    WHERE="refused as a whole${fault:+, killed at $fault}"
    nothing_yet
    sink_set '{"rules": [{"match": "^a57@", "status": 422, "name": "validation_error", "message": "Invalid `to` field"}]}'
    mail 100
    if [ -n "$fault" ]; then
        POSTROOM_FAULT=$fault start dying "$FAULTY" run --no-ui
        ended dying 30
        is "$WHERE: exit" 137 "$code"
        leases_end
    fi
    sent_now 1
    ends_as "in the end" "failed rejected:invalid_to 1 sent 99"
    sql_is "$WHERE: the one" a57@mail.example "SELECT to_email FROM email_messages WHERE status = 'failed'"
    is "$WHERE: effects" 99 "$(effects)"
    judged --failures
    echo "$WHERE: $(different key) requests, $out"
done
