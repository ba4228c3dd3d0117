/* An existing email_messages: what stands in the way, and which columns it lacks. */
#ifndef POSTROOM_DB_ADOPT_H
#define POSTROOM_DB_ADOPT_H

#include "db/internal.h"

/* Who hears of obstacles, and how many he heard of. */
struct hearer {
    void (*say)(void *, const char *);
    void *arg;
    int obstacles;
};

/* Its CHECKs that would refuse what a message's life brings, each with the statement that mends it.
 */
bool adopt_trial(struct db *db, struct hearer *h, struct err *err) MUST_CHECK;

/* Says each obstacle with the statement that removes it; ERR_INVALID where there is one. */
bool adopt_check(struct db *db, void (*say)(void *, const char *), void *arg,
                 struct err *err) MUST_CHECK;

/* The one ALTER TABLE that adds what is missing, "" where nothing is. */
bool adopt_columns(struct db *db, struct buf *sql, struct err *err) MUST_CHECK;

/* The ALTER TABLE that makes autovacuum keep up with a queue, "" where the owner chose his own. */
bool adopt_storage(struct db *db, struct buf *sql, struct err *err) MUST_CHECK;

#endif
