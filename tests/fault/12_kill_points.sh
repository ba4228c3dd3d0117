#!/usr/bin/env bash
# kill -9 at each step of a send, on each way of sending: what the database says at the crash, how many
# mails went out, and what the worker that comes after makes of it. REPEATS and WAY (one or more) may be given.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
smtp_sink "" "?tls=none" '"small_buffers": true'
fault_db
export POSTROOM_BACKOFF=1s..2s POSTROOM_LEASE=30s POSTROOM_REQUEST_TIMEOUT=10s
REPEATS=${REPEATS:-1}

#                 status      requests effects
declare -A crash=(
    [K1]="pending    0 none" # before the claim commits
    [K2]="processing 0 none" # claimed, no request stored
    [K2S]="processing 1 none" # stored, not handed to the network
    [K3]="processing 1 none" # a part of it written
    [K4]="processing 1 none" # complete, not accepted
    [K5]="processing 1 all"  # accepted, no answer
    [K6]="processing 1 all"  # answer read, nothing written
    [K7]="sent       0 all"  # outcome committed, nobody told
)
RETRIES="SELECT status, retry_count, count(*) FROM email_messages GROUP BY 1, 2"
POINTS="K1 K2 K2S K3 K4 K5 K6 K7"

# stands POINT: what is there right after the crash is what the table says.
stands() {
    local status requests went out
    read -r status requests went <<<"${crash[$1]}"
    out=0
    [ "$went" = none ] || out=$members
    sql_is "$WHERE: the crash left status, messages, open requests" "$status|$members|$requests" \
        "SELECT status, count(*), (SELECT count(*) FROM postroom.requests WHERE state = 'open')
         FROM email_messages GROUP BY status"
    is "$WHERE: effects at the crash" "$out" "$(effects)"
    [ "$1" != K3 ] || wait_for "$WHERE: a part of the request" 10 \
        grep -qE '"status": 0, .*"cut": \[[0-9]+, 8[0-9]{6}\]' sink/requests.jsonl
}

unknown() { [[ "$1" =~ ^K(2S|[3-6])$ ]]; }

# The worker that comes after finds an end to it.
keyed_end() {
    sent_now
    sql_is "$WHERE: in the end" "sent|0|$members" "$RETRIES"
    is "$WHERE: effects in the end" "$members" "$(effects)"
    is "$WHERE: keys used" 1 "$(different key)"
    is "$WHERE: bodies sent" 1 "$(different sha256)"
    case "$1" in
        K5 | K6) is "$WHERE: asked for again" "$members" "$(replays)" ;;
        *) is "$WHERE: asked for again" 0 "$(replays)" ;;
    esac
}
keyless_end() {
    if ! unknown "$1"; then
        sent_now
        sql_is "$WHERE: in the end" "sent|0|$members" "$RETRIES"
        is "$WHERE: effects in the end" "$members" "$(effects)"
        return
    fi
    local before
    before=$(effects)
    sent_now 1
    sql_is "$WHERE: in the end" "failed|uncertain|0|t|$members" "SELECT status, error_code, retry_count,
        next_attempt_at IS NULL, count(*) FROM email_messages GROUP BY 1, 2, 3, 4"
    is "$WHERE: effects in the end" "$before" "$(effects)"
}

cell() { # POINT WAY
    WHERE="$1 $2"
    nothing_yet
    die "$1"
    stands "$1"
    leases_end
    if $keyless; then keyless_end "$1"; else keyed_end "$1"; fi
    judged
    echo "$WHERE: $out"
}

# The outcome was committed and then lost, as in a failover: the database stands as before it.
lost_commit() { # WAY
    WHERE="K8 $1"
    nothing_yet
    die K6
    sql "DROP TABLE IF EXISTS messages_before, requests_before"
    sql "CREATE TABLE messages_before AS TABLE email_messages; CREATE TABLE requests_before AS TABLE postroom.requests"
    leases_end
    if $keyless; then sent_now 1; else sent_now; fi
    sql "TRUNCATE email_messages, postroom.requests; INSERT INTO email_messages TABLE messages_before;
         INSERT INTO postroom.requests TABLE requests_before"
    leases_end
    if $keyless; then keyless_end K6; else sent_now; fi
    judged
    is "$WHERE: effects in the end" "$members" "$(effects)"
    echo "$WHERE: $out"
}

# The operator chose to risk it: sent again, twice at most, and the table tells.
retried() { # POINT WAY
    WHERE="$1 $2, on_uncertain = retry"
    nothing_yet
    die "$1"
    leases_end
    export POSTROOM_ON_UNCERTAIN=retry
    sent_now 1
    sql "UPDATE email_messages SET next_attempt_at = now() WHERE status = 'failed'"
    sent_now
    unset POSTROOM_ON_UNCERTAIN
    sql_is "$WHERE: in the end" "sent|$members" "SELECT status, count(*) FROM email_messages GROUP BY 1"
    judged --on-uncertain retry --failures
    echo "$WHERE: $out"
}

# Slow builds see each kind of way once.
[ "${TEST_FLAVOUR:-release}" = release ] || WAYS_OF_ALL="batch keyless smtp"
for ((round = 1; round <= REPEATS; round++)); do
    for name in ${WAY:-$WAYS_OF_ALL}; do
        way "$name"
        for point in $POINTS; do cell "$point" "$name"; done
        lost_commit "$name"
        ! $keyless || for point in K2S K3 K4 K5 K6; do retried "$point" "$name"; done
    done
done
