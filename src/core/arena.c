/* A list of chunks; what does not fit the newest opens another. */
#include "core/arena.h"

#include "base/mem.h"

#define CHUNK_BYTES ((size_t)16 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *a, size_t size) {
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (a->chunks == NULL || a->chunks->size - a->chunks->used < size) {
        size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        struct chunk *c = mem_alloc(sizeof *c + room);
        if (c == NULL)
            return NULL;
        c->size = room;
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = a->chunks->bytes + a->chunks->used;
    a->chunks->used += size;
    return p;
}

void arena_done(struct arena *a) {
    for (struct chunk *c = a->chunks, *next; c != NULL; c = next) {
        next = c->next;
        mem_free(c);
    }
    a->chunks = NULL;
}
