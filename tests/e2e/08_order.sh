#!/usr/bin/env bash
# Urgent before less urgent, oldest first within a priority; scheduled messages not before their time.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db

for row in "9 100" "5 50" "0 10" "5 80" "0 5"; do
    read -r priority age <<<"$row"
    sql "INSERT INTO email_messages (to_email, subject, html, priority, created_at)
         SELECT 'a@mail.example', '$priority ' || extract(epoch FROM now())::bigint - $age * 60 + n, 'x', $priority,
                date_trunc('second', now()) - $age * interval '1 minute' + n * interval '1 second'
         FROM generate_series(1, 25) n"
done
POSTROOM_CONCURRENCY=1 POSTROOM_BATCH_SIZE=10 run postroom run --once
is "exit of run --once" 0 "$code"
sink_messages subject >order
is "messages" 125 "$(wc -l <order)"
is "order at the sink" "$(sort -k1,1n -k2,2n order)" "$(cat order)"
sink_agrees

# Many of one INSERT: in the order in which they were inserted.
insert 250
POSTROOM_CONCURRENCY=1 POSTROOM_BATCH_SIZE=10 run postroom run --once
is "order of one INSERT" "$(seq -f 'Message %.0f' 250)" "$(sink_messages subject | tail -n 250)"

# Scheduled: due 3 s from now, most urgent, and sent after that, not before, and without anybody's word.
POSTROOM_POLL_INTERVAL=1h worker w
sql "INSERT INTO email_messages (to_email, subject, html, priority, scheduled_at)
     VALUES ('later@mail.example', 'later', 'x', 0, now() + interval '3 seconds')"
insert 1
all_sent 20
early=$(sink_messages to time | awk -v at="$(sql "SELECT extract(epoch FROM scheduled_at) FROM email_messages WHERE subject = 'later'")" \
    '$1 == "later@mail.example" { print $2 - at }')
within "seconds after its time" "$early" 0 $((20 * ${TEST_PATIENCE:-1}))
sink_agrees
