/* What this worker did lately, second by second: the figures of its row. Pure: time is an
 * argument (boot microseconds). */
#ifndef POSTROOM_WORKER_TALLY_H
#define POSTROOM_WORKER_TALLY_H

#include <stdint.h>

enum tally_kind {
    TALLY_REQUESTS,
    TALLY_MESSAGES, /* in those requests */
    TALLY_SENT,
    TALLY_FAILED,
    TALLY_EMPTY, /* 1 in a second in which mail was due and no slot was left */
    TALLY_KINDS
};

#define TALLY_SECONDS 60

struct tally {
    int64_t second[TALLY_SECONDS]; /* which second each cell is of */
    int count[TALLY_SECONDS][TALLY_KINDS];
};

void tally_add(struct tally *t, enum tally_kind kind, int n, int64_t now_us);
void tally_mark(struct tally *t, enum tally_kind kind, int64_t now_us); /* at most once a second */

/* The sum over the last `seconds` (<= 60), the running one included. */
int tally_sum(const struct tally *t, enum tally_kind kind, int seconds, int64_t now_us);

#endif
