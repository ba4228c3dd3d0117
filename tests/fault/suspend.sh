# A machine of their own for single workers, which may be suspended: its boot clock jumps (boot_shift.c). After e2e.sh.
# shellcheck shell=bash

${CC:-cc} -O1 -D_GNU_SOURCE -shared -fPIC -pthread -o "$WORK/shift.so" "$ROOT/tests/fault/boot_shift.c"

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
