/* Who pins dead rows: see horizon.h. */
#include "db/horizon.h"

#include "base/str.h"
#include "db/internal.h"

bool horizon_holder(struct db *db, int64_t longer_than_ms, struct horizon *out, struct err *err) {
    PGresult *r = NULL;
    char longer[24];
    str_format(longer, sizeof longer, "%lld", (long long)longer_than_ms);
    if (!db_exec(db,
                 "SELECT pid, name, (extract(epoch FROM since) * 1000000)::bigint FROM ("
                 " SELECT pid, concat_ws(' of ', nullif(application_name, ''), usename) AS name,"
                 "  xact_start AS since FROM pg_stat_activity WHERE datname = current_database()"
                 "  AND coalesce(backend_xmin, backend_xid) IS NOT NULL AND pid <> pg_backend_pid()"
                 "  AND backend_type = 'client backend'"
                 " UNION ALL SELECT 0, 'prepared transaction ' || gid, prepared"
                 "  FROM pg_prepared_xacts WHERE database = current_database()) x"
                 " WHERE since < now() - $1::bigint * interval '1 ms' ORDER BY since LIMIT 1",
                 1, (const char *[]){longer}, &r, err))
        return false;
    *out = (struct horizon){0};
    if (PQntuples(r) == 1) {
        out->pid = (int)cell_int(r, 0, 0, 0);
        str_copy_line(out->name, sizeof out->name, cell_text(r, 0, 1));
        out->since_us = cell_int(r, 0, 2, 0);
    }
    PQclear(r);
    return true;
}
