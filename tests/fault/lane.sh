# For the tests 8x: several workers on one lane, and what the sink's record says of their pace.
# shellcheck shell=bash

FAULT=$ROOT/tests/fault

# What worker number N is started with, in $placed; hosts.sh puts it on one of several.
place() { placed=(); }

# lane_worker N [OPTION...]: the daemon wN, noting when its requests leave (sent.log).
lane_worker() {
    local n=$1 preload=""
    shift
    if [ "${TEST_FLAVOUR:-release}" = release ]; then # sanitizers want to be loaded first
        preload=$WORK/sent_at.so
        [ -e "$preload" ] || ${CC:-cc} -O1 -D_GNU_SOURCE -shared -fPIC -o "$preload" "$FAULT/sent_at.c" -ldl
    fi
    place "$n"
    start "w$n" "${placed[@]}" env POSTROOM_WORKER_NAME="w$n" SENT_AT="$WORK/sent.log" LD_PRELOAD="$preload" \
        "$POSTROOM" run --no-ui "$@"
}
# workers N [OPTION...]: daemons w1 to wN.
workers() {
    local n=$1 i
    shift
    for ((i = 1; i <= n; i++)); do
        lane_worker "$i" "$@"
    done
    for ((i = 1; i <= n; i++)); do
        wait_for "worker w$i to be up" 30 worker_heard "w$i"
    done
}
stop_workers() {
    local name
    for name in "${!pid[@]}"; do
        [[ $name != w[0-9]* ]] || stop "$name"
    done
}

# arrivals [FROM [TO]]: when requests came to the sink, between these times (seconds).
arrivals() {
    python3 -c 'import json, sys
low, high = (float(x) for x in sys.argv[1:])
for line in open("sink/requests.jsonl"):
    t = json.loads(line)["time"]
    if low <= t < high:
        print(t)' "${1:-0}" "${2:-9e99}"
}

# metronome: from here on it is known whether the machine stood still.
metronome() { start metronome python3 "$FAULT/metronome.py"; }
# even WHAT NUMBER LOW HIGH: as within; where the machine stood still meanwhile, what is not is late.
even() {
    awk -v x="$2" -v low="$3" -v high="$4" 'BEGIN { exit !(x >= low && x <= high) }' && return 0
    [ ! -s metronome.log ] || late "$1: $2 is not within $3 .. $4; the machine stood still: $(tail -n 3 metronome.log | xargs)"
    fail "$1: $2 is not within $3 .. $4"
}

# paced NAME LIMIT: no second with more than the limit, by the time at which requests left the workers. A machine
# that stands still for a twentieth of a second makes one request late, and the tenth after it seem early: one window
# in a hundred may hold one too many. The sink notes some later than others, up to a tenth of a second on a busy
# machine: to it a request may seem early by no more than what another was late.
paced() {
    local late=0
    rm -f report
    if [ -s sent.log ]; then
        cut -d ' ' -f 1 sent.log | python3 "$FAULT/arrivals.py" "$2" "$1, left" | tee -a report
        even "$1: seconds in which more left than the limit" "$(figure over)" 0 "$(($(figure n) / 100))"
        even "$1: requests that left in the fullest second" "$(figure worst)" 1 "$(($2 + 1))"
        late=$(figure early_ms)
        python3 "$FAULT/delays.py" sent.log sink/requests.jsonl | tee -a report
        late=$(awk -v e="$late" -v d="$(figure max_ms)" 'BEGIN { print e + d }')
    fi
    arrivals | python3 "$FAULT/arrivals.py" "$2" "$1, arrived" | tee -a report
    even "$1: milliseconds that a request seemed early to the sink" "$(figure early_ms)" 0 "$late"
}

# figure NAME: from the last report of arrivals.py in the file report.
figure() { grep -oE "\\b$1=[0-9.]+" report | tail -n 1 | cut -d = -f 2; }
