/* Creating, upgrading and adopting: what `postroom migrate` does, and the check before work.
 *
 * Forward only, safe to run twice, by two at once and while workers run: short locks with
 * lock_timeout and another try, indexes built CONCURRENTLY. Nothing is dropped, renamed or
 * retyped. Where the table exists already, missing columns are added to it. */
#ifndef POSTROOM_DB_SCHEMA_H
#define POSTROOM_DB_SCHEMA_H

#include "db/db.h"

#define SCHEMA_VERSION 2

struct schema_options {
    bool dry_run; /* print the SQL of what is missing, change nothing */
    int notify;   /* the trigger that wakes workers: 1 on, 0 off (remembered), -1 as it was */
    void (*say)(void *arg, const char *line); /* a line for the operator; with dry_run: SQL */
    void (*step)(void *arg, int done, int all, const char *what); /* progress; may be NULL */
    void *arg;
};

/* ERR_INVALID: the existing table needs a change first that only its owner may make; each was
 * said with the statement that makes it. */
bool schema_migrate(const struct settings *s, const struct schema_options *options,
                    struct err *err) MUST_CHECK;

/* Is the schema of this version there? ERR_SCHEMA says what to do. */
bool schema_check(struct db *db, struct err *err) MUST_CHECK;

#endif
