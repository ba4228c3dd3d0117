/* One message with what happened to it, and the journal: src/db/page_one.c, for page.c. */
#ifndef POSTROOM_DB_PAGE_ONE_H
#define POSTROOM_DB_PAGE_ONE_H

#include "base/buf.h"
#include "core/page.h"
#include "db/db.h"

bool page_one_read(struct db *db, const char *id, struct buf *out, struct err *err) MUST_CHECK;
bool page_journal_read(struct db *db, const struct page_want *want, struct buf *out,
                       struct err *err) MUST_CHECK;

#endif
