/* For outcomes that were kept in a file because the database was away (worker/keep.h): which
 * database this is, and what of them may still be written. The worker's thread. */
#ifndef POSTROOM_DB_KEPT_H
#define POSTROOM_DB_KEPT_H

#include "core/message.h"
#include "db/db.h"

#define KEPT_DATABASE 40

/* A name of the database that stays the same when it fails over or moves; "" where `postroom
 * migrate` has not given it one yet. */
bool kept_database(struct db *db, char dst[KEPT_DATABASE], struct err *err) MUST_CHECK;

/* Makes `worker` the holder of those of n messages that a worker that is gone still holds, and of
 * those that were held as uncertain meanwhile although this answer says that they were sent. Sets
 * their tokens, and the token of all others to 0: somebody else has them. sent: per message. */
bool kept_take_back(struct db *db, const char *worker, const char *gone, const char *request_id,
                    int64_t lease_ms, struct message *messages, const bool *sent, int n,
                    struct err *err) MUST_CHECK;

#endif
