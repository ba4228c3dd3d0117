/* Indexes of a partitioned table. CREATE INDEX CONCURRENTLY knows no partitioned tables: the index
 * is made on the parent alone, then on each partition without standing in the way, and attached.
 * Called by schema.c on the migration's own connection. */
#ifndef POSTROOM_DB_PARTITION_H
#define POSTROOM_DB_PARTITION_H

#include "db/internal.h"

/* Is the table partitioned? */
bool partition_any(struct db *db, bool *yes, struct err *err) MUST_CHECK;

/* The statements that are missing for "CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS name ON
 * table ...", each handed to `apply` in turn. A unique index without the partition key cannot span
 * partitions: it is made without UNIQUE. */
typedef bool partition_apply(void *arg, const char *sql, struct err *err);
bool partition_index(struct db *db, const char *sql, partition_apply *apply, void *arg,
                     struct err *err) MUST_CHECK;

#endif
