#!/usr/bin/env bash
# A machine that was suspended: the boot clock, by which workers know their leases, jumps by one and a half of them in
# the middle of a send, while its processes stand still or (the jump alone) go on. Another machine's worker has taken
# over, so what they write changes nothing and what they hold goes nowhere. And what such a jump does to a worker
# that is idle, to its pace and to a pause the provider asked for. REPEATS may be given (rounds of the kill points;
# these take ten times as long).
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
. "$ROOT/tests/fault/crash.sh"
. "$ROOT/tests/fault/lane.sh"
. "$ROOT/tests/fault/away.sh"
sink
fault_db
${CC:-cc} -O1 -D_GNU_SOURCE -shared -fPIC -pthread -o shift.so "$FAULT/boot_shift.c"
export POSTROOM_LEASE=60s POSTROOM_REQUEST_TIMEOUT=30s POSTROOM_POLL_INTERVAL=500ms POSTROOM_CONCURRENCY=1
export POSTROOM_BACKOFF=100ms..200ms

ROUNDS=$(((${REPEATS:-1} + 9) / 10))
[ -n "${REPEATS-}" ] || WAYS="batch keyless"

# jump NAME SECONDS: its machine's boot clock.
jump() { python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as file:
    ahead, = struct.unpack("<q", file.read(8))
    file.seek(0)
    file.write(struct.pack("<q", ahead + int(float(sys.argv[2]) * 1e6)))' "$1.shift" "$2"; }

begin() { # NAME [OPTION...]
    local name=$1
    shift
    printf '\0\0\0\0\0\0\0\0' >"$name.shift"
    BOOT_SHIFT=$PWD/$name.shift start "$name" env LD_PRELOAD="$PWD/shift.so${PRELOAD:+ $PRELOAD}" "$FAULTY" run --no-ui "$@"
}
stopped() { [ "$(cut -d ' ' -f 3 /proc/"${pid[$1]}"/task/*/stat | sort -u)" = T ]; }
asleep() { # NAME SECONDS
    kill -STOP "${pid[$1]}"
    wait_for "$1 to stop" 10 stopped "$1"
    jump "$1" "$2"
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
    [ "$HOW" = suspended ] || names=${names/answer/} # it would come before the jump
    nothing_yet
    for name in $names; do
        at "$name"
        [ "$HOW" != suspended ] || asleep "$name" 90
    done
    each_has_its_own $names
    taken_over
    before=$(versions)
    for name in $names; do
        comes_back "$name"
        stop "$name"
        is "$WHERE: exit of $name" 0 "$code"
    done
    nothing_changed "$before" "$1" $names
}

for ((round = 1; round <= ROUNDS; round++)); do
    for HOW in suspended jumped; do in_ways; done
done
figures
