/* Who pins dead rows: see horizon.h. */
#include "db/horizon.h"

#include "base/str.h"
#include "db/internal.h"

/* A slot has no time at which it fell behind; only how many transactions ago that was. A standby
 * that is well tells every ten seconds (wal_receiver_status_interval) how far it is. */
static const char query[] =
    "SELECT what, remedy, (extract(epoch FROM since) * 1000000)::bigint FROM ("
    " SELECT concat_ws(' of ', nullif(application_name, ''), usename)"
    "   || format(' (pid %s) has a transaction open', pid) AS what,"
    "  format('end it, for example with SELECT pg_terminate_backend(%s)', pid) AS remedy,"
    "  xact_start AS since, age(coalesce(backend_xmin, backend_xid)) AS behind"
    "  FROM pg_stat_activity WHERE datname = current_database()"
    "  AND coalesce(backend_xmin, backend_xid) IS NOT NULL AND pid <> pg_backend_pid()"
    "  AND backend_type = 'client backend' AND xact_start < now() - $1::bigint * interval '1 ms'"
    " UNION ALL SELECT format('prepared transaction %s is open', gid),"
    "  format('end it: ROLLBACK PREPARED %L', gid), prepared, age(transaction)"
    "  FROM pg_prepared_xacts WHERE database = current_database()"
    "  AND prepared < now() - $1::bigint * interval '1 ms'"
    " UNION ALL SELECT CASE WHEN active"
    "   THEN format('the standby that reads replication slot %s is far behind or has a long "
    "query', slot_name)"
    "   ELSE format('nobody reads replication slot %s any more', slot_name) END,"
    "  CASE WHEN active THEN 'end that query'"
    "   ELSE format('start its standby, or drop it: SELECT pg_drop_replication_slot(%L)', "
    "slot_name) END,"
    "  NULL, age(xmin) FROM pg_replication_slots"
    "  WHERE age(xmin) > CASE WHEN active THEN 500000 ELSE 10000 END"
    ") x ORDER BY behind DESC LIMIT 1";

bool horizon_holder(struct db *db, int64_t longer_than_ms, struct horizon *out, struct err *err) {
    PGresult *r = NULL;
    char longer[24];
    str_format(longer, sizeof longer, "%lld", (long long)longer_than_ms);
    if (!db_exec(db, query, 1, (const char *[]){longer}, &r, err))
        return false;
    *out = (struct horizon){0};
    if (PQntuples(r) == 1) {
        str_copy_line(out->what, sizeof out->what, cell_text(r, 0, 0));
        str_copy_line(out->remedy, sizeof out->remedy, cell_text(r, 0, 1));
        out->since_us = cell_int(r, 0, 2, 0);
    }
    PQclear(r);
    return true;
}
