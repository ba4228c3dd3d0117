#!/usr/bin/env bash
# Nothing on the terminal's side stops the mail: a reader that stops, output that is held, a storm of
# sizes with nobody reading, a terminal that vanishes; and it is left in time all the same.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
export POSTROOM_WORKER_NAME=mail01 POSTROOM_OPERATOR=anna TERM=xterm-256color PYTHONPATH=$LIB PATIENCE=${TEST_PATIENCE:-1}
unset TMUX SSH_TTY SSH_CONNECTION
n=$(scaled 400)

cat >faults.py <<'PY'
import os, random, signal, subprocess, sys, time
from terminal import Terminal

how, number, patience = sys.argv[1], int(sys.argv[2]), int(os.environ["PATIENCE"])
postroom, url = os.environ["POSTROOM"], os.environ["DATABASE_URL"]


def sql(text):
    return subprocess.run(["psql", "-XqAt", url, "-c", text], check=True, capture_output=True, text=True).stdout.strip()


def sent_all(seconds):
    end = time.monotonic() + seconds * patience
    while time.monotonic() < end:
        if sql("SELECT count(*) FROM email_messages WHERE status <> 'sent'") == "0":
            return True
        time.sleep(0.1)
    return False


def late(what):
    print(f"{how}: {what}")
    sys.exit(75)


def insert():
    sql("INSERT INTO email_messages (to_email, subject, html) SELECT 'a' || n || '@mail.example', 'x', 'x'"
        f" FROM generate_series(1, {number}) n")


terminal = Terminal(140, 40, [postroom, "run"])
before = terminal.settings()
assert b"quit" in terminal.read_until(b"quit", 20 * patience), "no picture"
if how == "held":
    terminal.stop_taking()
elif how == "storm":  # each size is a whole picture; nobody reads them
    for _ in range(100):
        terminal.resize(random.randint(1, 300), random.randint(1, 100))
        time.sleep(0.02)
    terminal.resize(300, 100)
insert()
if not sent_all(20):
    late(f"sending stopped: {sql('SELECT status, count(*) FROM email_messages GROUP BY 1')}")

if how == "again":  # it goes on where the reader does
    terminal.stop_taking()
    insert()
    if not sent_all(20):
        late("sending stopped")
    terminal.take_again()
    assert b"Processed" in terminal.read_until(b"Processed", 20 * patience), "the picture does not go on"
    terminal.write(b"?")
    assert b"postroom help" in terminal.read_until(b"postroom help", 10 * patience), "no answer to a key"

began = time.monotonic()
if how == "gone":
    terminal.hang_up()
    code = terminal.end(sign=None, seconds=20 * patience)
else:
    code = terminal.end(signal.SIGTERM, 20 * patience, reading=how == "again")
took = time.monotonic() - began
print(f"{how}: left with {code} after {took:.1f} s")
assert code == 0, f"{how}: left with {code}"
if took >= 5 * patience:
    late(f"took {took:.1f} s to leave")
PY

for how in slow held storm again gone; do
    run python3 faults.py $how "$n"
    cat run.out run.err >>faults.log
    [ "$code" != 75 ] || late "$out"
    is "a terminal's fault: $how: $out$err" 0 "$code"
    sql_is "nothing is left in flight after $how" 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'"
    sql "UPDATE postroom.workers SET heard_at = now() - interval '1 hour'" >/dev/null
done
cat faults.log
sink_agrees
