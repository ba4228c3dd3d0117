/* What a window looks at closer, as the JSON documents of core/page.h: a page of messages by key
 * (never an OFFSET), one message with what happened to it, a page of the journal.
 *
 * A list goes by the index of its status; a filter for what no index knows looks through a bounded
 * number of its rows and says that there may be more. Called by the thread that owns the db. */
#ifndef POSTROOM_DB_PAGE_H
#define POSTROOM_DB_PAGE_H

#include "base/buf.h"
#include "core/page.h"
#include "db/db.h"

/* want: any kind but PAGE_COUNT (that is admin_count). out is cleared first. ERR_NOTFOUND: no such
 * message; ERR_USAGE: no such list. */
bool page_read(struct db *db, const struct page_want *want, struct buf *out,
               struct err *err) MUST_CHECK;

#endif
