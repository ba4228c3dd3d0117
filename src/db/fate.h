/* Why a message has left a list: src/db/fate.c, for page.c. */
#ifndef POSTROOM_DB_FATE_H
#define POSTROOM_DB_FATE_H

#include "base/buf.h"
#include "core/page.h"
#include "db/db.h"

bool page_fate_read(struct db *db, const struct page_want *want, struct buf *out,
                    struct err *err) MUST_CHECK;

#endif
