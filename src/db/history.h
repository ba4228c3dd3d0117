/* postroom's own history, kept for a while and then let go in small steps. Of email_messages
 * nothing is touched. The worker's thread. */
#ifndef POSTROOM_DB_HISTORY_H
#define POSTROOM_DB_HISTORY_H

#include "db/db.h"

#define HISTORY_STEP 2000 /* rows of a table that one step looks at, at most */

/* Where to go on looking: what lies before is gone already. All zero to begin with. */
struct history_place {
    int64_t attempts, journal; /* seq */
};

/* One step: the oldest rows of attempts, minutes, minute_errors, waiting and journal where they are
 * older than keep_ms, and counts of messages per day after 400 days. *more: there is more to do.
 * Of several workers one does it, the others find nothing to do. */
bool history_prune(struct db *db, int64_t keep_ms, struct history_place *place, bool *more,
                   struct err *err) MUST_CHECK;

#endif
