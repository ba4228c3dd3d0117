#!/usr/bin/env bash
# Workers stopped at a step of a send for longer than their lease, which then go on: another has taken
# over, so what they write changes nothing and what they hold goes nowhere; and if that other one is
# killed then, in the middle of its own send, its request is still there. REPEATS may be given (rounds
# of the kill points; these take ten times as long).
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
sink
fault_db
export POSTROOM_LEASE=10s POSTROOM_REQUEST_TIMEOUT=5s POSTROOM_POLL_INTERVAL=500ms POSTROOM_CONCURRENCY=1

ROUNDS=$(((${REPEATS:-1} + 9) / 10))

stopped() { [ "$(ps -o state= -p "${pid[$1]}")" = T ]; }

# zombie POINT: a worker that has stopped there with one request's messages.
zombie() {
    POSTROOM_FAULT=$1:1:stop POSTROOM_WORKER_NAME=$1 start "$1" "$FAULTY" run --no-ui
}
woken() { kill -CONT "${pid[$1]}"; }
lost_lease() { grep -q "lease_lost" "$1.log"; }

VERSIONS="SELECT id, xmin, ctid, status, claim_token, claimed_by, provider_message_id FROM email_messages ORDER BY id"

# Three at once, each with messages of its own, and one that takes all over.
overtaken() { # WAY
    local point before held
    WHERE="overtaken, $1"
    nothing_yet
    mail $((3 * members))
    for point in K2 K2S K6; do zombie "$point"; done
    for point in K2 K2S K6; do wait_for "$point to stop" 10 stopped "$point"; done
    held=$(sql "SELECT string_agg(n::text, '|') FROM (SELECT count(*) AS n FROM email_messages
        WHERE status = 'processing' AND lease_expires_at > now() GROUP BY claimed_by) c")
    [ "$held" = "$members|$members|$members" ] || late "$WHERE: messages that each of them holds: $held"
    worker owner
    wait_sql "$WHERE: an end to all of it" 30 "0|0" "SELECT count(*) FILTER (WHERE status NOT IN ('sent', 'failed')),
        (SELECT count(*) FROM postroom.requests) FROM email_messages"
    sleep 5 # the rest of a lease and a half
    before=$(sql "$VERSIONS")
    for point in K2 K2S K6; do woken "$point"; done
    for point in K2 K2S K6; do wait_for "$WHERE: $point to notice" 10 lost_lease "$point"; done
    is "$WHERE: rows after the late ones" "$before" "$(sql "$VERSIONS")"
    wait_sql "$WHERE: what the late ones stored to be gone" 20 0 "SELECT count(*) FROM postroom.requests"
    is "$WHERE: rows in the end" "$before" "$(sql "$VERSIONS")"
    if $keyless; then
        sql_is "$WHERE: held" $((2 * members)) "SELECT count(*) FROM email_messages WHERE error_code = 'uncertain'"
        is "$WHERE: effects" $((2 * members)) "$(effects)"
    else
        sql_is "$WHERE: sent" $((3 * members)) "SELECT count(*) FROM email_messages WHERE status = 'sent'"
    fi
    stop owner
    before=$(sql "SELECT clock_timestamp()")
    mail 3 # the late ones are workers like any other
    wait_sql "$WHERE: new mail to be sent" 20 3 "SELECT count(*) FROM email_messages
        WHERE status = 'sent' AND created_at > '$before'"
    for point in K2 K2S K6; do stop "$point"; is "$WHERE: exit of $point" 0 "$code"; done
    judged
    echo "$WHERE: $out"
}

at_the_sink() { [ "$(sink_stat requests)" -ge "$1" ]; }

# One stops at a point; the next owner is in the middle of the same send when the first wakes, and is
# killed then. FATE: what the first one's own request met.
succeeded() { # POINT WAY [FATE]
    local point=$1 fate=${3-} seen
    WHERE="next owner killed, first one stopped at $point, $2${fate:+, $fate}"
    nothing_yet
    seen=$(sink_stat requests)
    sink_set "{\"rules\": [${fate:-"{\"times\": 0}"}]}"
    mail "$members"
    zombie "$point"
    wait_for "$point to stop" 10 stopped "$point"
    [ "$point" != K6 ] || seen=$((seen + 1))
    rm -f dead
    sink_set '{"rules": [{"hold_until": "'"$PWD"'/dead", "times": 1}, {"hold_until": "'"$PWD"'/dead", "times": 1, "replay": true}]}'
    [ "$point" != K6 ] || leases_end
    POSTROOM_LEASE=60s POSTROOM_REQUEST_TIMEOUT=30s worker owner # it is killed before it gives up
    wait_for "$WHERE: the next owner to send" 20 at_the_sink $((seen + 1))
    woken "$point"
    wait_for "$WHERE: the first one to notice" 10 lost_lease "$point"
    kill -KILL "${pid[owner]}"
    ended owner
    sink_set '{"rules": []}'
    leases_end
    : >dead
    local end="sent||$members"
    ! $keyless || end="failed|uncertain|$members"
    wait_sql "$WHERE: an end to it" 20 "$end" "SELECT status, error_code, count(*) FROM email_messages GROUP BY 1, 2"
    wait_sql "$WHERE: nothing left" 20 0 "SELECT count(*) FROM postroom.requests"
    stop "$point"
    wait_for "$WHERE: the sink to be done" 10 grep -q '"request": ' sink/requests.jsonl
    is "$WHERE: bodies sent" 1 "$(different sha256)"
    judged
    echo "$WHERE: $out"
}

for ((round = 1; round <= ROUNDS; round++)); do
    for name in $WAYS; do
        way "$name"
        overtaken "$name"
    done
    way batch
    succeeded K2 batch
    succeeded K2S batch
    succeeded K6 batch
    succeeded K6 batch '{"status": 422, "name": "validation_error", "times": 1}'
    succeeded K6 batch '{"drop": "after", "times": 1}'
    way keyless
    succeeded K2 keyless
done
