/* Outcomes that are known when the worker must stop while the database is away: kept in a file of
 * the state folder and written by the next worker of that lane that starts on this machine. Tokens
 * decide what may still be written, so that a file found twice or late does no harm.
 * The worker's thread. */
#ifndef POSTROOM_WORKER_KEEP_H
#define POSTROOM_WORKER_KEEP_H

#include "base/err.h"

struct worker;

/* Keeps w->answered; their number and the file's name go to the totals. Nothing to keep is true. */
bool keep_outcomes(struct worker *w, struct err *err) MUST_CHECK;

/* Takes up what earlier workers kept and writes it, before anything is claimed. What cannot be
 * written now stays where it is. */
void keep_restore(struct worker *w);

#endif
