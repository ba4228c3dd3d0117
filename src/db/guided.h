/* Statements that must go by an index whatever the planner believes.
 *
 * Statistics lag behind a queue: after a bulk insert the planner may think that next to nothing
 * waits, and read and sort a million rows for the first ten. These statements are written for
 * their indexes, so the other ways are closed for the length of their transaction (never for the
 * session: a pooler would hand that on). Compiling (jit) would cost more than it saves. */
#ifndef POSTROOM_DB_GUIDED_H
#define POSTROOM_DB_GUIDED_H

#include "db/internal.h"

/* As db_exec. Without parameters it is one message to the server, else a short transaction. */
bool guided_exec(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) MUST_CHECK;

/* The same, row by row: a join to the table is a look-up for each row, never a pass over all of
 * it. Within a transaction that is open already, for the rest of that one. */
bool guided_rows(struct db *db, const char *template, int n, const char *const *params,
                 PGresult **out, struct err *err) MUST_CHECK;

#endif
