/* So many requests within any second: a sliding window over the times of the newest `limit`
 * requests. A refused request takes no place. Time is an argument. */
#include "sandbox/internal.h"

#include "base/clock.h"
#include "base/mem.h"

bool rate_init(struct rate *r, int limit) {
    *r = (struct rate){.limit = limit};
    r->taken = mem_array((size_t)limit, sizeof *r->taken);
    return r->taken != NULL;
}

void rate_free(struct rate *r) {
    mem_free(r->taken);
}

/* i = 0: the newest. */
static int64_t taken_at(const struct rate *r, int i) {
    return r->taken[(r->next - 1 - i + 2 * r->limit) % r->limit];
}

int rate_remaining(const struct rate *r, int64_t now_us) {
    int used = 0;
    while (used < r->count && now_us - taken_at(r, used) < USEC_PER_SEC)
        used++;
    return r->limit - used;
}

bool rate_take(struct rate *r, int64_t now_us) {
    if (rate_remaining(r, now_us) == 0)
        return false;
    r->taken[r->next] = now_us;
    r->next = (r->next + 1) % r->limit;
    if (r->count < r->limit)
        r->count++;
    return true;
}

int rate_reset_s(const struct rate *r, int64_t now_us) {
    int used = r->limit - rate_remaining(r, now_us);
    int64_t left = used ? taken_at(r, used - 1) + USEC_PER_SEC - now_us : 0;
    int64_t seconds = (left + USEC_PER_SEC - 1) / USEC_PER_SEC;
    return seconds < 1 ? 1 : (int)seconds;
}
