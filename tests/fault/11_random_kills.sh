#!/usr/bin/env bash
# Workers killed with -9 at random moments while mail keeps coming: nothing lost, nothing sent twice,
# nothing left behind, no attempt spent. Without keys some are held as uncertain,
# and none of those went out twice. KILLS and SEED may be given; the seed is told.
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

way batch
kills "$KILLS"
sql_is "messages sent" "$((KILLS * 100))" "SELECT count(*) FROM email_messages WHERE status = 'sent'"
sql_is "messages that were not sent" 0 "SELECT count(*) FROM email_messages WHERE status <> 'sent'"

way keyless
kills $((KILLS / 5 + 1)) --rows-per-kill 30
sql_is "messages that are neither sent nor held" 0 "SELECT count(*) FROM email_messages
    WHERE status <> 'sent' AND error_code IS DISTINCT FROM 'uncertain'"
