#!/usr/bin/env bash
# A replication slot whose standby had a long query and then went away keeps dead rows in the table: the worker and
# doctor name it, with what to do about it. (A session that does: tests/fault/90_horizon.)
. "$(dirname "$0")/../lib/e2e.sh"
. "$LIB/fault.sh"
server own
migrated_db
sink

# named WHAT REMEDY: by a worker that starts, and by doctor; the remedy helps.
named() {
    worker w
    wait_for "the worker to name it" 20 grep -qE "old_transaction.*$1.*: that keeps dead rows in the queue and slows it down; $2" w.log
    stop w
    rm w.log
    run "$POSTROOM" doctor
    contains "doctor" "$out" "$1"
    contains "doctor's remedy" "$out" "$2"
}
nobody() {
    run "$POSTROOM" doctor
    contains "doctor" "$out" "no transaction is older than 4 minutes, and no replication slot far behind"
}
nobody

# A slot counts by transactions, and nobody minds one that is hardly behind.
idle_slot "left_over"
nobody
sql "DO \$\$ BEGIN FOR i IN 1..10001 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END \$\$"
named "nobody reads replication slot left_over any more" "start its standby, or drop it: SELECT pg_drop_replication_slot\('left_over'\)"
sql "SELECT pg_drop_replication_slot('left_over')"
nobody
