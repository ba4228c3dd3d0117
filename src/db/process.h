/* "Process now", asked for by a program over and over rather than by an operator: cheap, and no
 * harm to the lane's pace however often it comes. Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_PROCESS_H
#define POSTROOM_DB_PROCESS_H

#include "core/desk.h"
#include "db/db.h"

/* Wakes the workers; at most once a second parked lanes get their one try, too. Fills since_us,
 * since_seq and due. */
bool process_trigger(struct db *db, struct errand *e, struct err *err) MUST_CHECK;

/* What came of it, by since_us and since_seq: fills sent and failed (outcomes of all workers since
 * then) and remaining. */
bool process_progress(struct db *db, struct errand *e, struct err *err) MUST_CHECK;

#endif
