/* What the one-shot commands share: a database, an operator's name, clean aligned output. Main
 * thread. */
#ifndef POSTROOM_APP_TOOL_H
#define POSTROOM_APP_TOOL_H

#include "base/buf.h"
#include "db/admin.h"
#include "db/db.h"

/* Connected; NULL on failure. */
struct db *tool_open(const struct settings *s, enum db_use use, struct err *err) MUST_CHECK;

/* POSTROOM_OPERATOR, else the login's name. Valid until the end. */
const char *tool_operator(void);

/* "1 message", "3 messages" */
struct tool_amount {
    char text[48];
};
struct tool_amount tool_messages(int64_t n);

/* Columns of the terminal on stdout; 0: it is none, and nothing is cut. */
int tool_columns(void);

/* A picture for people: cells cleaned and aligned; on a terminal the last column is cut to what is
 * left of the row, others to 40. */
#define TOOL_COLUMNS_MAX 8
struct tool_table {
    int columns, cells;
    struct buf text; /* the cells, each with its NUL */
};
void tool_table_start(struct tool_table *t, int columns);
void tool_table_add(struct tool_table *t, const char *text);             /* NULL: "-" */
bool tool_table_print(struct tool_table *t, struct err *err) MUST_CHECK; /* and frees it */

/* The first n bytes of a JSON text, still JSON of the same value; what would act on a terminal is
 * written as \uXXXX. */
void tool_print_json(const char *json, size_t n);

/* How far a long change is, on one line of stderr where that is a terminal. */
void tool_progress(void *label, const struct admin_totals *so_far); /* label: const char * */
void tool_progress_end(void);

#endif
