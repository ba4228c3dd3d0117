/* This worker's slots of the shared lane: when its next requests may start. Pure: time is an
 * argument (boot microseconds). A slot missed by more than PACER_LATE_US is given up, because
 * requests that start late and those on time would together exceed the rate of a second. */
#ifndef POSTROOM_WORKER_PACER_H
#define POSTROOM_WORKER_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define PACER_LATE_US INT64_C(12000)

struct pacer {
    int slots;          /* left */
    int64_t next_us;    /* the first of them */
    int64_t spacing_us; /* 0: no limit */
};

void pacer_grant(struct pacer *p, int slots, int64_t first_us, int64_t spacing_us);
void pacer_clear(struct pacer *p);

/* Gives up slots that are too long past. */
void pacer_drop_missed(struct pacer *p, int64_t now_us);

/* How many of the slots lie before until_us; at most max. */
int pacer_count(const struct pacer *p, int64_t until_us, int max);

/* Takes the next slot; its time. slots > 0. */
int64_t pacer_take(struct pacer *p);

/* How many slots to draw at once: a quarter of a second's worth, at least one, at most max. */
int pacer_want(double rate, int max);

#endif
