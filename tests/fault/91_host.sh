#!/usr/bin/env bash
# What the machine may do to a worker: a log that nobody takes, few files, little memory, no folder to write
# to, no time. Mail goes out once all the same, no attempt is spent, and the worker ends when it is told to.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
migrated_db
sink
export POSTROOM_POLL_INTERVAL=1s POSTROOM_BATCH_SIZE=10

# under NAME ROWS BYTES: a worker as the function of that name starts it sends so many rows of such bodies.
under() {
    sql "TRUNCATE email_messages"
    [ ! -e sink/messages.jsonl ] || : >sink/messages.jsonl
    POSTROOM_WORKER_NAME=$1 "$1" &
    pid[$1]=$!
    wait_for "$1: the worker to be up" 20 up "$1"
    sql "INSERT INTO email_messages (to_email, subject, html)
         SELECT 'a' || n || '@mail.example', 'Message ' || n, repeat('x', $3) FROM generate_series(1, $2) n"
    unspent 60
    stop "$1"
    is "$1: exit" 0 "$code"
}
up() {
    runs "${pid[$1]}" || fail "$1: the worker ended"
    [ "$(sql "SELECT count(*) FROM postroom.workers WHERE name = '$1' AND state IN ('idle', 'sending')")" = 1 ]
}
n=$(scaled 2000)

# --- the log ---------------------------------------------------------------------------------------
full() { exec "$POSTROOM" run --no-ui >/dev/full 2>&1 </dev/null; }
under full "$n" 100

closed() { exec "$POSTROOM" run --no-ui >&- 2>&- <&-; }
under closed "$n" 100

mkfifo gone stuck
gone() { exec "$POSTROOM" run --no-ui >gone 2>&1 </dev/null; }
head -c 1 gone >/dev/null &
under gone "$n" 100

# Its reader stops: the pipe holds 64 KiB, less than is said.
stuck() { exec "$POSTROOM" run --no-ui >stuck 2>&1 </dev/null; }
sleep 600 <stuck &
pid[reader]=$!
under stuck 2000 100
stop reader

# --- little of everything --------------------------------------------------------------------------
unwritable() { TMPDIR=/proc XDG_STATE_HOME=/proc HOME=/proc exec "$POSTROOM" run --no-ui >unwritable.log 2>&1 </dev/null; }
under unwritable 10 100

export POSTROOM_CONCURRENCY=64 POSTROOM_BATCH_SIZE=1
files() { exec prlimit --nofile=40 "$POSTROOM" run --no-ui >files.log 2>&1 </dev/null; }
under files "$(scaled 500)" 100
contains "files: said" "$(cat files.log)" "few_files: only 40 files may be open .*: concurrency is 5 instead of 64$"
lacks "files: the lane" "$(cat files.log)" "lane_parked"

hurried() { exec nice -n 19 "$POSTROOM" run --no-ui >hurried.log 2>&1 </dev/null; }
for hog in 1 2 3; do
    start "hog$hog" sh -c 'while :; do :; done'
done
under hurried "$(scaled 500)" 100
for hog in 1 2 3; do
    stop "hog$hog" KILL
done

# An address sanitizer has more than that to itself.
if [ "${TEST_FLAVOUR-}" != asan ]; then
    memory() { exec prlimit --as=1000000000 "$POSTROOM" run --no-ui >memory.log 2>&1 </dev/null; }
    under memory 40 8000000
fi
