#!/usr/bin/env bash
# Workers killed with -9 at random moments while mail keeps coming: nothing lost, nothing sent twice,
# nothing left behind, no attempt spent. Without keys some are held as uncertain,
# and none of those went out twice. Mail comes in bursts, or lies there as a backlog, under which outcomes are
# written over a session of their own. KILLS, SEED and WAY (bursts, backlog, keyless) may be given; the seed is told.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/crash.sh"
sink '{"latency_ms": 20}'
fault_db
export POSTROOM_LEASE=16s POSTROOM_REQUEST_TIMEOUT=8s POSTROOM_POLL_INTERVAL=1s
KILLS=${KILLS:-25} SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}

kills() { # NUMBER [OPTION...]
    WHERE="$1 kills, SEED=$SEED"
    nothing_yet
    echo "$WHERE, $POSTROOM_PROVIDER"
    python3 "$ROOT/tests/fault/killer.py" "$FAULTY" "$DATABASE_URL" sink --kills "$1" --seed "$SEED" "${@:2}" ||
        fail "$WHERE"
    judged --timeouts # of a machine that has too much to do
    echo "$out"
    within "$WHERE: messages that met a time-out" "$(sed 's/.* timeouts=\([0-9]*\).*/\1/' <<<"$out")" 0 $(($1 * 2))
    echo "$(replays) messages were asked for again"
}

all_sent() {
    sql_is "messages that were not sent" 0 "SELECT count(*) FROM email_messages WHERE status <> 'sent'"
    sql_is "messages sent" "$1" "SELECT count(*) FROM email_messages"
}
sent_or_held() {
    sql_is "messages that are neither sent nor held" 0 "SELECT count(*) FROM email_messages
        WHERE status <> 'sent' AND error_code IS DISTINCT FROM 'uncertain'"
}
# under_backlog KILLS: hundreds of messages are due at any time.
under_backlog() {
    POSTROOM_RATE=100 kills "$1" --backlog 1500 --sizes 1,3,10 | tee backlog.out
    local beside
    beside=$(sed -n 's/.* sent, \([0-9]*\) kills beside$/\1/p' backlog.out | tail -n 1)
    awk -v n="$beside" -v all="$1" 'BEGIN { exit !(n >= all / 2) }' ||
        late "only $beside of $1 kills met outcomes written beside"
}

for name in ${WAY:-bursts backlog keyless}; do
    case "$name" in
        bursts)
            way batch
            kills "$KILLS"
            all_sent $((KILLS * 100))
            ;;
        backlog)
            way batch
            under_backlog $(((KILLS + 1) / 2))
            all_sent "$(sed -n 's/.* kills, \([0-9]*\) messages, .*/\1/p' backlog.out | tail -n 1)"
            way keyless
            under_backlog $((KILLS / 5 + 1))
            sent_or_held
            ;;
        keyless)
            way keyless
            kills $((KILLS / 5 + 1)) --rows-per-kill 30
            sent_or_held
            ;;
    esac
done
