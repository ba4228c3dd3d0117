/* Counters by second: see tally.h. */
#include "worker/tally.h"

#include "base/clock.h"

#include <string.h>

static int *cell(struct tally *t, int64_t now_us) {
    int64_t second = now_us / USEC_PER_SEC;
    int i = (int)(second % TALLY_SECONDS);
    if (t->second[i] != second) {
        t->second[i] = second;
        memset(t->count[i], 0, sizeof t->count[i]);
    }
    return t->count[i];
}

void tally_add(struct tally *t, enum tally_kind kind, int n, int64_t now_us) {
    cell(t, now_us)[kind] += n;
}

void tally_mark(struct tally *t, enum tally_kind kind, int64_t now_us) {
    cell(t, now_us)[kind] = 1;
}

int tally_sum(const struct tally *t, enum tally_kind kind, int seconds, int64_t now_us) {
    int64_t now = now_us / USEC_PER_SEC;
    int sum = 0;
    for (int i = 0; i < TALLY_SECONDS; i++)
        if (t->second[i] > now - seconds && t->second[i] <= now)
            sum += t->count[i][kind];
    return sum;
}
