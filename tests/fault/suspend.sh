# A machine of their own for single workers, which may be suspended: its boot clock jumps (boot_shift.c). After e2e.sh.
# shellcheck shell=bash

${CC:-cc} -O1 -D_GNU_SOURCE -shared -fPIC -pthread -o "$WORK/shift.so" "$ROOT/tests/fault/boot_shift.c"

# shift_is NAME SECONDS: how far its machine's boot clock is ahead.
shift_is() {
    local us=$(($2 * 1000000)) bytes="" i
    for i in 0 8 16 24 32 40 48 56; do
        printf -v bytes '%s\\x%02x' "$bytes" $((us >> i & 255))
    done
    printf '%b' "$bytes" 1<>"$1.shift" # as it is mapped, it stays the same file
    ahead[$1]=$2
}
declare -A ahead=()
jump() { shift_is "$1" $((${ahead[$1]} + $2)); } # NAME SECONDS

begin() { # NAME [OPTION...]
    local name=$1
    shift
    rm -f "$name.shift"
    shift_is "$name" 0
    BOOT_SHIFT=$PWD/$name.shift start "$name" env LD_PRELOAD="$PWD/shift.so${PRELOAD:+ $PRELOAD}" "$FAULTY" run --no-ui "$@"
}
stopped() { [ "$(cut -d ' ' -f 3 /proc/"${pid[$1]}"/task/*/stat | sort -u)" = T ]; }
asleep() { # NAME SECONDS
    kill -STOP "${pid[$1]}"
    wait_for "$1 to stop" 10 stopped "$1"
    jump "$1" "$2"
}
