#!/usr/bin/env bash
# Least privilege: a role that has what `migrate --role` grants, and no more, runs worker, dashboard and
# every command; one that only looks can look. Neither can do what it need not.
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
owner=$DATABASE_URL name="role_$$"
clean_up() {
    DATABASE_URL=$owner sql "DROP OWNED BY $name, ${name}_looks; DROP ROLE $name, ${name}_looks" >/dev/null 2>&1
}

run "$POSTROOM" migrate --role "$name"
is "exit for a role that is not there" 1 "$code"
contains "its words" "$err" "there is no role \"$name\"; make it first: CREATE ROLE"
run "$POSTROOM" migrate --apply
is "exit of --apply alone" 2 "$code"
run "$POSTROOM" migrate --role "$name" --dry-run
is "exit of --role --dry-run" 2 "$code"
sql "REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE $name LOGIN; CREATE ROLE ${name}_looks LOGIN"

# printed, not applied; what is printed is what is applied
run "$POSTROOM" migrate --role "$name"
is "exit" 0 "$code"
contains "the grants" "$out" "^GRANT SELECT, INSERT ON \"email_messages\" TO $name;"
as() { DATABASE_URL=${owner/user=postgres/user=$1} "${@:2}"; }
run as "$name" "$POSTROOM" status
is "exit without rights" 1 "$code"
run as "$name" "$POSTROOM" doctor
is "exit of doctor without rights" 1 "$code"
contains "doctor without rights" "$out" 'MEND +the database refused: permission denied for schema'
contains "what to do" "$out" 'postroom migrate --role NAME --apply'
run "$POSTROOM" migrate --role "$name" --apply
is "exit of --apply" 0 "$code"
contains "its words" "$out" "^done: the role $name may work on"
run "$POSTROOM" migrate --role "${name}_looks" --read-only --apply
is "exit of --read-only" 0 "$code"

# every table of postroom's is thought of
sql_is "tables without any right" "" "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = 'postroom' AND relkind IN ('r', 'p', 'v') AND NOT has_table_privilege('$name', c.oid, 'SELECT')"
run as "$name" "$POSTROOM" doctor
contains "doctor: rights" "$out" "ok +the role $name has what it needs"
sql "REVOKE UPDATE ON postroom.lanes FROM $name; REVOKE UPDATE (sent_at) ON email_messages FROM $name"
run as "$name" "$POSTROOM" doctor
is "exit of doctor with less" 1 "$code"
contains "doctor: what is missing" "$out" "lacks UPDATE on postroom.lanes, UPDATE of sent_at on \"email_messages\""
"$POSTROOM" migrate --role "$name" --apply >/dev/null

# --- all work under that role ------------------------------------------------------------------------
export DATABASE_URL=${owner/user=postgres/user=$name}
export POSTROOM_BACKOFF=500ms..1s POSTROOM_POLL_INTERVAL=1s POSTROOM_OPERATOR=anna
worker w --listen 127.0.0.1:0
day_lasts 60 # "sent today"
insert 40
all_sent 30 40
sink_agrees
sink_set '{"rules": [{"match": "^bad", "status": 422, "name": "invalid_to", "message": "no"},
                     {"match": "^late", "status": 500, "times": 1}]}'
sql "INSERT INTO email_messages (to_email, subject, html) VALUES ('bad@mail.example', 's', 'h'), ('late@mail.example', 's', 'h')"
wait_sql "a failure and a retry" 30 "failed|1 sent|41" "SELECT string_agg(status || '|' || n, ' ' ORDER BY status)
    FROM (SELECT status, count(*) n FROM email_messages GROUP BY 1) x"

door=$(grep -o 'http://127.0.0.1:[0-9]*' w.log | head -n 1)
python3 - "$door" <<'PY' || fail "the door under that role"
import sys, urllib.request
for path, method in (("/readyz", "GET"), ("/metrics", "GET"), ("/api/process-pending-emails?wait=5", "POST")):
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, method=method)) as answer:
        text = answer.read().decode()
        assert answer.status == 200, (path, answer.status)
        if path == "/metrics":
            assert 'postroom_messages{status="sent"} 41' in text, text
PY

id=$(postroom send --to c@mail.example --subject S --text - --wait <<<hello)
failed=$(sql "SELECT id FROM email_messages WHERE status = 'failed'")
for command in "status" "list" "list --status failed" "show $id" "why $id" "pause --reason x" "resume" "pause --worker w" "resume --worker w" "trigger" \
    "retry $failed" "cancel --pending --dry-run" "mark-sent --uncertain" "run --once"; do
    # shellcheck disable=SC2086 # words on purpose
    run "$POSTROOM" $command
    contains "exit of $command: $err" "$code" '^[01]$'
    lacks "$command" "$out$err" 'permission|refused:'
done
lacks "the worker's log" "$(cat w.log)" 'permission|database_refuses'

term_start 100 30 "$POSTROOM" watch
term_wait 'FLOWING|IDLE|FAILING' 20
term_wait 'sent today +4[0-9]' 20
term_keys p
term_wait 'Pause sending on' 10
sleep 0.5 # a dialog ignores its first 300 ms
term_keys y
term_wait 'reason:' 10
term_keys Enter
wait_sql "a pause by the dashboard" 20 1 "SELECT count(*) FROM postroom.control WHERE paused_by = 'anna'"
term_wait 'PAUSED' 20
postroom resume >/dev/null
term_keys q
term_wait 'exit code 0' 20
stop w
is "exit of the worker" 0 "$code"

# --- and nothing beyond ------------------------------------------------------------------------------
refused() {
    run psql -XqAt -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"
    contains "refused: $1" "$err" 'permission denied|must be owner'
}
refused "DELETE FROM email_messages"
refused "UPDATE email_messages SET to_email = 'x@y.example'"
refused "UPDATE email_messages SET html = ''"
refused "UPDATE postroom.meta SET value = '9'"
refused "TRUNCATE postroom.attempts"
refused "TRUNCATE postroom.journal"
refused "ALTER TABLE email_messages ADD COLUMN x int"
refused "DROP TABLE postroom.lanes"
refused "CREATE TABLE postroom.x (y int)"
run "$POSTROOM" migrate --role "$name"
is "it can be told its own rights" 0 "$code"

export DATABASE_URL=${owner/user=postgres/user=${name}_looks}
for command in status list "show $id" "why $id"; do
    # shellcheck disable=SC2086
    run "$POSTROOM" $command
    is "exit of $command for one that looks: $err" 0 "$code"
done
term_start 100 30 "$POSTROOM" watch --read-only
term_wait 'FLOWING|IDLE|FAILING|PAUSED|NO DATA' 20
term_keys q
term_wait 'exit code 0' 20
refused "INSERT INTO email_messages (to_email, subject) VALUES ('a@b.example', 's')"
refused "UPDATE postroom.control SET paused_at = now()"
