/* The desk between requests of other programs and the one thread that asks the database for them:
 * an errand is handed in, carried out, and its answer handed back to the thread that waits.
 *
 * Bounded: when all places are taken, who comes is told so at once. Who waits gives up after his
 * time, and his errand is then answered to nobody. Any thread may ask; one (the clerk's) takes and
 * answers. */
#ifndef POSTROOM_CORE_DESK_H
#define POSTROOM_CORE_DESK_H

#include "base/err.h"
#include "core/delivery.h"
#include "core/standing.h"

enum errand_kind {
    ERRAND_TRIGGER,  /* process now -> since_us, since_seq, due */
    ERRAND_PROGRESS, /* since_us, since_seq -> sent, failed, remaining */
    ERRAND_STANDING, /* -> standing */
    ERRAND_NEWS,     /* news of deliveries -> recorded, duplicates, foreign */
};

enum errand_end {
    ERRAND_DONE,
    ERRAND_AWAY,    /* the database cannot be reached */
    ERRAND_SCHEMA,  /* its schema is not this version's */
    ERRAND_REFUSED, /* it refused the statement */
    ERRAND_BUSY,    /* all places are taken */
    ERRAND_LATE,    /* no answer in time: it may have been done, or will be */
    ERRAND_CLOSED,  /* the process is leaving */
};

struct errand {
    enum errand_kind kind;
    int64_t since_us;  /* wall time of the database at which processing was asked for */
    int64_t since_seq; /* the last outcome before that */
    int64_t due;       /* messages due then, counted up to a cap */
    int64_t sent, failed;
    int64_t remaining; /* of those that were due then: not sent and not failed yet */
    struct standing standing;
    struct delivery_news *news; /* the asker's; the desk holds it, too, while the clerk is at it */
    int recorded, duplicates, foreign;
};

struct desk;

struct desk *desk_new(int places, struct err *err);
void desk_free(struct desk *d);

/* Waits at most ms; *e holds the answer where it is ERRAND_DONE. */
enum errand_end desk_ask(struct desk *d, struct errand *e, int64_t ms);

/* Nobody is served any more: whoever waits or asks is told ERRAND_CLOSED. */
void desk_close(struct desk *d);
bool desk_is_closed(struct desk *d);

/* --- the clerk's side --- */
int desk_fd(const struct desk *d); /* poll for POLLIN: an errand came, or the desk was closed */
void desk_clear_wake(struct desk *d);
bool desk_take(struct desk *d, struct errand *out, int *place); /* false: nothing to do */
void desk_answer(struct desk *d, int place, enum errand_end end, const struct errand *e);

#endif
