#!/usr/bin/env bash
# As a service: the worker's loop feeds the watchdog, secrets come as credentials, and the unit is
# one that systemd reads and finds hardened.
. "$(dirname "$0")/../lib/e2e.sh"
migrated_db
sink
unit=$ROOT/contrib/postroom.service

# notified: each datagram with the time it came
cat >listen.py <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(time.monotonic(), s.recv(1000).decode(), flush=True)
PY
start manager python3 listen.py "$WORK/notify"
wait_for "the manager to listen" 10 grep -q listening manager.log
export NOTIFY_SOCKET=$WORK/notify
fed() { grep -c WATCHDOG=1 manager.log; }
fed_more_than() { [ "$(fed)" -gt "$1" ]; }

# --- the watchdog --------------------------------------------------------------------------------
WATCHDOG_USEC=300000 worker a
wait_for "READY=1" 5 grep -q READY=1 manager.log
wait_for "an idle worker to feed it" 20 fed_more_than 10
# A statement that waits stops the loop, and with it the food: nobody else feeds.
mkfifo lock
psql -Xq "$DATABASE_URL" <lock >blocker.log 2>&1 &
exec 9>lock
echo "BEGIN; LOCK TABLE postroom.workers; SELECT 'locked';" >&9
wait_for "the lock" 20 grep -q locked blocker.log
starved() { python3 - <<'PY'
import sys, time
fed = [float(line.split()[0]) for line in open("manager.log") if "WATCHDOG=1" in line]
sys.exit(time.monotonic() - fed[-1] < 1.5)  # five times as long as it may be
PY
}
wait_for "an end to the food" 10 starved # sooner than a statement is given up
wait_sql "the worker to be stuck" 20 t "SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%postroom.workers%'"
before=$(fed)
echo "COMMIT;" >&9
exec 9>&-
wait_for "it to be fed again" 20 fed_more_than $((before + 3))
stop a
is "exit" 0 "$code"
wait_for "STOPPING=1" 5 grep -q STOPPING=1 manager.log

# another process's watchdog, or none, is left alone
WATCHDOG_USEC=300000 WATCHDOG_PID=1 worker b
b_ready() { [ "$(grep -c READY=1 manager.log)" = 2 ]; }
wait_for "READY=1 of b" 20 b_ready # behind all that a said
before=$(fed)
insert 20
all_sent 30
stop b
is "food for another's watchdog" "$before" "$(fed)"
unset NOTIFY_SOCKET

# --- credentials ---------------------------------------------------------------------------------
mkdir credentials
echo "re_credential_4711" >credentials/resend_api_key
echo "$DATABASE_URL" >credentials/database_url
echo >credentials/api_token
run env -u RESEND_API_KEY -u DATABASE_URL CREDENTIALS_DIRECTORY="$WORK/credentials" "$POSTROOM" doctor
contains "the key" "$out" '^resend_api_key +…4711 +credential$'
contains "the database" "$out" 'connected to'
contains "an empty one" "$out" '^api_token +- +default'
run env CREDENTIALS_DIRECTORY="$WORK/credentials" RESEND_API_KEY=re_environment_1234 "$POSTROOM" doctor
contains "the environment wins" "$out" '^resend_api_key +…1234 +environment'

# --- the unit ------------------------------------------------------------------------------------
# Every key that may come by a file is a credential of the unit, with an empty one to fall back on.
"$POSTROOM" --help | sed -n 's/^  --\([a-z-]*\) VALUE.*/\1/p' >keys
while read -r key; do
    run "$POSTROOM" status "--$key-file" "$WORK/nowhere"
    grep -q "unknown option" <<<"$err" && continue
    name=${key//-/_}
    grep -qx "LoadCredential=$name:/etc/postroom/credentials/$name" "$unit" || fail "the unit loads no $name"
    grep -qx "SetCredential=$name:\\\\n" "$unit" || fail "the unit demands $name"
    echo "$name" >>secrets
done <keys
is "credentials of the unit" "$(sort secrets)" "$(sed -n 's/^LoadCredential=\([^:]*\):.*/\1/p' "$unit" | sort)"
grep -q '^WatchdogSec=' "$unit" && grep -qx 'Type=notify' "$unit" || fail "the unit has no watchdog"

if command -v systemd-analyze >/dev/null; then
    exposure=$(systemd-analyze security --offline=true --no-pager "$unit" |
        sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    within "exposure by systemd-analyze" "$exposure" 0 2.0
    sed "s|/usr/bin/postroom|$POSTROOM|" "$unit" >postroom.service
    lacks "systemd-analyze verify" "$(systemd-analyze verify --man=no "$WORK/postroom.service" 2>&1 | grep postroom.service)" .
fi
