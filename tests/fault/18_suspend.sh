#!/usr/bin/env bash
# A machine that was suspended: the boot clock, by which workers know their leases, jumps by one and a half of them in
# the middle of a send, while its processes stand still or (the jump alone) go on. Another machine's worker has taken
# over, so what they write changes nothing and what they hold goes nowhere, not even to a provider who would let them in
# just then. REPEATS may be given (rounds of the kill points; these take ten times as long).
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/crash.sh"
. "$ROOT/tests/fault/away.sh"
. "$ROOT/tests/fault/suspend.sh"
sink
fault_db
export POSTROOM_LEASE=60s POSTROOM_REQUEST_TIMEOUT=30s POSTROOM_POLL_INTERVAL=500ms POSTROOM_CONCURRENCY=1
export POSTROOM_BACKOFF=100ms..200ms

ROUNDS=$(((${REPEATS:-1} + 9) / 10))
[ -n "${REPEATS-}" ] || WAYS=keyless

# A provider whose door is shut for a while: a connection that stands, a handshake that waits.
openssl req -x509 -newkey rsa:2048 -nodes -keyout door.key -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -days 2 -out door.pem 2>/dev/null
python3 "$LIB/tls_front.py" door.pem door.key "$SINK_PORT" tls.seen >tls.port 2>tls.log </dev/null &
wait_for "the provider's TLS" 10 test -s tls.port
proxy door "127.0.0.1:$(cat tls.port)"
door_url=https://localhost:${proxy_port[door]}

door_has() { [ "$(proxy_stat door open)" = "$1" ]; }
at_the_door() { # NAME
    wait_for "$WHERE: nobody at the door" 10 door_has 0
    proxy_set door '{"mode": "hang"}'
    sink_set '{"rules": []}'
    mail "$members"
    RESEND_BASE_URL=$door_url SENDGRID_BASE_URL=$door_url POSTROOM_CA_FILE=$PWD/door.pem POSTROOM_WORKER_NAME=$1 begin "$1"
    wait_for "$WHERE: $1 at the door" 20 door_has 1
}

back() {
    if [ "$HOW" = suspended ]; then
        : >"$1.gate"
        kill -CONT "${pid[$1]}"
    else
        jump "$1" 90
        : >"$1.gate"
    fi
}

overtaken() { # WAY
    local name before names=$MOMENTS
    WHERE="$HOW, $1"
    [ "$HOW" = suspended ] && names+=" door" || names=${names/answer/} # it would come before the jump
    nothing_yet
    for name in $names; do
        if [ "$name" = door ]; then at_the_door door; else at "$name"; fi
        [ "$HOW" != suspended ] || asleep "$name" 90
    done
    each_has_its_own $names
    taken_over
    proxy_set door '{"mode": "pass"}'
    before=$(versions)
    for name in $(tac -s ' ' <<<"$names "); do # who waits at the door does so for ten seconds at most
        comes_back "$name"
        stop "$name"
        is "$WHERE: exit of $name" 0 "$code"
    done
    nothing_changed "$before" "$1" $names
}

for ((round = 1; round <= ROUNDS; round++)); do
    for HOW in suspended jumped; do in_ways; done
    figures
done

