/* Pages for the screen: src/feed/pages.c. */
#ifndef POSTROOM_FEED_PAGES_H
#define POSTROOM_FEED_PAGES_H

#include "core/board.h"
#include "db/db.h"

/* Answers what the board wants. The connection may be lost meanwhile. */
void pages_answer(struct db *db, struct board *board);

#endif
