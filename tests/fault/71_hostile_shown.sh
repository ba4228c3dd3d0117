#!/usr/bin/env bash
# Whatever stands in the database or on the command line, no command prints anything
# that acts on a terminal, and JSON stays JSON.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
. "$ROOT/tests/fault/hostile.sh"
migrated_db
liar
hostile_database

# says KIND COMMAND...: keeps what it prints on both sides, to be looked at in one go.
mkdir said
says() {
    local kind=$1
    shift
    run postroom "$@"
    [ "$code" -lt 126 ] || fail "postroom $* ended with $code"
    said=$((said + 1))
    mv run.out "said/$said.$kind"
    cat run.err >>said/errors.text
}
said=0
says text status
says json status --json
for status in pending scheduled processing retrying failed uncertain sent cancelled; do
    says text list --status "$status" --limit 100000
    says json list --status "$status" --limit 100000 --json
done
says text list --limit 100000
for id in $(sql "SELECT id FROM email_messages WHERE claimed_by IS NOT NULL OR scheduled_at IS NOT NULL ORDER BY random() LIMIT 10"); do
    says text show "$id"
    says json show "$id" --json
    says text why "$id"
    says json why "$id" --json
done
is "its own words survive as JSON" "$(sql "SELECT count(*) FROM email_messages WHERE subject LIKE '%' || chr(155) || '%'")" \
    "$(postroom list --limit 100000 --json | python3 -c 'import json, sys
print(sum("\x9b" in row["subject"] for row in json.load(sys.stdin)))')"

# On the command line, in the environment, in a file.
says text show "$evil"
says text why "$evil"
says text list --status "$evil"
says text list --error "$evil" --to "$evil"
says text list --since "$evil"
says text "$evil"
says text list "--$evil"
says text retry "$evil"
says text cancel "$evil"
says text send --to "$evil" --subject "$evil" --text /dev/null
says text pause --worker "$evil" --reason "$evil"
says text pause --reason "$evil"
says text resume
POSTROOM_OPERATOR=$evil says text pause --reason "x"
says text resume
says text trigger
printf '%s = 1\n' "$evil" >evil.conf
says text status --config evil.conf
says text status --config "$evil"
POSTROOM_RATE=$evil says text status
RESEND_BASE_URL=$evil says text run --once
RESEND_API_KEY=$evil says text run --once
DATABASE_URL="postgresql://u@/x?host=$evil" says text status

harmless text said/*.text
harmless json said/*.json
