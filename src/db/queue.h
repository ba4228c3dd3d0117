/* The queue itself: claim, finish, renew, sweep. The only writer of a message's state.
 *
 * The thread that owns the struct db: the worker's, and for queue_finish its scribe's. Every write
 * names the message's id and claim token: a write with an older token changes nothing. A claim that
 * stands (processing, lease not over) can only be ended by its holder, by its lease, or by somebody
 * editing the row by hand. */
#ifndef POSTROOM_DB_QUEUE_H
#define POSTROOM_DB_QUEUE_H

#include "core/message.h"
#include "db/db.h"

#define QUEUE_RANKS 10 /* priorities 0..9 */

/* From which due time on to look, by priority: behind it lie only rows already taken, dead to the
 * table but still in its index while some old snapshot pins them. Wall microseconds of the
 * database's clock; INT64_MIN: from the start. */
struct queue_floor {
    int64_t due_us[QUEUE_RANKS];
};

struct queue_ask {
    const char *worker;
    int rows;          /* at most */
    int per_request;   /* rows planned for one request id, in order */
    int64_t max_bytes; /* of content; at least one row is taken whatever its size */
    int64_t lease_ms;
    int max_rank; /* 9; 2 while a quota's reserve is left to urgent mail */
    struct queue_floor floor;
};

/* Claims due messages (and screens them for addresses that must not be mailed, db/suppress.h):
 * urgent first, oldest due first within a priority. *out: an array of *n messages in that order,
 * each owning its strings (message_done each, then mem_free). The claim is committed, not
 * necessarily on disk: nothing leaves before request_store, which is. *more: rows or bytes asked
 * for were used up, so there may be more due. */
bool queue_claim(struct db *db, const struct queue_ask *ask, struct message **out, int *n,
                 bool *more, struct err *err) MUST_CHECK;

/* What one message becomes. */
struct finish_row {
    const char *id;
    int64_t token;
    const char *status;     /* sent failed pending cancelled */
    bool counts;            /* retry_count + 1 */
    bool attempted;         /* an attempt for its timeline: sent and failed */
    int64_t next_ms;        /* next_attempt_at from now; -1: null */
    const char *error_code; /* "" : null; so are the next three */
    const char *error;
    const char *provider_id;
    const char *answer; /* JSON for provider_response */
    const char *request_id;
    int position, members; /* its place in the request, from 1 */
    int64_t ms;
    int attempt; /* retry_count before, + 1 */
    enum finish_end {
        FINISH_WRITTEN, /* this call wrote it */
        FINISH_ALREADY, /* an earlier call had written it whose answer was lost */
        FINISH_SETTLED, /* a webhook was first: the message is sent, whatever we know of it */
        FINISH_LOST,    /* the claim is not ours any more: nothing was changed */
    } end;              /* filled by queue_finish */
};

/* What becomes of a request. */
struct finish_request {
    const char *id;
    int attempts;     /* as it was when we took it: since then it may have been taken over */
    int64_t again_ms; /* made again as it is, this long from now; -1: answered, forget it */
};

struct finish {
    const char *worker;
    const char *lane;
    struct finish_row *rows;
    int row_count;
    const struct finish_request *requests;
    int request_count;
};

/* Writes all of it in one transaction, on disk when it returns. May be called again with the same
 * rows after ERR_AWAY. */
bool queue_finish(struct db *db, struct finish *f, struct err *err) MUST_CHECK;

/* Renews the leases of these requests and of their messages, where this worker holds them and they
 * are not over yet. Whatever else carries its name runs out: a claim whose answer was lost is in
 * nobody's hands. */
bool queue_renew(struct db *db, const char *worker, const char *const *requests, int n,
                 int64_t lease_ms, struct err *err) MUST_CHECK;

/* Claims whose lease is over and whose request was never stored (so certainly unsent) go back to
 * pending. *n: how many. */
bool queue_sweep(struct db *db, int64_t *n, struct err *err) MUST_CHECK;

/* Wall microseconds (database clock) at which the next scheduled or retried message falls due;
 * INT64_MAX: none. */
bool queue_next_due(struct db *db, int64_t *due_us, int64_t *now_us, struct err *err) MUST_CHECK;

/* Is any message due now? */
bool queue_is_due(struct db *db, bool *yes, struct err *err) MUST_CHECK;

/* How many messages are due now, counted up to 10,000. */
bool queue_count_due(struct db *db, int64_t *n, struct err *err) MUST_CHECK;

/* Fetches the content of claimed messages again, by id, in the order given; each must still carry
 * its token. false with ERR_NOTFOUND where one does not. Fills the strings of messages[]. */
bool queue_reload(struct db *db, struct message *messages, int n, struct err *err) MUST_CHECK;

#endif
