/* Requests as the database keeps them: stored before they are made, open until answered.
 *
 * An open request means "this may be on its way". It is stored in a commit of its own that is on
 * disk before the first byte leaves. The worker's thread. */
#ifndef POSTROOM_DB_REQUEST_H
#define POSTROOM_DB_REQUEST_H

#include "core/manifest.h"
#include "db/db.h"

/* Stores n requests in one commit: manifest, members in order, hash, key; points each member's
 * request_id at it where the claim planned it elsewhere. `answered` (may be NULL) is a request
 * these replace: forgotten in the same commit. */
bool request_store(struct db *db, const char *worker, const struct manifest *const *requests, int n,
                   int64_t lease_ms, const struct manifest *answered, struct err *err) MUST_CHECK;

enum request_state {
    REQUEST_NONE,   /* none is due */
    REQUEST_READY,  /* *out can be made again */
    REQUEST_BROKEN, /* a member is gone or was edited away: what is left cannot be the same
                       request; *out holds the members that still belong to it */
};

/* Takes over one open request that is due again, or whose worker is gone: claims its members and
 * loads their content. Requests of other lanes are left alone. */
bool request_take(struct db *db, const char *worker, const char *lane, int64_t lease_ms,
                  enum request_state *state, struct manifest *out, struct err *err) MUST_CHECK;

/* Somebody set members of open requests to pending: those requests are due now. */
bool request_hurry(struct db *db, struct err *err) MUST_CHECK;

#endif
