#!/usr/bin/env bash
# Postfix's smtp-sink takes the mail: a dialogue that none of us wrote. It is in Debian's package postfix,
# which is only unpacked, never installed: no mail service appears. Skipped, with a word why, where that
# cannot be had.
. "$(dirname "$0")/../lib/e2e.sh"

skip() {
    echo "skipped: $1"
    exit 0
}

place=$ROOT/${BUILD:-build}/peers/postfix
find_sink() {
    SINK=$(command -v smtp-sink || true) LIBRARIES=
    [ -z "$SINK" ] || return 0
    SINK=$place/usr/sbin/smtp-sink LIBRARIES=$place/usr/lib/postfix
    [ ! -x "$SINK" ] || return 0
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "this is no Debian"
    mkdir -p "$place"
    (cd "$WORK" && apt-get download -q=2 postfix >apt.log 2>&1) || skip "postfix cannot be fetched: $(tail -n 1 "$WORK/apt.log")"
    dpkg-deb --fsys-tarfile "$WORK"/postfix_*.deb | tar -x -C "$place" ./usr/sbin/smtp-sink ./usr/lib/postfix
}
find_sink
LD_LIBRARY_PATH=$LIBRARIES ldd "$SINK" | grep "not found" && skip "a library of smtp-sink's is missing"

migrated_db
export POSTROOM_PROVIDER=smtp POSTROOM_FROM="\"Shop, the\" <hello@shop.example>" POSTROOM_CONCURRENCY=4
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s POSTROOM_REQUEST_TIMEOUT=10s POSTROOM_LEASE=20s
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SMTP_URL="smtp://127.0.0.1:$PORT?tls=none"

heard() { python3 -c "import socket; socket.create_connection(('127.0.0.1', $PORT), 1).recv(3)" 2>/dev/null; }
peer() { # OPTION...: smtp-sink with these
    LD_LIBRARY_PATH=$LIBRARIES start peer "$SINK" -u "$(id -un)" "$@" "127.0.0.1:$PORT" 100
    wait_for "smtp-sink to be heard" 10 heard
}
one() { sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('$1', '$1', '<p>x</p>') RETURNING id"; }
row_is() { sql_is "$1" "$2" "SELECT status, error_code, retry_count, coalesce((SELECT parked_reason FROM postroom.lanes), '') FROM email_messages WHERE id = '$id'"; }
again() { sql "UPDATE email_messages SET status = 'pending', retry_count = 0, error_code = NULL"; }
open_lane() { sql "UPDATE postroom.lanes SET parked_reason = NULL, parked_until = NULL, failures = 0"; }

# --- what it dumps is what the rows say ------------------------------------------------------------
mkdir dump mails
peer -d dump/m.
python3 "$LIB/mail.py" rows "${SEED:-$RANDOM}" 20 >rows.sql
psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f rows.sql
run postroom run --once
is "exit" 0 "$code"
python3 - <<'PY' || fail "a dump cannot be read"
import glob, re
for name in glob.glob("dump/m.*"):
    data = open(name, "rb").read()
    mail = data[data.index(b"\nDate: ") + 1:-1]  # what smtp-sink adds before and behind it
    mail = re.sub(rb"(?m)^\.\.", b".", mail)   # and the dots as they came
    mail = re.sub(rb"\r?\n", b"\r\n", mail)
    ident = re.search(rb"(?m)^Message-ID: <postroom\.(.*?)\.[0-9a-f]{12}@", mail).group(1).decode()
    open(f"mails/{ident}.eml", "wb").write(mail)
PY
MAIL_DATE=any python3 "$LIB/mail.py" check mails || fail "mails differ from their rows"
n=$(sql "SELECT count(*) FROM email_messages")
insert 200
run postroom run --once
is "exit" 0 "$code"
is "mails it took" $((n + 200)) "$(ls dump | wc -l)"
stop peer

# --- its faults -----------------------------------------------------------------------------------------
sql "DELETE FROM email_messages"
id=$(one fault@mail.example)
peer -f rcpt
run postroom run --once
row_is "RCPT refused for good" "failed|rejected:refused|1|"
stop peer
again
for fault in "-r rcpt" "-r ."; do
    # shellcheck disable=SC2086 # two words
    peer $fault
    run postroom run --once
    sql_is "$fault" "failed|t|1" "SELECT status, next_attempt_at IS NOT NULL, retry_count FROM email_messages"
    stop peer
    open_lane
    again
done
peer -q data # hangs up there
run postroom run --once
row_is "cut at DATA" "pending||0|down"
stop peer
open_lane
peer -q . # and there, after the mail
run postroom run --once
row_is "cut at the dot" "failed|uncertain|0|"
stop peer
again
peer
run postroom run --once
row_is "without a fault" "sent||0|"
stop peer
