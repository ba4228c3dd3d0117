#!/usr/bin/env bash
# Workers whose clocks are wrong: an hour ahead, two days behind, jumping. The database's time alone decides what is
# due, whose lease is over and which key is too old.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
migrated_db
sink
export POSTROOM_POLL_INTERVAL=1s POSTROOM_LEASE=8s POSTROOM_REQUEST_TIMEOUT=4s POSTROOM_BACKOFF=100ms..500ms
library=$(echo /usr/lib/*/faketime/libfaketime.so.1)
[ -e "$library" ] || fail "libfaketime is missing: install faketime"

# off NAME SHIFT: a worker to whom it is that much later; how much is looked up again and again.
shift_of() {
    echo "$2" >"$1.shift.new"
    mv "$1.shift.new" "$1.shift"
}
off() {
    shift_of "$1" "$2"
    POSTROOM_WORKER_NAME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=$PWD/$1.shift \
        start "$1" env LD_PRELOAD="$library" "$POSTROOM" run --no-ui
    wait_for "worker $1 to be up" 20 worker_heard "$1"
}
off ahead +1h
off behind -2d
off jumping +0
jump() {
    while :; do
        for by in +10m -10m +1d -1d; do
            shift_of jumping $by
            sleep 0.3
        done
    done
}
start jump jump

# --- due, and not before -----------------------------------------------------------------------------
sql "INSERT INTO email_messages (to_email, subject, html, scheduled_at)
     SELECT 'a' || n || '@mail.example', 'x', 'x', now() + n * interval '200 ms' FROM generate_series(10, 40) n"
unspent 30
sql "COPY (SELECT id, extract(epoch FROM scheduled_at) FROM email_messages) TO STDOUT" >due
python3 - due sink/messages.jsonl $((2 * ${TEST_PATIENCE:-1})) <<'PY' || fail "not when it was due"
import json, sys
due = dict(line.split() for line in open(sys.argv[1]))
late = [mail["time"] - float(due[mail["id"]]) for mail in map(json.loads, open(sys.argv[2]))]
print(f"sent {min(late):.3f} to {max(late):.3f} s after they were due")
sys.exit(not 0 <= min(late) <= max(late) < float(sys.argv[3]))
PY

# --- a lease is over when the database says so -------------------------------------------------------
sql "TRUNCATE email_messages"
: >sink/messages.jsonl
sink_set '{"rules": [{"hold_ms": 3500}]}'
requests=$(sink_stat requests)
insert 30
unspent 60
is "requests, one for all" 1 $(($(sink_stat requests) - requests))

# --- an answer that was lost is asked for again with its key, which is not old to anybody -------------
sql "TRUNCATE email_messages"
: >sink/messages.jsonl
sink_set '{"rules": [{"drop": "after", "times": 1}]}'
insert 1
all_sent 30
is "asked for again" "1 1" "$(sink_messages kind | grep -c effect) $(sink_messages kind | grep -c replay)"

# It was as it should be: their logs are of another time.
day() { tail -n 1 "$1.log" | cut -c 1-10; }
stop jump KILL
for name in ahead behind jumping; do
    stop $name
    is "exit of $name" 0 "$code"
done
is "the day of the one behind" "$(date -u -d '-2 days' +%F)" "$(day behind)"
lacks "the hour of the one ahead" "$(tail -n 1 ahead.log)" "^$(date -u +%FT%H)"
