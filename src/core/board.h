/* Where the current snapshot, the page somebody looks at and the worker's gauges and metrics are
 * posted. Any thread. A reader takes a reference and releases it after the frame. */
#ifndef POSTROOM_CORE_BOARD_H
#define POSTROOM_CORE_BOARD_H

#include "base/wake.h"
#include "core/metrics.h"
#include "core/page.h"
#include "core/snapshot.h"

/* What this process's worker tells about itself; plain, copied. */
struct gauges {
    bool worker_here; /* a worker thread runs in this process */
    char worker_name[128];
    int in_flight;        /* messages on the wire or waiting for their outcome to be written */
    int64_t sent, failed; /* since the start */
    int64_t stall_us;     /* longest turn of the loop */
    bool database_away;
    bool schema_old;           /* away because its schema is not this version's */
    int64_t drain_deadline_us; /* boot time; 0: not draining */
    char trouble[160];         /* what the worker cannot get done just now; "" : nothing */
};

struct board;

struct board *board_new(const struct wake *wake,
                        struct err *err); /* wake: may be NULL, not owned */
void board_free(struct board *b);

/* Hands one reference over to the board. */
void board_post(struct board *b, struct snapshot *s);

/* A new reference (release with snapshot_release), or NULL where none was posted yet. */
struct snapshot *board_take(struct board *b);

/* The screen asks for a page (the newest want of a kind wins), the feed takes the oldest want and
 * posts its page (the newest of a kind wins, too), the screen takes that over. */
void board_want(struct board *b, const struct page_want *w);
bool board_take_want(struct board *b, struct page_want *out); /* false: nothing new is wanted */
void board_post_page(struct board *b, struct page *p);        /* hands it over */
struct page *board_take_page(struct board *b);                /* to page_free; NULL: none */

void board_set_gauges(struct board *b, const struct gauges *g); /* b may be NULL */
void board_get_gauges(struct board *b, struct gauges *out);

void board_set_metrics(struct board *b, const struct metrics *m); /* b may be NULL */
bool board_get_metrics(struct board *b, struct metrics *out);     /* false: none yet */

#endif
