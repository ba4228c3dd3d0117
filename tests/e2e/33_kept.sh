#!/usr/bin/env bash
# The database is away when a worker has to stop: outcomes that are known are kept in a file (mode 0600)
# and written by the next start, before anything is sent again.
unset PG_ROOT PG_ROOT_SHARED # a server of its own, because it is stopped
. "$(dirname "$0")/../lib/e2e.sh"
sink "{\"rules\": [{\"hold_until\": \"$PWD/answer\"}]}"
migrated_db
export POSTROOM_BATCH_SIZE=1 POSTROOM_LEASE=10m POSTROOM_REQUEST_TIMEOUT=2m POSTROOM_DRAIN_TIMEOUT=6s
kept() { find state/postroom -name 'outcomes-*.json' 2>/dev/null | wc -l; }
server() { pg_as "$(pg_bin)/pg_ctl" -D "$PG_ROOT/data" -l "$PG_ROOT/log" -w "$@" >/dev/null; }
at_sink() { [ "$(sink_stat requests)" -ge "$1" ]; }
taken() { [ "$(sink_stat effects)" -ge "$1" ]; }

# lose: n messages are sent, their outcomes find no database.
lose() {
    local asked taken
    asked=$(sink_stat requests) taken=$(sink_stat effects)
    rm -f answer
    worker w
    insert "$1"
    wait_for "requests on the wire" 10 at_sink $((asked + $1))
    server -m immediate stop
    touch answer
    wait_for "the sink to take them" 10 taken $((taken + $1))
    stop w
    is "exit with outcomes unwritten" 3 "$code"
    contains "the last line" "$(tail -n 3 w.log)" "outcomes the database did not take.*outcomes-"
    is "files" 1 "$(kept)"
    is "mode of the file" 600 "$(stat -c %a state/postroom/outcomes-*.json)"
    server start
}

lose 10
sql_is "rows meanwhile" "processing|10" "SELECT status, count(*) FROM email_messages GROUP BY 1"
worker w
all_sent 10 10
sink_agrees
is "requests made again" 0 "$(sink_stat replays)"
is "files afterwards" 0 "$(kept)"
sql_is "attempts in the timeline" "10|10" "SELECT count(*), count(DISTINCT message_id) FROM postroom.attempts"
stop w
is "lines in the log" 10 "$(grep -c 'Processed email message' w.log)"

# Somebody else was faster: what is in the file changes nothing.
lose 5
mv state/postroom aside
sql "UPDATE email_messages SET lease_expires_at = now() - interval '1 s' WHERE status = 'processing';
     UPDATE postroom.requests SET lease_expires_at = now() - interval '1 s'"
worker w
all_sent 20 15
stop w
version=$(sql "SELECT md5(string_agg(m::text, '' ORDER BY id)) FROM email_messages m")
mv aside state/postroom
worker w
is "files afterwards" 0 "$(kept)"
sql_is "rows are as they were" "$version" "SELECT md5(string_agg(m::text, '' ORDER BY id)) FROM email_messages m"
sink_agrees
is "effects" 15 "$(sink_stat effects)"
stop w

# Held as uncertain meanwhile, as for a provider without keys: the file knows better.
lose 5
sql "UPDATE email_messages SET status = 'failed', error_code = 'uncertain', error_message = 'uncertain: lost',
         failed_at = now(), claimed_by = NULL, lease_expires_at = NULL WHERE status = 'processing';
     DELETE FROM postroom.requests"
# ... in another database, or for another lane, it is nobody's.
sql "CREATE TABLE aside AS SELECT value FROM postroom.meta WHERE key = 'database';
     UPDATE postroom.meta SET value = 'another' WHERE key = 'database'"
worker w
stop w
is "files of another database" 1 "$(kept)"
sql "UPDATE postroom.meta SET value = (SELECT value FROM aside) WHERE key = 'database'"
POSTROOM_PROVIDER=null worker w
stop w
is "files of another lane" 1 "$(kept)"
sql_is "still held" "failed|uncertain|5" "SELECT status, error_code, count(*) FROM email_messages WHERE status <> 'sent' GROUP BY 1, 2"
worker w
all_sent 10 20
sink_agrees
is "effects" 20 "$(sink_stat effects)"
is "files afterwards" 0 "$(kept)"
stop w

# What is no such file is left alone, and said.
echo '{"version": 1' >state/postroom/outcomes-broken.json
worker w
contains "the word about it" "$(cat w.log)" "outcomes-broken.json stays as it is"
insert 1
all_sent 20 21
stop w
