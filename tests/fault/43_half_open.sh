#!/usr/bin/env bash
# Connections over which nothing comes any more, though they stand: a cut cable, a firewall that
# forgot them. The worker's own and the listening one, while it is idle and in the middle of sending.
# Noticed within 20 s; sending again within 5 s of the end of it, and woken by NOTIFY again.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
sink '{"latency_ms": 20}'
migrated_db
proxy main "$(server_socket)"
proxy listen "$(server_socket)"
proxy other "$(server_socket)"
direct=$DATABASE_URL
export POSTROOM_LEASE=60s POSTROOM_BATCH_SIZE=5 POSTROOM_RATE=20
limit=$((20 * ${TEST_PATIENCE:-1})) soon=$((5 * ${TEST_PATIENCE:-1}))

# noticed WORKER PATTERN SINCE: how long until its log says so.
noticed() {
    wait_for "$1 to notice" 30 log_more "$1" "$2" 0
    noticed=$(seconds_since "$3")
    echo "$1 noticed after $noticed s"
    within "seconds until $1 noticed" "$noticed" 0 "$limit"
}

# Idle: the main connection of one is cut, and the listening one of another.
worker idle --database-url "$(proxied_url main)" --listen-database-url "$direct"
worker deaf --database-url "$direct" --listen-database-url "$(proxied_url listen)" --poll-interval 600s
heard_all() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND application_name = 'postroom' AND query ~ '^(LISTEN|SELECT 1$)'")" = 2 ]; }
wait_for "both to listen" 10 heard_all
begin=$(now_ms)
ticks=$(cpu_ticks idle)
proxy_set main '{"mode": "hang"}'
proxy_set listen '{"forget": true}'
noticed deaf "listen: LISTEN does not work here: the server does not answer" "$begin"
noticed idle "database_lost: the database did not answer in time" "$begin"
wait_for "an attempt to have ended" 20 log_more idle "database_away: .*timeout expired" 0
share=$(cpu_share idle "$ticks" "$begin")
echo "idle used $share % of a core meanwhile"
within "percent of a core" "$share" 0 10

# What was forgotten was opened anew: a message wakes it, though it looks by itself only every 600 s.
begin=$(now_ms)
insert 1
sent_after "$begin"
echo "deaf was woken after $seconds s"
within "seconds until it was woken" "$seconds" 0 "$soon"
stop deaf

begin=$(now_ms)
insert 1
proxy_set main '{"mode": "pass"}'
sent_after "$begin"
echo "idle was sending again after $seconds s"
within "seconds until it sent again" "$seconds" 0 "$soon"
stop idle

# In the middle of sending.
worker busy --database-url "$(proxied_url other)" --listen-database-url "$direct"
insert 400
sent_after "$(now_ms)"
begin=$(now_ms)
proxy_set other '{"mode": "hang"}'
noticed busy "database_lost" "$begin"
before=$(effects)
wait_for "an attempt to have ended" 20 log_more busy "database_away: .*timeout expired" 0
is "sent while nothing could be written" "$before" "$(effects)"
begin=$(now_ms)
proxy_set other '{"mode": "pass"}'
sent_after "$begin"
echo "busy was sending again after $seconds s"
within "seconds until it sent again" "$seconds" 0 "$soon"
unspent 60
stop busy
is "exit" 0 "$code"
