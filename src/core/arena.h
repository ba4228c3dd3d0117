/* Memory that is given back all at once: a list of chunks, filled one after another. One thread at
 * a time. */
#ifndef POSTROOM_CORE_ARENA_H
#define POSTROOM_CORE_ARENA_H

#include <stddef.h>

struct chunk;

/* Zeroed, it is empty. */
struct arena {
    struct chunk *chunks;
};

void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned for anything; NULL: none left */
void arena_done(struct arena *a);

#endif
