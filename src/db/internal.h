/* What the files of src/db share: the connection's inside and one path for every statement. */
#ifndef POSTROOM_DB_INTERNAL_H
#define POSTROOM_DB_INTERNAL_H

#include "base/buf.h"
#include "db/db.h"

#include <libpq-fe.h>

/* The table as it is: quoted names and types, for SQL templates. */
struct table_map {
    char table[140];               /* "email_messages", quoted, schema-qualified where found */
    char column[COLUMN_COUNT][70]; /* quoted names */
    char id_type[32];              /* "uuid", "bigint", "text" ... */
    char due[200];                 /* the expression the due index is built on */
    char rank[120];                /* priority, clamped to 0..9, as in the due index */
};

/* Runs one statement; $1.. are text parameters (NULL = null). In the template ${x} stands for:
 * ${messages} the table, ${id} ${to_email} … a column, ${id_type}, ${due}, ${rank}.
 * A row variable goes before as usual: m.${id}. ${due} and ${rank} are written over the bare
 * column names.
 * *out (may be NULL) is the result to PQclear. Deadlocks and serialisation failures are tried
 * again up to 5 times outside a transaction. On a lost connection: ERR_AWAY, and it is closed. */
bool db_exec(struct db *db, const char *template, int n, const char *const *params, PGresult **out,
             struct err *err) MUST_CHECK;

/* The same without parameters, result thrown away: BEGIN, COMMIT, SET … */
bool db_run(struct db *db, const char *template, struct err *err) MUST_CHECK;

/* Template to SQL; false on an unknown ${name} or out of memory. */
bool db_expand(const struct db *db, const char *template, struct buf *out, struct err *err)
    MUST_CHECK;

const struct table_map *db_map(const struct db *db);
const struct settings *db_settings(const struct db *db);

/* Array literals for parameters: array_begin, array_text…, array_end. NULL adds null. */
void array_begin(struct buf *b);
void array_text(struct buf *b, const char *s);
void array_int(struct buf *b, int64_t n);
void array_end(struct buf *b);

/* Cells: NULL becomes NULL / the fallback. */
const char *cell_text(const PGresult *r, int row, int col);
int64_t cell_int(const PGresult *r, int row, int col, int64_t fallback);
double cell_double(const PGresult *r, int row, int col, double fallback);

#endif
