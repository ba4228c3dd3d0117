/* The process's phase. It only moves forward, and the deadline is there before the phase that
 * needs it, so a reader that sees DRAINING also sees until when. Lock-free; any thread. */
#include "core/life.h"

void life_init(struct life *l) {
    atomic_store(&l->deadline_us, 0);
    atomic_store(&l->phase, LIFE_RUNNING);
}

void life_drain(struct life *l, int64_t deadline_us) {
    int64_t none = 0;
    atomic_compare_exchange_strong(&l->deadline_us, &none, deadline_us > 0 ? deadline_us : 1);
    int running = LIFE_RUNNING;
    atomic_compare_exchange_strong(&l->phase, &running, LIFE_DRAINING);
}

void life_stop(struct life *l) {
    atomic_store(&l->phase, LIFE_STOPPING);
}

enum life_phase life_now(const struct life *l) {
    return (enum life_phase)atomic_load(&l->phase);
}

int64_t life_deadline_us(const struct life *l) {
    return atomic_load(&l->deadline_us);
}
