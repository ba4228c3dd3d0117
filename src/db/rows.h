/* A message's content as columns of a result, and back: shared by queue.c and request.c. */
#ifndef POSTROOM_DB_ROWS_H
#define POSTROOM_DB_ROWS_H

#include "core/message.h"
#include "db/internal.h"

/* The columns of a message behind row variable m, for a SELECT or RETURNING list, in the order
 * rows_read expects. Content beyond MESSAGE_MAX_BYTES is not fetched. */
#define ROWS_BYTES                                                                                 \
    "(coalesce(octet_length(m.${html}), 0) + coalesce(octet_length(m.${text}), 0)::bigint"         \
    " + coalesce(pg_column_size(m.${attachments}), 0))"

extern const char ROWS_COLUMNS[];

enum {
    ROWS_COLUMN_COUNT = 22
};

/* Reads row `row`, whose message columns start at column `col`. */
bool rows_read(const PGresult *r, int row, int col, struct message *m, struct err *err) MUST_CHECK;

#endif
