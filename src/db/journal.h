/* Who did what, written with the deed: src/db/journal.c. */
#ifndef POSTROOM_DB_JOURNAL_H
#define POSTROOM_DB_JOURNAL_H

#include "db/db.h"

#include <stddef.h>

/* In the caller's transaction. worker_wake: "control" or "" is notified with it; NULL: nobody. */
bool journal_write(struct db *db, const char *who, const char *what, const char *worker_wake,
                   struct err *err) MUST_CHECK;

/* A deed of many transactions: an entry before the first, completed after the last. seq names it.
 */
bool journal_open(struct db *db, const char *who, const char *what, const char *filter_json,
                  char *seq, size_t seq_size, struct err *err) MUST_CHECK;
bool journal_close(struct db *db, const char *seq, const char *what, int64_t messages,
                   struct err *err) MUST_CHECK;

/* One deed in one transaction: all of it or, on failure, nothing. */
bool journal_begin(struct db *db, struct err *err) MUST_CHECK;
bool journal_end(struct db *db, bool ok, struct err *err) MUST_CHECK; /* returns false where !ok */

#endif
