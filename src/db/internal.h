/* What the files of src/db share: the connection's inside and one path for every statement. */
#ifndef POSTROOM_DB_INTERNAL_H
#define POSTROOM_DB_INTERNAL_H

#include "base/buf.h"
#include "db/db.h"

#include <libpq-fe.h>

/* The table as it is: quoted names and types, for SQL templates. */
struct table_map {
    char table[140]; /* quoted: "email_messages" */
    bool exists;
    char column[COLUMN_COUNT][70]; /* quoted names */
    char type[COLUMN_COUNT][64];   /* as format_type() names it; "" where the column is missing */
};

/* Runs one statement; $1.. are text parameters (NULL = null). In the template
 *   ${messages}        is the table,
 *   ${to_email}        a column,        ${m.to_email}  the same behind a row variable,
 *   ${id_type}         the id's type,   ${status_type} the status column's type,
 *   ${due}, ${m.due}   since when a pending message is due (as in its index),
 *   ${rank}, ${m.rank} its priority, held within 0..9 (as in its index).
 * *out (may be NULL) is the result to PQclear. Deadlocks and serialisation failures are tried
 * again up to 5 times outside a transaction. On a lost connection or a deadline passed: ERR_AWAY,
 * and the connection is closed. */
bool db_exec(struct db *db, const char *template, int n, const char *const *params, PGresult **out,
             struct err *err) MUST_CHECK;

/* The same with settings for the length of the statement's transaction only, or of the one that is
 * open already: a list of set_config(..., true). */
bool db_exec_with(struct db *db, const char *settings, const char *template, int n,
                  const char *const *params, PGresult **out, struct err *err) MUST_CHECK;

/* db_exec, or guided_exec, for the one message whose id is $1: one row, or ERR_NOTFOUND, also where
 * the id's type cannot hold that text. */
typedef bool db_exec_fn(struct db *db, const char *template, int n, const char *const *params,
                        PGresult **out, struct err *err);
bool db_exec_one(struct db *db, db_exec_fn *exec, const char *template, int n,
                 const char *const *params, PGresult **out, struct err *err) MUST_CHECK;

/* db_exec without parameters, result thrown away: BEGIN, COMMIT, ... */
bool db_run(struct db *db, const char *template, struct err *err) MUST_CHECK;

/* For a transaction's first statement: a process that is stopped in the middle must not hold its
 * locks for ever; the server ends its session instead. */
#define DB_NO_IDLING "set_config('idle_in_transaction_session_timeout', '5s', true)"

/* Template to SQL; false on an unknown ${name} or out of memory. */
bool db_expand(const struct db *db, const char *template, struct buf *out,
               struct err *err) MUST_CHECK;

/* How long one statement may take from now on; 0: as long as it likes. With the 5 s between two
 * heartbeats of an idle worker the usual deadline stays under 20 s, in which a database that has
 * gone is noticed. */
#define DB_DEADLINE_MS 12000
void db_set_deadline_ms(struct db *db, int64_t ms);

/* One statement on the wire, its answer awaited within the deadline: converse.c. */
bool db_converse(struct db *db, const char *sql, int n, const char *const *params, PGresult **out,
                 struct err *err) MUST_CHECK;

/* Several statements in one message, each kept on the server by name from its first use on (but
 * for those that are spelt out each time): parsed once, planned once. *out is the result of step
 * `wanted`, or of the first that was refused; those behind it were not done then. At most 4 steps.
 */
struct db_step {
    const char *template;
    int n;
    const char *const *params;
    bool spelt;
};
bool db_converse_steps(struct db *db, const struct db_step *steps, int n, int wanted,
                       PGresult **out, struct err *err) MUST_CHECK;

/* May this session keep statements? A worker's own may; not one that a pooler hands around. */
bool db_keeps(const struct db *db);
void db_keep_no_more(struct db *db);

PGconn *db_conn(struct db *db);
bool db_is_read_only(const struct db *db);   /* opened as DB_READONLY */
bool db_refuses_writes(const struct db *db); /* and its session sees to that by itself */
struct table_map *db_map(struct db *db);
const struct settings *db_settings(const struct db *db);

/* Looks the table up: map.c. */
bool map_load(struct db *db, struct table_map *map, struct err *err) MUST_CHECK;
/* Writes what ${name} or ${alias.name} stands for; false where there is no such name. */
bool map_expand(const struct table_map *map, const char *alias, const char *name, struct buf *out);

/* Array literals for parameters: array_begin, array_text…, array_end. NULL adds null. */
void array_begin(struct buf *b);
void array_text(struct buf *b, const char *s);
void array_int(struct buf *b, int64_t n);
void array_end(struct buf *b);

/* Cells: NULL becomes NULL / the fallback. */
const char *cell_text(const PGresult *r, int row, int col);
int64_t cell_int(const PGresult *r, int row, int col, int64_t fallback);
double cell_double(const PGresult *r, int row, int col, double fallback);
bool cell_bool(const PGresult *r, int row, int col);

#endif
