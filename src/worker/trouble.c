/* Back-off, and the log kept short. */
#include "worker/trouble.h"

#include "base/clock.h"

#define WAIT_MIN_US (200 * USEC_PER_MS)
#define WAIT_MAX_US (3200 * USEC_PER_MS) /* 4 s with its jitter: sending again within 5 s */
#define SAY_AGAIN_US (30 * USEC_PER_SEC)

void trouble_wait(struct trouble *t, int64_t now_us, double chance) {
    if (t->since_us == 0)
        t->since_us = now_us;
    int64_t twice = t->wait_us * 2;
    t->wait_us = twice < WAIT_MIN_US ? WAIT_MIN_US : twice > WAIT_MAX_US ? WAIT_MAX_US : twice;
    t->again_us = now_us + (int64_t)((double)t->wait_us * (0.75 + chance / 2));
}

static uint64_t hash_of(const char *text) {
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

/* Where this text stands, else what may be forgotten for it: the oldest. */
static int place_of(const struct trouble *t, uint64_t hash) {
    int oldest = 0;
    for (int i = 0; i < TROUBLE_KINDS; i++) {
        if (t->said[i].hash == hash)
            return i;
        if (t->said[i].at_us < t->said[oldest].at_us)
            oldest = i;
    }
    return oldest;
}

bool trouble_tell(struct trouble *t, const char *text, int64_t now_us) {
    uint64_t hash = hash_of(text);
    int place = place_of(t, hash);
    if (t->since_us == 0)
        t->since_us = now_us;
    if (t->said[place].hash == hash && now_us - t->said[place].at_us < SAY_AGAIN_US)
        return false;
    t->said[place].hash = hash;
    t->said[place].at_us = now_us;
    t->told = true;
    return true;
}

bool trouble_over(struct trouble *t, int64_t now_us, int64_t *lasted_us) {
    bool told = t->told;
    *lasted_us = t->since_us ? now_us - t->since_us : 0;
    t->since_us = t->wait_us = t->again_us = 0;
    t->told = false;
    return told;
}
