/* Attention: see attention.h. */
#include "db/attention.h"

#include "base/str.h"
#include "db/internal.h"

bool attention_write(struct db *db, const char *worker, bool awake, struct err *err) {
    char ms[16];
    str_format(ms, sizeof ms, "%d", ATTENTION_MS);
    return db_exec(db,
                   "INSERT INTO postroom.attention (worker, awake_until)"
                   " VALUES ($1, CASE WHEN $2::boolean"
                   "  THEN clock_timestamp() + $3::int * interval '1 ms' END)"
                   " ON CONFLICT (worker) DO UPDATE SET awake_until = excluded.awake_until",
                   3, (const char *[]){worker, awake ? "t" : "f", ms}, NULL, err);
}

bool attention_withdraw(struct db *db, const char *worker, struct err *err) {
    return db_exec(db, "DELETE FROM postroom.attention WHERE worker = $1", 1,
                   (const char *[]){worker}, NULL, err);
}

/* With it the rows of workers that are long gone. */
bool attention_leave(struct db *db, const char *worker, struct err *err) {
    return db_exec(db,
                   "DELETE FROM postroom.attention a WHERE a.worker = $1 OR NOT EXISTS"
                   " (SELECT FROM postroom.workers w WHERE w.id = a.worker"
                   "  AND w.heard_at > now() - interval '1 hour')",
                   1, (const char *[]){worker}, NULL, err);
}

bool attention_set_mark(struct db *db, struct attention_mark *out, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text", 0, NULL, &r, err))
        return false;
    str_copy(out->xid, sizeof out->xid, cell_text(r, 0, 0));
    PQclear(r);
    return true;
}

bool attention_is_past(struct db *db, const struct attention_mark *mark, bool *past,
                       struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8", 1,
                 (const char *[]){mark->xid}, &r, err))
        return false;
    *past = cell_bool(r, 0, 0);
    PQclear(r);
    return true;
}
