#!/usr/bin/env bash
# The answer to a COMMIT is lost: the server did it, and the connection is gone before anybody hears.
# One in four of them, then one in sixteen of all statements that write: whatever was done already is
# recognised, nothing is sent twice, and no row is left behind. ROUNDS=20 for a long run.
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
sink '{"latency_ms": 10}'
migrated_db
proxy a "$(server_socket)" "{\"seed\": ${SEED:=$RANDOM}}"
proxy b "$(server_socket)" "{\"seed\": $((SEED + 1))}"
echo "seed $SEED"
export POSTROOM_LEASE=5s POSTROOM_REQUEST_TIMEOUT=2s POSTROOM_BATCH_SIZE=5 \
    POSTROOM_CONCURRENCY=4 POSTROOM_RATE=20 POSTROOM_POLL_INTERVAL=1s
rounds=${ROUNDS:-1}
export LISTEN_DATABASE_URL=$DATABASE_URL
worker a --database-url "$(proxied_url a)"
worker b --database-url "$(proxied_url b)"

# lose PATTERN P TIMES: these answers get lost, and everything is sent all the same.
lose() {
    local before=$(($(proxy_stat a cuts) + $(proxy_stat b cuts)))
    proxy_set a "{\"cut_after\": {\"pattern\": \"$1\", \"p\": $2, \"times\": $3}}"
    proxy_set b "{\"cut_after\": {\"pattern\": \"$1\", \"p\": $2, \"times\": $3}}"
    begin=$(now_ms)
    insert "$(scaled 500)"
    all_sent 60
    proxy_set a '{"cut_after": null}'
    proxy_set b '{"cut_after": null}'
    cuts=$(($(proxy_stat a cuts) + $(proxy_stat b cuts) - before))
    echo "$cuts answers to $1 were lost; all sent within $(seconds_since "$begin") s"
    [ "$cuts" -gt 3 ] || late "too few answers were lost to show anything"
}
for _ in $(seq "$rounds"); do
    lose COMMIT 0.25 20
    lose "UPDATE|INSERT|postroom_" 0.06 20 # as they are spelt at first, by name later
done
unspent 30
echo "replays at the sink: $(sink_stat replays)"
for name in a b; do
    stop "$name"
    is "exit of $name" 0 "$code"
done
