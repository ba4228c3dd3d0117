#!/usr/bin/env bash
# The key and the database's password stand nowhere: no log, no command's words, no table, no process list, no
# core, no environment that another user could read; whatever fails, and however the URL is wrong.
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
migrated_db
liar
export RESEND_API_KEY=re_canary_key_41c9d2e7
PASSWORD=canary_password_77b1
PLAIN_URL=$DATABASE_URL
export DATABASE_URL="$DATABASE_URL&password=$PASSWORD"

# A worker in both formats, with answers that repeat what they got, and the windows and commands beside it.
sql "INSERT INTO email_messages (to_email, subject, html) SELECT 'a@mail.example', 's', 'canary_body' FROM generate_series(1, 20)"
for format in text json; do
    liar_set '{"mode": "status", "status": 403, "name": "invalid_api_key", "message": "no such key"}'
    POSTROOM_LOG_FORMAT=$format worker "$format"
    tr '\0' ' ' <"/proc/${pid[$format]}/cmdline" >>said.text
    wait_for "the lane to be parked" 15 grep -q lane_parked "$format.log"
    for command in status "status --json" list "list --json" pause resume trigger; do
        # shellcheck disable=SC2086
        run postroom $command
        cat run.out run.err >>said.text
    done
    liar_set '{"mode": "take"}'
    postroom trigger >>said.text
    no_more_due
    stop "$format"
    sql "UPDATE email_messages SET status = 'pending'"
done
id=$(sql "SELECT id FROM email_messages LIMIT 1")
postroom show "$id" >>said.text
postroom why "$id" >>said.text

# The process: other users cannot read its environment or memory, and it leaves no core.
liar_set '{"mode": "take"}'
worker alone
if [ "$(id -u)" = 0 ]; then # root may read everything: look as somebody else
    stop alone
    chmod 777 . && chmod 666 ./*.log
    nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }
    POSTROOM_WORKER_NAME=other start other bash -c 'ulimit -c unlimited && exec setpriv --reuid nobody --regid nogroup --clear-groups -- "$POSTROOM" run --no-ui'
    heard() { [ "$(sql "SELECT count(*) FROM postroom.workers WHERE name = 'other' AND state = 'idle'")" = 1 ]; }
    wait_for "a worker of another user" 20 heard
    is "readable by its own user" no "$(nobody head -c 1 "/proc/${pid[other]}/environ" >/dev/null 2>&1 && echo yes || echo no)"
    stop other ABRT
    [ "$code" -gt 128 ] || fail "it was to die by a signal: $code"
else
    head -c 1 "/proc/${pid[alone]}/environ" >/dev/null 2>&1 && fail "its environment can be read"
    stop alone ABRT
fi
is "core files" "" "$(find . -name '*core*')"

# As a flag it is wiped from the process list.
start flag "$POSTROOM" run --no-ui --resend-api-key "$RESEND_API_KEY"
wiped() { [ -n "$(tr '\0' ' ' <"/proc/${pid[flag]}/cmdline")" ] && ! grep -q canary "/proc/${pid[flag]}/cmdline"; }
wait_for "the flag to be wiped" 10 wiped
stop flag

# Everything that can be wrong with an address or a key.
P=$PASSWORD
for url in "postgresql://u:$P@127.0.0.1:1/x" "postgresql://u:$P@nosuch.invalid/x" "postgresql://u:$P@[::1/x" "postgresql://u:$P%zz@h/x" \
    "postgresql://u:$P@127.0.0.1:port/x" "postgresql://u@127.0.0.1:1/x?passwrod=$P" "postgresql://u@h/x?password=$P&sslmode=bogus" \
    "host=127.0.0.1 port=1 password=$P" "host=127.0.0.1 passwrod=$P" "host=127.0.0.1 password=$P bad" "password='$P" "$P" "mysql://u:$P@h/x" \
    "${PLAIN_URL/user=postgres/user=nobody_here}&password=$P" "${PLAIN_URL/\/\/\//:///nosuch_}&password=$P"; do
    for command in status "run --once" migrate "send --to a@b.example --subject x --text /dev/null" "watch --read-only"; do
        # shellcheck disable=SC2086
        DATABASE_URL=$url run timeout 20 "$POSTROOM" $command
        [ "$code" != 0 ] || fail "$command does not fail with a wrong address"
        cat run.out run.err >>said.text
    done
done
for key in "re_canary key" $'re_canary\nkey' "" "re_$(printf 'canary%.0s' {1..100})"; do
    RESEND_API_KEY=$key run timeout 20 "$POSTROOM" run --once
    cat run.out run.err >>said.text
done
for base in "http://u:canary_password@127.0.0.1:1" "https://canary_password@nosuch.invalid" "http://example.com/canary_password"; do
    RESEND_BASE_URL=$base run timeout 30 "$POSTROOM" run --once
    cat run.out run.err >>said.text
done
printf 'resend_api_key = re_canary_file\nresend_api_key = re_canary_file2\n' >twice.conf
printf 'database_url = %s\nrate = canary\n' "$P" >wrong.conf
printf 'resend_api_kye = re_canary_file\n' >typo.conf
printf 're_canary_line\n[section\n' >broken.conf
for file in *.conf; do
    chmod 600 "$file"
    run timeout 20 "$POSTROOM" status --config "$file"
    cat run.out run.err | grep -v 'rate' >>said.text || true
    chmod 644 "$file"
    run timeout 20 "$POSTROOM" status --config "$file"
    cat run.out run.err | grep -v 'rate' >>said.text || true
done
RESEND_API_KEY="" RESEND_API_KEY_FILE=$WORK/canary_missing run postroom run --once
grep -v canary_missing run.err >>said.text || true

pg_as "$(pg_bin)/pg_dump" "$PLAIN_URL" | grep -v canary_body >dump.sql
contains "what was said" "$(cat said.text)" "cannot connect|127.0.0.1"
is "secrets in what was said and stored" "" "$(grep -anE 'canary|re_can' ./*.log said.text dump.sql | cut -c 1-200 | head -n 5)"
echo "$(cat ./*.log said.text | wc -l) lines of words, $(wc -l <dump.sql) of tables: no secret"
