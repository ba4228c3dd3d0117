#!/usr/bin/env bash
# A whole run --once under valgrind: no error, no leak.
. "$(dirname "$0")/../lib/e2e.sh"
sink '{"rules": [{"match": "^dead", "status": 500, "times": 2}]}'
migrated_db
insert 200
sql "INSERT INTO email_messages (to_email, subject, html, headers, attachments, cc) VALUES
        ('full@mail.example', 'full', 'x', '{\"X-A\": \"b\"}', '[{\"filename\": \"a\", \"content\": \"aGk=\"}]', '{c@mail.example}'),
        ('dead@mail.example', 'dead', 'x', NULL, NULL, NULL),
        ('nobody', 'bad', 'x', NULL, NULL, NULL)"
run valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --track-fds=no --error-exitcode=99 \
    --log-file=valgrind.log "$POSTROOM" run --once
is "exit of run --once" 1 "$code"
is "what valgrind says" "" "$(cat valgrind.log)"
within "effects" "$(sink_stat effects)" 201 202
