# For the tests 7x: the provider that cannot be trusted, and looks at what was printed.
# shellcheck shell=bash

FAULT=$ROOT/tests/fault

# liar: starts it and points postroom at it.
liar() {
    mkdir -p liar
    python3 "$FAULT/liar.py" serve liar >liar/port 2>liar.log </dev/null &
    pid[liar]=$!
    wait_for "the liar to listen" 10 test -s liar/port
    export RESEND_BASE_URL RESEND_API_KEY=re_canary_41c9d2e7 POSTROOM_RATE=1000
    export POSTROOM_FROM="Shop <hello@shop.example>" POSTROOM_POLL_INTERVAL=1s
    RESEND_BASE_URL=http://127.0.0.1:$(cat liar/port)
}

# liar_set JSON: what it answers from now on.
liar_set() {
    python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/control", sys.argv[2].encode()).read()' "$RESEND_BASE_URL" "$1"
}

# hostile_rows FILE COLUMN,...: inserts rows as corpus.py writes them; what is not named has its default.
hostile_rows() {
    psql -Xq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<SQL
CREATE TEMP TABLE incoming (j jsonb);
\\copy incoming FROM '$1' CSV
INSERT INTO email_messages ($2) SELECT $2 FROM incoming, jsonb_populate_record(NULL::email_messages, j);
SQL
}
PLAIN_COLUMNS=id,from_email,to_email,cc,bcc,reply_to,subject,html,text,headers,attachments,tags,kind,dedupe_key

# no_more_due: everything has its end but what is scheduled.
no_more_due() {
    wait_sql "an end for every row" 120 0 "SELECT count(*) FROM email_messages WHERE status = 'processing'
        OR (status = 'pending' AND coalesce(scheduled_at, now()) <= now()) OR next_attempt_at IS NOT NULL"
}

# as_json FILE: every row as it stands, a line each. By COPY, since psql leaves characters out.
as_json() {
    sql "COPY (SELECT to_json(m) FROM email_messages m) TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')" >"$1"
}

# harmless KIND FILE...: clean.py finds nothing in them (text, json, lines, screen).
harmless() { python3 "$FAULT/clean.py" "$@" || fail "what is printed acts on a terminal"; }

# cell ROW MOTION...: the column where tmux's own cursor stands after this motion in that row of the
# screen: what the terminal made of the widths, not what we think of them.
cell() {
    local row=$1 down=()
    shift
    [ "$row" = 1 ] || down=(send-keys -t test -X -N "$((row - 1))" cursor-down \;)
    tmux_run copy-mode -t test \; send-keys -t test -X top-line \; "${down[@]}" send-keys -t test -X start-of-line \; \
        send-keys -t test -X "$@" \; display-message -p -t test '#{copy_cursor_x}' \; send-keys -t test -X cancel
}

# aligned COLUMN CHARACTER: in every row that has it, the first one stands in that column.
aligned() {
    local row rows at
    rows=$(term_text | grep -n "$2" | cut -d : -f 1)
    [ "$(wc -l <<<"$rows")" -gt 3 ] || fail "too few rows with $2 to judge"
    for row in $rows; do
        at=$(cell "$row" jump-forward "$2")
        [ "$at" = "$1" ] || fail "row $row: $2 stands in column $at, not in $1: $(term_text | sed -n "${row}p" | cat -v)"
    done
}

evil=$'\e]0;title\a\e[2J\u202e\u009b31m\u200b\x7f\r\n"; DROP TABLE x; --'

# hostile_database: mail of a real worker with hostile words of the provider, and everything that somebody
# else might write into the tables.
hostile_database() {
    liar_set '{"mode": "refuse"}'
    insert 600
    run postroom run --once
    within "refused by the provider" "$(count failed)" 200 210
    harmless text run.out run.err
    python3 "$FAULT/corpus.py" shown >shown.csv
    hostile_rows shown.csv "$PLAIN_COLUMNS,status,error_code,error_message,provider,provider_message_id,claimed_by,provider_response,scheduled_at,failed_at"
    sql "UPDATE email_messages SET created_at = now(), updated_at = now() WHERE created_at IS NULL"
    psql -Xq -v ON_ERROR_STOP=1 -v evil="$evil" "$DATABASE_URL" <<'SQL'
UPDATE postroom.control SET paused_at = now(), paused_by = :'evil', paused_reason = :'evil';
UPDATE postroom.lanes SET parked_reason = 'key', parked_text = :'evil', parked_since = now();
INSERT INTO postroom.lanes (name, parked_reason, parked_text) VALUES (:'evil', 'key', :'evil');
INSERT INTO postroom.workers (id, name, pid, version, state, lane) VALUES (:'evil', :'evil', 1, :'evil', 'idle', :'evil');
INSERT INTO postroom.operators (id, name, did) VALUES (gen_random_uuid(), :'evil', :'evil');
INSERT INTO postroom.journal (who, what) VALUES (:'evil', :'evil');
INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, error_code, error, provider_id)
    SELECT id, 'failed', 1, :'evil', error_code, error_message, provider_message_id FROM email_messages WHERE status = 'failed';
SQL
}
