#!/usr/bin/env bash
# A real link to the database that breaks: the other end loses its carrier, packets go nowhere without
# a word, our own interface is taken down. While the worker is idle and in the middle of sending.
# Noticed within 20 s, sending again within 5 s of the end of it, nothing lost or sent twice.
# Needs network namespaces (root), else it is skipped.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"

ns=postroom$$ here=prh$$ there=prt$$
link="10.83.$((RANDOM % 250)).$((4 * (RANDOM % 60)))" # 4 addresses: ours is .1, the server's is .2
ours=${link%.*}.$((${link##*.} + 1)) server=${link%.*}.$((${link##*.} + 2))
inside() { ip netns exec "$ns" "$@"; }
if ! { ip netns add "$ns" && ip link add "$here" type veth peer name "$there" netns "$ns"; } 2>ip.log; then
    echo "skipped: no network namespace here: $(head -n 1 ip.log)"
    ip netns del "$ns" 2>/dev/null || true
    exit 0
fi
clean_up() { # the server first: its folder is removed after this
    pg_run "${server_root[far]}" -m immediate -w stop >/dev/null 2>&1
    ip link del "$here"
    ip netns del "$ns"
} 2>/dev/null
ip addr add "$ours/30" dev "$here"
ip link set "$here" up
inside ip addr add "$server/30" dev "$there"
inside ip link set "$there" up

server_folder far
pg_init "${server_root[far]}" "fsync = on" "listen_addresses = '$server'"
echo "host all all $ours/32 trust" >>"${server_root[far]}/data/pg_hba.conf"
server_use far
cd /
inside setpriv --reuid postgres --regid postgres --init-groups -- "$(pg_bin)/pg_ctl" \
    -D "${server_root[far]}/data" -l "${server_root[far]}/log" -w -t 60 start >/dev/null
cd "$WORK"
sink '{"latency_ms": 20}'
migrated_db
name=${DATABASE_URL#*:///}
over_the_link=postgresql://postgres@$server/${name%%\?*}
export POSTROOM_LEASE=60s POSTROOM_BATCH_SIZE=5 POSTROOM_RATE=20
limit=$((20 * ${TEST_PATIENCE:-1})) soon=$((5 * ${TEST_PATIENCE:-1}))

cable() { inside ip link set "$there" "$1"; }
swallow() { # addressed to nobody, both ways
    if [ "$1" = down ]; then
        ip neigh replace "$server" lladdr 02:00:00:00:00:01 dev "$here" nud permanent
        inside ip neigh replace "$ours" lladdr 02:00:00:00:00:02 dev "$there" nud permanent
    else
        ip neigh del "$server" dev "$here"
        inside ip neigh del "$ours" dev "$there"
    fi
}
interface() { ip link set "$here" "$1"; }

# broken FAULT WHEN: until it is noticed, and a moment more; then mended.
broken() {
    local begin before noticed
    begin=$(now_ms)
    "$1" down
    wait_for "$1, $2: w to notice" 40 log_more w "database_lost" 0
    noticed=$(seconds_since "$begin")
    [ "$2" = sending ] || insert 1
    before=$(effects)
    sleep 3
    is "$1, $2: sent while nothing could be written" "$before" "$(effects)"
    begin=$(now_ms)
    "$1" up
    sent_after "$begin"
    echo "$1, $2: noticed after $noticed s, sending again after $seconds s"
    within "$1, $2: seconds until noticed" "$noticed" 0 "$limit"
    within "$1, $2: seconds until it sent again" "$seconds" 0 "$soon"
}
# A worker for each: what one has told of its trouble it does not tell again within a minute.
for fault in cable swallow interface; do
    worker w --database-url "$over_the_link"
    broken "$fault" idle
    stop w
    rm w.log
    before=$(effects)
    worker w --database-url "$over_the_link"
    insert 400
    wait_for "it to be sending" 20 more_effects $((before + 20))
    broken "$fault" sending
    unspent 60
    stop w
    is "exit" 0 "$code"
    rm w.log
done
