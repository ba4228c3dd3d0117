/* Who has to be woken: a worker that sleeps asks for a NOTIFY with each INSERT, one that is awake
 * looks by itself and spares the applications that (schema/004_notify.sql). The worker's thread. */
#ifndef POSTROOM_DB_ATTENTION_H
#define POSTROOM_DB_ATTENTION_H

#include "db/db.h"

/* How long others believe that a worker is awake; it says so again each second. */
#define ATTENTION_MS 3000

/* Visible to every INSERT that begins after this returned. */
bool attention_write(struct db *db, const char *worker, bool awake, struct err *err) MUST_CHECK;
/* It says neither any more. */
bool attention_withdraw(struct db *db, const char *worker, struct err *err) MUST_CHECK;
bool attention_leave(struct db *db, const char *worker, struct err *err) MUST_CHECK;

/* A mark behind every transaction that runs now and has written something. */
struct attention_mark {
    char xid[24];
};
bool attention_set_mark(struct db *db, struct attention_mark *out, struct err *err) MUST_CHECK;

/* Have all of them ended? */
bool attention_is_past(struct db *db, const struct attention_mark *mark, bool *past,
                       struct err *err) MUST_CHECK;

#endif
