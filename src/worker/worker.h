/* The queue engine: one thread that claims, freezes, sends (through net) and settles. */
#ifndef POSTROOM_WORKER_WORKER_H
#define POSTROOM_WORKER_WORKER_H

#include "core/board.h"
#include "core/life.h"
#include "core/ring.h"
#include "core/settings.h"

struct worker;

struct worker_options {
    bool once; /* send what is due, then end */
};

struct worker_ports {
    struct board *board; /* gauges; may be NULL */
    struct ring *ring;   /* events, after their commit; may be NULL */
    struct life *life;
    const struct wake *done; /* raised when the thread has ended */

    /* A sign of life: called by the loop itself, at least every alive_every_us while it turns. */
    void (*alive)(void);    /* NULL: nobody wants to know */
    int64_t alive_every_us; /* > 0 where alive is set */
};

struct worker_totals {
    int64_t sent;
    int64_t failed;         /* ended failed, with or without a next attempt */
    int64_t left_in_flight; /* outcomes unknown or unwritten when it had to stop */
    int64_t kept;           /* of those: known, and kept in a file for the next start */
    char kept_in[4096];     /* ... this one */
    int64_t left_due;       /* once: due but not sent (parked lane, paused) */
    char why_left[400];
};

/* Opens the database, checks the provider's configuration and starts the thread. */
struct worker *worker_start(const struct settings *s, const struct worker_options *options,
                            const struct worker_ports *ports, struct err *err) MUST_CHECK;

/* Wakes the loop: life changed, or there is something to do. Any thread. */
void worker_nudge(struct worker *w);

/* At the hard deadline: whatever the database blocks fails now. Any thread. */
void worker_abort(struct worker *w);

bool worker_has_ended(const struct worker *w);

/* Joins and frees. No failure of the database or a provider ends the thread: only life does, or
 * with `once` the work. totals may be NULL. */
void worker_join(struct worker *w, struct worker_totals *totals);

#endif
