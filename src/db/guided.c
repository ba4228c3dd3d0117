/* Statements that must go by an index: their own short transaction with the planner's other ways
 * closed. Called by the thread that owns the struct db. */
#include "db/guided.h"

#define TEMPLATE_MAX ((size_t)64 * 1024)

#define INDEX_ONLY                                                                                 \
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', "    \
    "true), set_config('jit', 'off', true), " DB_NO_IDLING
#define ROW_BY_ROW                                                                                 \
    INDEX_ONLY ", set_config('enable_hashjoin', 'off', true),"                                     \
               " set_config('enable_mergejoin', 'off', true)"

/* Several statements in one message are one transaction; the last one's result counts. */
static bool at_once(struct db *db, const char *template, PGresult **out, struct err *err) {
    struct buf both;
    buf_init(&both, TEMPLATE_MAX);
    buf_printf(&both, "%s; %s", INDEX_ONLY, template);
    bool ok = both.failed ? err_nomem(err) : db_exec(db, buf_text(&both), 0, NULL, out, err);
    buf_free(&both);
    return ok;
}

/* `begin` opens the transaction and closes the other ways in one message. */
static bool in_transaction(struct db *db, const char *begin, const char *template, int n,
                           const char *const *params, PGresult **out, struct err *err) {
    if (!db_run(db, begin, err))
        return false;
    if (db_exec(db, template, n, params, out, err) && db_run(db, "COMMIT", err))
        return true;
    if (out && *out) {
        PQclear(*out);
        *out = NULL;
    }
    struct err ignored;
    if (db_is_open(db) && !db_run(db, "ROLLBACK", &ignored))
        db_close(db, "a transaction could not be ended");
    return false;
}

bool guided_exec(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) {
    if (n == 0)
        return at_once(db, template, out, err);
    return in_transaction(db, "BEGIN; " INDEX_ONLY, template, n, params, out, err);
}

bool guided_rows(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) {
    if (db_conn(db) && PQtransactionStatus(db_conn(db)) == PQTRANS_INTRANS)
        return db_run(db, ROW_BY_ROW, err) && db_exec(db, template, n, params, out, err);
    return in_transaction(db, "BEGIN; " ROW_BY_ROW, template, n, params, out, err);
}
