#!/usr/bin/env bash
# Ten thousand plain rows: all sent with provider ids, each exactly once at the sink, oldest first, in
# at most one per cent more requests than needed.
# also under: asan
. "$(dirname "$0")/../lib/e2e.sh"
sink
migrated_db
n=$(scaled 10000)

# In transactions of 50, so that created_at tells them apart.
sql "DO \$\$ BEGIN FOR i IN 0 .. $n / 50 - 1 LOOP
        INSERT INTO email_messages (to_email, subject, html)
        SELECT 'a' || i * 50 + j || '@mail.example', 'Message ' || i * 50 + j, '<p>Hello</p>' FROM generate_series(1, 50) j;
        COMMIT;
     END LOOP; END \$\$"
begin=$(now_ms)
worker w
all_sent 60 "$n"
echo "$n messages in $(($(now_ms) - begin)) ms"
stop w
is "exit of the worker" 0 "$code"
sink_agrees
is "effects" "$n" "$(sink_stat effects)"
within "requests" "$(sink_stat requests)" 1 $(((n + 99) / 100 + (n + 9999) / 10000))
sql_is "attempts counted" 0 "SELECT sum(retry_count) FROM email_messages"

# Oldest first: no message is further from its place than what may be on the wire at once.
moved=$(sink_messages subject | awk '{ d = $2 - NR; if (d < 0) d = -d; if (d > max) max = d } END { print max + 0 }')
within "places a message is off" "$moved" 0 1650
