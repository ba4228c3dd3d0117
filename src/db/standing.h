/* What stands where, for metrics: src/db/standing.c. */
#ifndef POSTROOM_DB_STANDING_H
#define POSTROOM_DB_STANDING_H

#include "core/standing.h"
#include "db/db.h"

/* Counts by index, up to a cap; cheap with any number of rows. Called by the thread that owns the
 * struct db. */
bool standing_read(struct db *db, struct standing *out, struct err *err) MUST_CHECK;

#endif
