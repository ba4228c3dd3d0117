/* Who did what, written with the deed. Called by the thread that owns the
 * struct db. */
#include "db/journal.h"

#include "base/str.h"
#include "db/internal.h"

bool journal_write(struct db *db, const char *who, const char *what, const char *worker_wake,
                   struct err *err) {
    return db_exec(db,
                   "WITH j AS (INSERT INTO postroom.journal (who, what) VALUES ($1, $2))"
                   " SELECT CASE WHEN $3::text IS NOT NULL THEN pg_notify('postroom', $3) END",
                   3, (const char *[]){who, what, worker_wake}, NULL, err);
}

bool journal_open(struct db *db, const char *who, const char *what, const char *filter_json,
                  char *seq, size_t seq_size, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db,
                 "INSERT INTO postroom.journal (who, what, filter, messages)"
                 " VALUES ($1, $2, $3::jsonb, 0) RETURNING seq",
                 3, (const char *[]){who, what, filter_json}, &r, err))
        return false;
    str_copy(seq, seq_size, cell_text(r, 0, 0));
    PQclear(r);
    return true;
}

bool journal_close(struct db *db, const char *seq, const char *what, int64_t messages,
                   struct err *err) {
    char n[24];
    str_format(n, sizeof n, "%lld", (long long)messages);
    return db_exec(db,
                   "UPDATE postroom.journal SET what = $2, messages = $3::bigint"
                   " WHERE seq = $1::bigint",
                   3, (const char *[]){seq, what, n}, NULL, err);
}

bool journal_begin(struct db *db, struct err *err) {
    return db_run(db, "BEGIN", err);
}

bool journal_end(struct db *db, bool ok, struct err *err) {
    struct err ignored;
    if (ok && db_run(db, "COMMIT", err))
        return true;
    if (db_is_open(db) && !db_run(db, "ROLLBACK", &ignored))
        db_close(db, "a transaction could not be ended");
    return false;
}
