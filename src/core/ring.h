/* Bounded events from worker and feed to the screen: drops the oldest and counts the loss.
 * Any thread may put; one takes. */
#ifndef POSTROOM_CORE_RING_H
#define POSTROOM_CORE_RING_H

#include "base/wake.h"
#include "core/event.h"

#include <stddef.h>

struct ring;

/* wake (may be NULL, not owned) is raised at each put. */
struct ring *ring_new(size_t capacity, const struct wake *wake, struct err *err);
void ring_free(struct ring *r);

void ring_put(struct ring *r, const struct event *e); /* r may be NULL: nobody looks */

/* So many more happened that nobody could put: counted with those dropped. r may be NULL. */
void ring_miss(struct ring *r, uint64_t n);

/* Takes up to max events, oldest first; *lost: how many were dropped since the last take. */
size_t ring_take(struct ring *r, struct event *out, size_t max, uint64_t *lost);

#endif
