# What the tests of workers that were away for longer than their leases share (17_ctrl_z, 18_suspend), after
# crash.sh: each is brought to a moment of a send, another takes over what they all had, and they come back.
# The tests say in $HOW what befalls them, how a worker begins (begin NAME) and how it comes back (back NAME, which
# opens its gate).
# shellcheck shell=bash

WAYS+=" retry" # without keys, and what is in doubt is sent again

# MOMENTS of a send:
#   K2      claimed                        K2S     its request stored, a step before the wire
#   wire    taken, and never answered      answer  taken, and answered while it is away
#   K6      the answer read, nothing of it written
MOMENTS="K2 K2S wire answer K6"
declare -A stops=() slowest=()

is_on_wire() { case "$1" in K*) false ;; esac }
taken() { [ "$(grep -c '"kind": "effect"' sink/messages.jsonl)" = "$1" ]; }
gate_is_shut() { [ ! -e "$1.gate" ]; }

# at MOMENT [NAME]: a worker of that name is there with one request's messages.
at() {
    local name=${2:-$1} before rules=""
    before=$(effects)
    rm -f "$name.answer"
    : >"$name.gate"
    ! is_on_wire "$1" || rules='{"late_file": "'"$PWD/$name.answer"'", "times": 1}'
    sink_set "{\"rules\": [$rules]}"
    mail "$members"
    if is_on_wire "$1"; then
        POSTROOM_WORKER_NAME=$name begin "$name"
        wait_for "$WHERE: the request of $name to be taken" 20 taken $((before + members))
    else
        POSTROOM_FAULT=$1:1:$PWD/$name.gate POSTROOM_WORKER_NAME=$name begin "$name"
        wait_for "$WHERE: $name to be there" 20 gate_is_shut "$name"
    fi
}

# leases_last: what each has stays its own, however long it takes until all are away.
leases_last() {
    sql "UPDATE email_messages SET lease_expires_at = now() + interval '1 h' WHERE status = 'processing'"
    sql "UPDATE postroom.requests SET lease_expires_at = now() + interval '1 h' WHERE state = 'open'"
}
each_has_its_own() { # NAME...
    local own
    own=$(sql "SELECT string_agg(split_part(claimed_by, '/', 1) || ' ' || n, ', ' ORDER BY claimed_by) FROM (
        SELECT claimed_by, count(*) AS n FROM email_messages WHERE status = 'processing' GROUP BY 1) c")
    [ "$own" = "$(printf "%s $members\n" "$@" | LC_ALL=C sort | paste -sd , | sed 's/,/, /g')" ] ||
        late "$WHERE: messages that each of them holds: $own"
}

# taken_over: the leases are over, and another one ends what is to be ended. $mark: what is older was theirs.
taken_over() {
    sink_set '{"rules": []}'
    leases_end
    POSTROOM_LEASE=60s worker owner
    wait_sql "$WHERE: an end to all of it" 30 "0|0" "SELECT
        count(*) FILTER (WHERE status NOT IN ('sent', 'failed') OR next_attempt_at IS NOT NULL),
        (SELECT count(*) FROM postroom.requests) FROM email_messages"
    stop owner
    mark=$(sql "SELECT clock_timestamp()")
}
versions() {
    sql "SELECT id, xmin, ctid, status, claim_token, claimed_by, provider_message_id, retry_count FROM email_messages
         WHERE created_at < '$mark' ORDER BY id"
}

# answered NAME: the sink's answer to it goes out now.
answered() {
    local before
    before=$(sink_stat busy)
    : >"$1.answer"
    answer_is_out() { [ "$(sink_stat busy)" -lt "$before" ]; }
    wait_for "$WHERE: the answer to $1" 10 answer_is_out
}

# seconds_from MS: until the first request that reached the sink after that time.
seconds_from() {
    python3 -c 'import json, sys
began = int(sys.argv[1]) / 1000
print("%.2f" % (min(t for t in (json.loads(line)["time"] for line in open("sink/requests.jsonl")) if t > began) - began))' "$1"
}
# let_go_first NAME: its log tells that it let everything go before the first mail after that was sent: so the time of
# the new request is no earlier than that.
let_go_first() {
    awk '/lease_lost/ { last = NR } /✅/ && !first { first = NR } END { exit !(last && last < first) }' "$1.log"
}
lost_all() { # NAME: one word for each message, or one for the request that was not begun
    [ "$(grep -c "lease_lost.*message" "$1.log")" -ge "$members" ] || grep -q "lease_lost.*request" "$1.log"
}
went_on() { [ "$(sql "SELECT count(*) FROM email_messages WHERE status = 'sent' AND created_at > '$1'")" = "$members" ]; }

# comes_back MOMENT [NAME]: it lets go what it had within a second, and sends new mail.
comes_back() {
    local name=${2:-$1} since began took
    [ "$1" != answer ] || answered "$name"
    since=$(sql "SELECT clock_timestamp()")
    mail "$members"
    began=$(now_ms)
    back "$name"
    wait_for "$WHERE: $name to send new mail" 20 went_on "$since"
    if has_log "$name"; then
        wait_for "$WHERE: $name to notice" 10 lost_all "$name"
        let_go_first "$name" || fail "$WHERE: $name sent new mail before it let the old go"
    fi
    took=$(seconds_from "$began")
    slowest[$HOW, $1]=$(worst "${slowest[$HOW, $1]-0}" "$took")
    in_time "$WHERE: seconds until $name had let go and sent new mail" "$took" 1
    stops[$HOW, $1]=$((${stops[$HOW, $1]-0} + 1))
    : >"$name.answer"
}
has_log() { true; }

# nothing_changed BEFORE NEW: nothing of theirs is in the table; each mail went out once, or is held, or went out
# twice where that was asked for and the first request had gone out whole. NEW: messages sent since.
nothing_changed() { # BEFORE WAY MOMENT...
    local before=$1 way=$2 doubt=0 twice=0 all moment
    shift 2
    all=$(($# * members))
    for moment; do
        [ "$moment" = K2 ] || doubt=$((doubt + members))
        case "$moment" in K2 | K2S | door) ;; *) twice=$((twice + members)) ;; esac
    done
    is "$WHERE: rows after the late ones" "$before" "$(versions)"
    wait_sql "$WHERE: what the late ones stored to be gone" 20 0 "SELECT count(*) FROM postroom.requests"
    wait_for "the sink to have noted all it met" 10 sink_is_quiet
    is "$WHERE: rows in the end" "$before" "$(versions)"
    local held=0 went=$((2 * all))
    [ "$way" != keyless ] || { held=$doubt went=$((all + all - doubt + twice)); }
    [ "$way" != retry ] || went=$((2 * all + twice))
    sql_is "$WHERE: sent, held" "$((2 * all - held))|$held" "SELECT count(*) FILTER (WHERE status = 'sent'),
        count(*) FILTER (WHERE error_code = 'uncertain') FROM email_messages"
    is "$WHERE: effects" "$went" "$(effects)"
    if [ "$way" = retry ]; then judged --on-uncertain retry --failures; else judged; fi
    echo "$WHERE: $out"
}

# in_ways: overtaken WAY, in each way.
in_ways() {
    local name
    for name in $WAYS; do
        if [ "$name" = retry ]; then
            way keyless
            POSTROOM_ON_UNCERTAIN=retry overtaken retry
        else
            way "$name"
            overtaken "$name"
        fi
    done
}

figures() {
    local what
    for what in "${!stops[@]}"; do
        echo "$what: ${stops[$what]} times; the old let go and new mail sent after ${slowest[$what]} s at the latest"
    done | sort
}
