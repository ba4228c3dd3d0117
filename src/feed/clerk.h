/* Behind the desk (core/desk.h): one thread with a connection of its own that asks the database
 * what other programs want to know or have done. It connects when it is first needed; a database
 * that is away is said to be so at once. It never holds up sending, nor the end of the process. */
#ifndef POSTROOM_FEED_CLERK_H
#define POSTROOM_FEED_CLERK_H

#include "core/desk.h"
#include "core/settings.h"

struct clerk;

/* Serves until the desk is closed. settings and desk must outlive it. */
struct clerk *clerk_start(const struct settings *s, struct desk *desk, struct err *err) MUST_CHECK;

/* At the hard deadline: whatever the database blocks fails now. Any thread. */
void clerk_abort(struct clerk *c);

/* After desk_close. Joins and frees; NULL is fine. */
void clerk_join(struct clerk *c);

#endif
