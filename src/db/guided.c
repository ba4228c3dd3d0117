/* Statements that must go by an index: their own short transaction with the planner's other ways
 * closed. Called by the thread that owns the struct db. */
#include "db/guided.h"

#define TEMPLATE_MAX ((size_t)64 * 1024)

static const char guide[] = "SELECT set_config('enable_seqscan', 'off', true),"
                            " set_config('enable_bitmapscan', 'off', true),"
                            " set_config('jit', 'off', true)";

/* Several statements in one message are one transaction; the last one's result counts. */
static bool at_once(struct db *db, const char *template, PGresult **out, struct err *err) {
    struct buf both;
    buf_init(&both, TEMPLATE_MAX);
    buf_printf(&both, "%s; %s", guide, template);
    bool ok = both.failed ? err_nomem(err) : db_exec(db, buf_text(&both), 0, NULL, out, err);
    buf_free(&both);
    return ok;
}

bool guided_exec(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) {
    if (n == 0)
        return at_once(db, template, out, err);
    if (!db_run(db, "BEGIN", err))
        return false;
    if (db_run(db, guide, err) && db_exec(db, template, n, params, out, err) &&
        db_run(db, "COMMIT", err))
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
