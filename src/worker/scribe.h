/* Outcomes written beside the loop: a thread with a session of its own, so that the worker claims
 * and stores the next mail while the last outcomes go to disk. Only while a backlog lasts: the
 * session is opened when it is first wanted and closed when it had nothing to do for a while.
 *
 * One write at a time. What is handed over belongs to the thread until scribe_ended has told how it
 * went. Called by the worker's thread, but for scribe_abort. */
#ifndef POSTROOM_WORKER_SCRIBE_H
#define POSTROOM_WORKER_SCRIBE_H

#include "base/wake.h"
#include "db/queue.h"

struct scribe;

/* settings and done (woken after each write) must outlive it. */
struct scribe *scribe_start(const struct settings *s, const struct wake *done,
                            struct err *err) MUST_CHECK;

/* Ends the thread; a write that is under way is given up, scribe_ended tells of it. */
void scribe_stop(struct scribe *s);
void scribe_free(struct scribe *s);  /* stops it; NULL is fine */
void scribe_abort(struct scribe *s); /* any thread: whatever it does fails now */

/* May something be handed over now? Where there is no session yet, one is opened for later. */
bool scribe_is_ready(struct scribe *s);
void scribe_write(struct scribe *s, struct finish *f); /* only when ready */

enum scribe_end {
    SCRIBE_NOTHING, /* nothing was handed over */
    SCRIBE_WRITING, /* not yet */
    SCRIBE_WROTE,   /* it is on disk, each row's end is filled in */
    SCRIBE_FAILED   /* err says why; it may have been written all the same where that is ERR_AWAY */
};
enum scribe_end scribe_ended(struct scribe *s, struct err *err);

/* The worker's own session was lost: so is this one, which may be with another server by now. */
void scribe_dismiss(struct scribe *s);

#endif
