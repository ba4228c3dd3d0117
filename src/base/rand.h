/* Randomness: seedable jitter for back-off, and version 4 UUIDs from the kernel. */
#ifndef POSTROOM_BASE_RAND_H
#define POSTROOM_BASE_RAND_H

#include <stdint.h>

struct rand {
    uint64_t state;
};

void rand_seed(struct rand *r, uint64_t seed);
void rand_seed_random(struct rand *r);
double rand_between(struct rand *r, double low, double high); /* low <= x < high */

#define UUID_TEXT 37 /* 36 characters and a NUL */
void rand_uuid(char dst[UUID_TEXT]);

#endif
