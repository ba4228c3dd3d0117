/* `postroom prune`: messages that are finished for long leave the table, in short transactions.
 *
 * Finished is what nobody will touch again: sent, cancelled, or failed for good. What waits, what
 * is tried again by itself and what is uncertain stays, however old it is, and so do members of an
 * open request. Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_PRUNE_H
#define POSTROOM_DB_PRUNE_H

#include "db/db.h"

struct prune_totals {
    int64_t messages;          /* deleted, or with dry_run to be deleted */
    int64_t blocks, blocks_of; /* how far: pages of the table looked at, of so many */
};

struct prune_options {
    int64_t older_than_ms; /* since it was sent, failed or changed */
    bool dry_run;
    bool drop; /* partitions: dropped, not only detached */
    void (*progress)(void *arg, const struct prune_totals *so_far); /* after each batch */
    void (*detached)(void *arg, const char *partition);             /* or would be */
    void *arg;
};

/* Where the table is partitioned by its created_at, partitions that hold nothing but old finished
 * mail are detached as a whole, each in one short transaction. The rest is deleted in batches. On
 * failure *out holds what was done until then. */
bool prune(struct db *db, const char *who, const struct prune_options *o, struct prune_totals *out,
           struct err *err) MUST_CHECK;

#endif
