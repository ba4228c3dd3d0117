#!/usr/bin/env bash
# A daemon among others: it tells the service manager when it is ready and when it leaves, hang-ups
# drain it, its name is not in the way of its secrets.
# also under: tsan
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink

# notified SOCKET: writes what arrives there to notified.log, one state per line
notified() {
    python3 - "$1" >notified.log <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(("\0" + sys.argv[1][1:]) if sys.argv[1][0] == "@" else sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(1000).decode(), flush=True)
PY
    pid[notified]=$!
    wait_for "the manager to listen" 10 grep -q listening notified.log
}

for socket in "$WORK/notify" "@postroom-test-$$"; do
    notified "$socket"
    NOTIFY_SOCKET=$socket worker a
    wait_for "READY=1" 5 grep -qx READY=1 notified.log
    stop a
    is "exit" 0 "$code"
    wait_for "STOPPING=1" 5 grep -qx STOPPING=1 notified.log
    stop notified 2>/dev/null
done
NOTIFY_SOCKET=/nowhere/at/all worker a
stop a HUP
is "exit after a hang-up" 0 "$code"
contains "its last words" "$(tail -n 1 a.log)" "stopped: sent 0, failed 0; nothing left in flight"

# under nohup a hang-up means nothing
start b nohup "$POSTROOM" run --no-ui --worker-name b
wait_for "worker b to be up" 20 worker_heard b
kill -HUP "${pid[b]}"
insert 1
all_sent 20
worker_heard b || fail "a hang-up under nohup ended it"
stop b INT
is "exit after SIGINT" 0 "$code"

# a secret given as an option is not in the process list
start c "$POSTROOM" run --no-ui --worker-name c --resend-api-key=re_canary_in_argv --from x@mail.example
wait_for "worker c to be up" 20 worker_heard c
lacks "process list" "$(tr '\0' ' ' <"/proc/${pid[c]}/cmdline")" "canary"
stop c

# without a terminal `run` is a daemon
start d "$POSTROOM" run --worker-name d
wait_for "worker d to be up" 20 worker_heard d
stop d
is "exit" 0 "$code"

# --once: what failed and what was left is said
sink_set '{"rules": [{"match": "^bad", "status": 422, "name": "validation_error", "message": "No"}]}'
run postroom run --once
is "nothing due" 0 "$code"
sql "INSERT INTO email_messages (to_email, subject, text) VALUES ('bad@mail.example', 'x', 'x'), ('good@mail.example', 'x', 'x')"
run postroom run --once
is "one failed" 1 "$code"
is "lines on stderr" 1 "$(wc -l <run.err)"
contains "words" "$err" "1 failed"
contains "last line" "$(tail -n 1 run.out)" "sent 1, failed 1"
postroom pause >/dev/null
insert 1
run postroom run --once
is "paused" 1 "$code"
contains "words" "$err" "1 left waiting: .*paused"
