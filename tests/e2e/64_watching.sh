#!/usr/bin/env bash
# Watching is cheap: below one percent of a processor, a few bytes a second at rest, within the budget
# with mail going through. And where there is no terminal worth the name: plain words, no escape.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
unset TMUX SSH_TTY SSH_CONNECTION
export TERM=xterm-256color PYTHONPATH=$LIB POSTROOM_OPERATOR=anna
worker mail01
insert 20
all_sent 20

cat >watch.py <<'PY'
import os, subprocess, sys, time
from terminal import Terminal

columns, rows, per_s, seconds, limit = map(int, sys.argv[1:])
terminal = Terminal(columns, rows, [os.environ["POSTROOM"], "watch"])
assert b"quit" in terminal.read_until(b"quit", 30), "no picture"
terminal.read(3)


def cpu():
    with open(f"/proc/{terminal.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


began, cpu_began, got, at = time.monotonic(), cpu(), 0, 0
while (passed := time.monotonic() - began) < seconds:
    if at <= passed and per_s:
        at += 1
        subprocess.run(["psql", "-Xq", os.environ["DATABASE_URL"], "-c",
                        "INSERT INTO email_messages (to_email, subject, html) SELECT 'customer' || n || '@mail.example',"
                        f" 'x', 'x' FROM generate_series(1, {per_s}) n"], check=True)
    got += len(terminal.read(0.2))
share = 100 * (cpu() - cpu_began) / passed
print(f"{columns}x{rows}, {per_s} events/s: {got / passed:.0f} bytes/s, {share:.2f} % of a processor")
assert terminal.end() == 0
assert share < 1, "watching costs too much"
assert got / passed <= limit, f"more than {limit} bytes/s"
PY
for what in "80 24 0 6 60" "140 40 50 8 1100"; do
    # shellcheck disable=SC2086 # words on purpose
    python3 watch.py $what
done

# No terminal: plain lines; with a poor one too, and `run` then logs as a daemon does.
plain() { # NAME COMMAND...
    lacks "$1: an escape" "$(cat -v "$1.out")" '\^\['
    [ -s "$1.out" ] || fail "$1 says nothing"
}
cat >poor.py <<'PY'
import os, signal, sys
from terminal import Terminal

terminal = Terminal(80, 24, sys.argv[2:])
seen = terminal.read_until(sys.argv[1].encode(), 30)
code = terminal.end(signal.SIGTERM)
sys.stdout.buffer.write(seen + terminal.last)
assert code == 0, code
PY
for term in dumb nosuch ''; do
    TERM=$term python3 poor.py 'FLOWING' "$POSTROOM" watch >watch.out
    plain watch
    contains "a plain line" "$(cat watch.out)" '^[0-9-]{10}T[0-9:]{8}Z .*@local (FLOWING|IDLE): '
done
stop mail01
insert 1
TERM=dumb python3 poor.py Processed "$POSTROOM" run >run.out
plain run

# A terminal without UTF-8 gets not one byte that it cannot show.
LC_ALL=C python3 poor.py resend "$POSTROOM" watch >c.out
lacks "bytes above 0x7e" "$(LC_ALL=C tr -d '\000-\176' <c.out | od -An -tx1)" '[0-9a-f]'
contains "drawn all the same" "$(cat -v c.out)" 'FLOWING|IDLE'
NO_COLOR=1 python3 poor.py resend "$POSTROOM" watch >colourless.out
lacks "a colour" "$(cat -v colourless.out)" '\^\[\[3[1-7]m'
