/* The last events of this window, oldest first, each with a number that never changes. One thread.
 */
#ifndef POSTROOM_UI_HISTORY_H
#define POSTROOM_UI_HISTORY_H

#include "core/event.h"
#include "core/ring.h"
#include "core/snapshot.h"

#define HISTORY_EVENTS 2000

/* What stands in the list: EVENT_SENT, EVENT_FAILED, or EVENT_ANSWER as a note
 * ("+412 processed", "812 not shown"). */
struct history {
    uint64_t end; /* the number the next event gets; the first one has 1 */
    int count;
    struct event events[HISTORY_EVENTS];
};

struct history *history_new(struct err *err) MUST_CHECK;
struct history *history_copy(const struct history *h, struct err *err) MUST_CHECK;
void history_free(struct history *h);

void history_put(struct history *h, const struct event *e);
void history_note(struct history *h, int64_t at_us, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The event of this number, NULL where it is gone or not there yet. */
const struct event *history_get(const struct history *h, uint64_t number);

/* The number of the oldest one; == end where there is none. */
uint64_t history_first(const struct history *h);

/* The first of the last `rows` events before the number `end`; 0: of all. */
uint64_t history_top(const struct history *h, uint64_t end, int rows);

/* A fixture's events. */
void history_load(struct history *h, const struct snapshot *s);

/* Empties the ring into it: everything up to `crowd` events at once, beyond that every failure
 * and "+N processed". Answers to commands go to `answer` (the newest wins), which returns true
 * through *answered. */
void history_take(struct history *h, struct ring *ring, int crowd, int64_t now_us,
                  struct event *answer, bool *answered);

#endif
