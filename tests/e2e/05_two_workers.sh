#!/usr/bin/env bash
# Two workers share the work and the rate: the limit is never exceeded in any second, and used.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
POSTROOM_RATE=20 sink '{"limit": 20}'
migrated_db
export POSTROOM_BATCH_SIZE=5 POSTROOM_RATE=20
n=$(scaled 1200)

worker a
worker b
insert "$n"
all_sent 60 "$n"
sink_agrees
within "requests" "$(sink_stat requests)" $((n / 5)) $((n / 5 + n / 5 / 20 + 2))
# The sink's own clock on a busy machine counts too: one request of 240 may seem early.
within "requests over the limit" "$(sink_stat statuses.429)" 0 1
within "requests in the fullest second" "$(sink_stat by_second_peak)" 1 21
sql_is "workers that sent" 2 "SELECT count(DISTINCT claimed_by) FROM
    (SELECT w.name AS claimed_by FROM postroom.attempts a JOIN postroom.workers w ON w.id = a.worker) x"
if [ "${TEST_SCALE:-1}" = 1 ]; then # used: nine tenths of it in the best five seconds, whatever else this machine does
    rate=$(python3 -c 'import bisect, json
at = [json.loads(line)["time"] for line in open("sink/requests.jsonl")]
print(max((bisect.bisect(at, t + 5) - i) / 5 for i, t in enumerate(at) if t + 5 <= at[-1]))')
    echo "requests a second: $rate, over all $(awk -v r="$(sink_stat requests)" -v s="$(sink_stat seconds)" 'BEGIN { print (r - 1) / s }')"
    within "requests a second" "$rate" 18 20.2
fi
stop a
is "exit of a" 0 "$code"
stop b
is "exit of b" 0 "$code"
