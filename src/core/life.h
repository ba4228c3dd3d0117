/* Where the process is in its life: RUNNING -> DRAINING -> STOPPING. Atomic; any thread. */
#ifndef POSTROOM_CORE_LIFE_H
#define POSTROOM_CORE_LIFE_H

#include <stdatomic.h>
#include <stdint.h>

enum life_phase {
    LIFE_RUNNING,
    LIFE_DRAINING,
    LIFE_STOPPING
};

struct life {
    _Atomic int phase;
    _Atomic int64_t deadline_us; /* boot time by which draining must be over; 0 while running */
};

void life_init(struct life *l);
void life_drain(struct life *l, int64_t deadline_us); /* the first call wins */
void life_stop(struct life *l);
enum life_phase life_now(const struct life *l);
int64_t life_deadline_us(const struct life *l);

#endif
