/* What a role needs in a database that `postroom migrate` prepared for it: to run workers,
 * dashboards and commands, and no more. It may not change tables, delete mail or rewrite what
 * applications wrote. The thread that owns the struct db. */
#ifndef POSTROOM_DB_RIGHTS_H
#define POSTROOM_DB_RIGHTS_H

#include "base/buf.h"
#include "db/db.h"

enum rights_kind {
    RIGHTS_WORK, /* everything but migrating */
    RIGHTS_LOOK  /* commands and dashboards that only look (--read-only) */
};

/* The statements that give a role these rights, a line each, for an owner to run. ERR_NOTFOUND:
 * there is no such role, and what to do. db: opened, the schema is there. */
bool rights_grants(struct db *db, const char *role, enum rights_kind kind, struct buf *sql,
                   struct err *err) MUST_CHECK;

/* Runs them in one transaction. */
bool rights_apply(struct db *db, const char *role, enum rights_kind kind,
                  struct err *err) MUST_CHECK;

/* What the connected role lacks of RIGHTS_WORK: "UPDATE on postroom.lanes, ..."; "" where it has
 * everything. */
bool rights_missing(struct db *db, struct buf *missing, struct err *err) MUST_CHECK;

#endif
