# For the tests 86 and 87: eight workers on three hosts. Each host is a network namespace with an address of its own
# on a bridge; on our side of it PostgreSQL and the sink are heard. Needs root; without, the test is skipped.
# Sourced after e2e.sh, fault.sh and lane.sh.
# shellcheck shell=bash

HOSTS=3
bridge=prb$$ subnet=10.84.$((RANDOM % 250))
on_host() { # NUMBER COMMAND...
    local n=$1
    shift
    ip netns exec "$bridge-$n" "$@"
}

host() { # NUMBER
    ip netns add "$bridge-$1" &&
        ip link add "prh$$-$1" type veth peer name eth0 netns "$bridge-$1" &&
        ip link set "prh$$-$1" master "$bridge" up &&
        on_host "$1" ip addr add "$subnet.$((10 + $1))/24" dev eth0 &&
        on_host "$1" ip link set eth0 up &&
        on_host "$1" ip link set lo up
}
hosts_up() {
    local n
    ip link add "$bridge" type bridge &&
        ip addr add "$subnet.1/24" dev "$bridge" &&
        ip link set "$bridge" up || return 1
    for ((n = 0; n < HOSTS; n++)); do host $n || return 1; done
}
clean_up() {
    local n
    for ((n = 0; n < HOSTS; n++)); do ip netns del "$bridge-$n"; done
    ip link del "$bridge"
} 2>/dev/null
if ! hosts_up 2>ip.log; then
    echo "skipped: no network namespaces here: $(head -n 1 ip.log)"
    exit 0
fi

# A database that all hosts reach.
server_folder near
pg_init "${server_root[near]}" "fsync = off" "full_page_writes = off" "listen_addresses = '$subnet.1'"
echo "host all all $subnet.0/24 trust" >>"${server_root[near]}/data/pg_hba.conf"
server_use near
server_start near
migrated_db
name=${DATABASE_URL#*:///}
OVER_THE_BRIDGE=postgresql://postgres@$subnet.1/${name%%\?*}

# sink_for_hosts [JSON MEMBERS]: plain HTTP is for loopback only, so each host has a forwarder on its own.
declare -a base_url=()
sink_for_hosts() {
    local n
    rm -rf sink sent.log
    sink "{\"host\": \"$subnet.1\"${1:+, $1}}"
    for ((n = 0; n < HOSTS; n++)); do
        on_host $n python3 "$LIB/proxy.py" serve "$subnet.1:$SINK_PORT" >"forward-$n.ports" 2>"forward-$n.log" </dev/null &
        pid[forward-$n]=$!
        wait_for "the forwarder of host $n" 10 test -s "forward-$n.ports"
        base_url[n]=http://127.0.0.1:$(cut -d ' ' -f 1 "forward-$n.ports")
    done
}
stop_sink() {
    local n
    for ((n = 0; n < HOSTS; n++)); do stop "forward-$n"; done
    stop sink
}

# What lane.sh's workers start with: w1, w4 and w7 on host 1, w2, w5 and w8 on host 2, w3 and w6 on host 0. The number
# LISTEN_ELSEWHERE hears nothing of this database's, and looks by itself.
place() { # NUMBER
    local n=$(($1 % HOSTS))
    placed=(ip netns exec "$bridge-$n" env "DATABASE_URL=$OVER_THE_BRIDGE" "RESEND_BASE_URL=${base_url[n]}")
    [ "$1" != "${LISTEN_ELSEWHERE-}" ] || placed+=("LISTEN_DATABASE_URL=${OVER_THE_BRIDGE%/*}/postgres" POSTROOM_POLL_INTERVAL=1s)
}
