#!/usr/bin/env bash
# Sessions are ended by the administrator, at random and again and again, while mail flows: every
# worker comes back by itself, nothing is lost, sent twice or counted as an attempt, and the log
# does not repeat itself. ROUNDS=1000 for a long run.
# also under: asan tsan
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
sink '{"latency_ms": 20}'
migrated_db
export POSTROOM_LEASE=6s POSTROOM_REQUEST_TIMEOUT=2s POSTROOM_BATCH_SIZE=5 \
    POSTROOM_CONCURRENCY=4 POSTROOM_RATE=8
rounds=${ROUNDS:-40}
worker a
worker b
insert 200

terminate() { # HOW MANY
    sql "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'postroom'
         ORDER BY random() LIMIT $1) s" >/dev/null
}

begin=$(now_ms)
for _ in $(seq "$rounds"); do
    insert 20
    terminate 1
    sleep "0.$((RANDOM % 5))" # any instant will do
done
took=$(seconds_since "$begin")
insert 1000
terminate 100
sent_after $(($(now_ms) + 1000)) # what was claimed before has gone out by then
echo "$rounds sessions ended within $took s, then all: sending again after 1 + $seconds s"
in_time "seconds until it sent again" "$seconds" 4
sql "UPDATE postroom.lanes SET rate = 500"
unspent 60
sql_is "words in the journal" 2 "SELECT count(*) FROM postroom.journal WHERE what = 'started'"
for name in a b; do
    within "lines of one kind in $name.log" "$(sed 's/^[^ ]* //; s/after [0-9.]* s//' "$name.log" |
        grep -v 'email message' | sort | uniq -c | sort -n | awk 'END { print $1 + 0 }')" \
        0 "$(awk -v s="$took" 'BEGIN { print 2 + int((s + 30) / 30) }')"
    stop "$name"
    is "exit of $name" 0 "$code"
done
