/* Statements that must go by an index: their own short transaction with the planner's other ways
 * closed. Called by the thread that owns the struct db. */
#include "db/guided.h"

/* A plan that does not look at the parameters is made once and kept (converse.c). */
#define INDEX_ONLY                                                                                 \
    "set_config('plan_cache_mode', 'force_generic_plan', true),"                                   \
    " set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),"    \
    " set_config('jit', 'off', true), " DB_NO_IDLING
#define ROW_BY_ROW                                                                                 \
    INDEX_ONLY ", set_config('enable_hashjoin', 'off', true),"                                     \
               " set_config('enable_mergejoin', 'off', true)"

bool guided_exec(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) {
    return db_exec_with(db, INDEX_ONLY, template, n, params, out, err);
}

bool guided_rows(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) {
    return db_exec_with(db, ROW_BY_ROW, template, n, params, out, err);
}
