#!/usr/bin/env bash
# What a suspended machine finds when it wakes, and no other was there: requests on the wire whose leases are over, which
# is nothing that the provider did; an idle worker's times; a pause the provider asked for; its pace.
. "$(dirname "$0")/steady.sh"
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/crash.sh"
. "$ROOT/tests/fault/lane.sh"
. "$ROOT/tests/fault/suspend.sh"
sink
fault_db
export POSTROOM_LEASE=60s POSTROOM_REQUEST_TIMEOUT=30s POSTROOM_POLL_INTERVAL=500ms

# --- nobody took over ----------------------------------------------------------------------------------

held() { [ "$(sink_stat busy)" = "$1" ]; }

# The provider did nothing wrong: with keys all is asked for again at once and costs no attempt, without it is held,
# and the lane is open to all. What was answered meanwhile is sent.
alone() { # WAY [answered]
    local n=8 end="failed|uncertain|0|8" began
    WHERE="$n on the wire, nobody takes over, $1${2:+, $2}"
    [ "$*" = keyless ] || end="sent||0|8"
    way "$1"
    nothing_yet
    rm -f held
    sink_set '{"rules": [{"late_file": "'"$PWD/held"'", "times": '$n'}]}'
    mail $n
    POSTROOM_CONCURRENCY=$n POSTROOM_WORKER_NAME=alone begin alone
    wait_for "$WHERE" 20 held "$n"
    asleep alone 90
    leases_end
    if [ -n "${2-}" ]; then
        : >held
        wait_for "$WHERE: the answers" 10 held 0
    fi
    began=$(now_ms)
    kill -CONT "${pid[alone]}"
    wait_sql "$WHERE: an end to it" 20 "$end" "SELECT status, error_code, retry_count, count(*) FROM email_messages GROUP BY 1, 2, 3"
    in_time "$WHERE: seconds until all was settled" "$(seconds_since "$began")" 2
    sql_is "$WHERE: the lane" "|0" "SELECT parked_reason, failures FROM postroom.lanes WHERE name = '$POSTROOM_PROVIDER'"
    : >held
    stop alone
    is "$WHERE: exit" 0 "$code"
    [ -z "${2-}" ] || is "$WHERE: asked for again" 0 "$(replays)"
    judged
    echo "$WHERE: $out"
}
alone single
alone single answered
alone keyless
alone keyless answered

# --- idle ----------------------------------------------------------------------------------------------

sent_since() { [ "$(sql "SELECT count(*) FROM email_messages WHERE status = 'sent'")" = "$1" ]; }
beats() { [ "$(sql "SELECT count(*) FROM postroom.workers WHERE name = 'idle' AND heard_at > '$1'")" = 1 ]; }
early_and_late() {
    sql "SELECT min(sent_at - scheduled_at) >= '0', extract(epoch FROM max(sent_at - scheduled_at)) FROM email_messages
         WHERE scheduled_at IS NOT NULL"
}
WHERE=idle
way single
nothing_yet
sink_set '{"rules": []}'
POSTROOM_WORKER_NAME=idle begin idle
wait_for "it to be idle" 20 worker_heard idle
sql "INSERT INTO email_messages (to_email, subject, html, scheduled_at)
     SELECT 'later@mail.example', 'x', 'x', now() + interval '5 s'"
since=$(sql "SELECT clock_timestamp()")
jump idle 3600
asleep idle 3600
kill -CONT "${pid[idle]}"
ticks=$(cpu_ticks idle) began=$(now_ms)
mail 1
wait_for "new mail after the jump" 10 sent_since 1
in_time "idle: seconds until new mail was sent" "$(seconds_since "$began")" 1
wait_for "a sign of life after the jump" 10 beats "$since"
wait_for "scheduled mail" 15 sent_since 2
IFS='|' read -r in_order after <<<"$(early_and_late)"
is "idle: scheduled mail is not early" t "$in_order"
in_time "idle: seconds that scheduled mail was late" "$after" 1
share=$(cpu_share idle "$ticks" "$began")
echo "idle: $share % of a core after two jumps of an hour; scheduled mail $after s after its time"
awk -v x="$share" 'BEGIN { exit !(x < 20) }' || fail "idle: $share % of a core after a jump"
stop idle

# --- a pause the provider asked for --------------------------------------------------------------------

WHERE="a pause"
nothing_yet
sink_set '{"rules": [{"status": 429, "name": "rate_limit_exceeded", "headers": {"retry-after": 5}, "times": 1}]}'
mail 3
POSTROOM_WORKER_NAME=paused begin paused
parked() { [ "$(sql "SELECT parked_reason FROM postroom.lanes WHERE name = 'resend'")" = rate ]; }
wait_for "the lane to be parked" 20 parked
jump paused 90
asleep paused 90
kill -CONT "${pid[paused]}"
wait_for "the pause to end, and all to be sent" 20 sent_since 3
stop paused
pause=$(arrivals | python3 -c 'import sys; a = sorted(map(float, sys.stdin)); print("%.2f" % (a[1] - a[0]))')
echo "a pause of 5 s: the next request after $pause s"
within "a pause of 5 s that the provider asked for: seconds until the next request" "$pause" 4.9 60
in_time "a pause of 5 s that the provider asked for: seconds until the next request" "$pause" 7
judged

# --- its pace ------------------------------------------------------------------------------------------

metronome
WHERE="its pace"
nothing_yet
rm -f sent.log
${CC:-cc} -O1 -D_GNU_SOURCE -shared -fPIC -o sent_at.so "$FAULT/sent_at.c" -ldl
mail 160
: >metronome.log
PRELOAD=$PWD/sent_at.so SENT_AT=$PWD/sent.log POSTROOM_RATE=20 POSTROOM_CONCURRENCY=8 POSTROOM_WORKER_NAME=paced begin paced
so_many() { [ "$(wc -l <sink/requests.jsonl)" -ge "$1" ]; }
wait_for "some to be sent" 20 so_many 40
jump paced 90
wait_for "more to be sent" 20 so_many 80
asleep paced 90
sleep 1
kill -CONT "${pid[paced]}"
wait_for "still more to be sent" 20 so_many 120
asleep paced 1
sleep 1
kill -CONT "${pid[paced]}"
wait_for "the rest" 30 sent_since 160
paced "its pace, limit 20" 20
stop paced
judged
echo "its pace: $out"
