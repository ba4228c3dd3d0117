/* A fixed array used as a circle: putting into a full ring overwrites the oldest and counts it.
 * Any thread may put, one takes. */
#include "core/ring.h"

#include "base/mem.h"

#include <pthread.h>

struct ring {
    pthread_mutex_t lock;
    const struct wake *wake;
    uint64_t lost;
    size_t capacity, first, count;
    struct event events[];
};

struct ring *ring_new(size_t capacity, const struct wake *wake, struct err *err) {
    struct ring *r = mem_alloc(sizeof *r + capacity * sizeof r->events[0]);
    if (r == NULL) {
        err_nomem(err);
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    r->wake = wake;
    r->capacity = capacity;
    return r;
}

void ring_free(struct ring *r) {
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

void ring_put(struct ring *r, const struct event *e) {
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->events[(r->first + r->count) % r->capacity] = *e;
    if (r->count < r->capacity) {
        r->count++;
    } else {
        r->first = (r->first + 1) % r->capacity;
        r->lost++;
    }
    pthread_mutex_unlock(&r->lock);
    if (r->wake != NULL)
        wake_up(r->wake);
}

void ring_miss(struct ring *r, uint64_t n) {
    if (r == NULL || n == 0)
        return;
    pthread_mutex_lock(&r->lock);
    r->lost += n;
    pthread_mutex_unlock(&r->lock);
}

size_t ring_take(struct ring *r, struct event *out, size_t max, uint64_t *lost) {
    pthread_mutex_lock(&r->lock);
    size_t n = r->count < max ? r->count : max;
    for (size_t i = 0; i < n; i++)
        out[i] = r->events[(r->first + i) % r->capacity];
    r->first = (r->first + n) % r->capacity;
    r->count -= n;
    *lost = r->lost;
    r->lost = 0;
    pthread_mutex_unlock(&r->lock);
    return n;
}
