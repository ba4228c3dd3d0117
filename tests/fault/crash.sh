# What the tests of crashes share, after e2e.sh: ways of sending, workers that die at a point, the
# oracle's judgement.
# shellcheck shell=bash

grep -q POSTROOM_FAULT "$FAULTY" || {
    echo "skipped: $FAULTY has no fault points"
    exit 0
}

# fault_db: as migrated_db; `sql` then goes through one psql that stays, because these tests ask often.
fault_db() {
    migrated_db
    coproc PSQL { exec psql -XqAt -v ON_ERROR_STOP=1 "$DATABASE_URL" 2>&1; }
    exec {PSQL_OUT}<&"${PSQL[0]}" {PSQL_IN}>&"${PSQL[1]}"
    sql() {
        local line
        printf '%s;\n\\echo .\n' "$1" >&"$PSQL_IN"
        while IFS= read -r line <&"$PSQL_OUT"; do
            [ "$line" != . ] || return 0
            printf '%s\n' "$line"
        done
        fail "psql gave up: $1"
    }
}

# Ways of sending: a provider with or without keys, one message a request or several. Those of each
# provider need smtp_sink.
WAYS="single batch keyless"
WAYS_OF_ALL="$WAYS ses smtp"

# way NAME: everything after this is sent that way. $members: messages of a request; $keyless: true or
# false.
way() {
    POSTROOM_PROVIDER=resend members=1 keyless=false
    case "$1" in
        single) ;;
        batch) members=4 ;;
        keyless) POSTROOM_PROVIDER=sendgrid keyless=true ;;
        ses | smtp) POSTROOM_PROVIDER=$1 keyless=true ;;
        *) fail "no such way: $1" ;;
    esac
    export POSTROOM_PROVIDER POSTROOM_BATCH_SIZE=$members
}

sink_is_quiet() { [ "$(sink_stat busy)" = 0 ]; }

# nothing_yet: an empty table, and a sink that has seen nothing (but remembers its keys).
nothing_yet() {
    wait_for "the sink to have noted all it met" 10 sink_is_quiet
    sql "TRUNCATE email_messages, postroom.requests, postroom.attempts"
    : >sink/messages.jsonl
    : >sink/requests.jsonl
    rm -f ./*.log
}

# mail COUNT [BYTES]: messages whose bodies are that long.
mail() {
    sql "INSERT INTO email_messages (to_email, subject, html)
         SELECT 'a' || n || '@mail.example', 'Message ' || n, repeat('x', ${2:-100}) FROM generate_series(1, $1) n"
}

# die POINT [RULES]: a worker sends $members messages and dies there; RULES, each with a comma behind it,
# are what the sink does besides.
die() {
    local moment="" drop=before bytes=$((members * 100)) rules=${2-}
    case "$1" in
        K3) moment=part bytes=8000000 ;; # more than all buffers of a connection hold
        K4) moment=complete ;;
        K5) moment=accepted drop=after ;;
    esac
    if [ -z "$moment" ]; then
        sink_set "{\"rules\": [${rules%,}]}"
        mail "$members"
        POSTROOM_FAULT=$1:1 start dying "$FAULTY" run --no-ui
    else
        worker dying
        sink_set "{\"rules\": [$rules {\"drop\": \"$drop\", \"times\": 1,
            \"signal\": {\"pid\": ${pid[dying]}, \"at\": \"$moment\"}}]}"
        mail "$members" $((bytes / members))
    fi
    ended dying 30
    is "$WHERE: exit of the one that died" 137 "$code"
    lacks "$WHERE: the log of the dead" "$(cat dying.log)" "✅|❌"
}

# leases_end: as if the time had passed in which a dead worker's messages are its own.
leases_end() {
    sql "UPDATE email_messages SET lease_expires_at = now() - interval '1 s' WHERE lease_expires_at IS NOT NULL;
         UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s' WHERE lease_expires_at IS NOT NULL"
}

# sent_now [EXIT CODE]: everything due is sent by the worker that comes after.
sent_now() {
    run env -u POSTROOM_FAULT POSTROOM_WORKER_NAME=successor "$FAULTY" run --once
    cat run.out run.err >>successor.log
    is "exit of the worker that comes after" "${1:-0}" "$code"
}

# effects, replays: messages taken and taken again as seen by the sink.
effects() { grep -c '"kind": "effect"' sink/messages.jsonl || true; }
replays() { grep -c '"kind": "replay"' sink/messages.jsonl || true; }

# different FIELD: how many values it has in all requests that reached the sink whole.
different() { grep '"request": ' sink/requests.jsonl | grep -o "\"$1\": \"[^\"]*\"" | sort -u | wc -l; }

# judged [OPTION...]: the oracle finds nothing wrong; its counts are in $out.
judged() {
    local options=()
    ! $keyless || options+=(--keyless)
    run python3 "$ROOT/tests/fault/oracle.py" "$DATABASE_URL" sink "${options[@]}" "$@"
    is "the oracle's judgement (${WHERE-}: $out)" "0 " "$code $err"
}
