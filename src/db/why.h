/* One look at a message and at everything that may hold it back: for core/why.h.
 * Read-only and by index; called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_WHY_H
#define POSTROOM_DB_WHY_H

#include "core/why.h"
#include "db/db.h"

/* ERR_NOTFOUND: no such id. */
bool why_read(struct db *db, const char *id, struct why *out, struct err *err) MUST_CHECK;

#endif
