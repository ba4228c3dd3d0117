/* Places with an errand each, behind one mutex that is held for a copy; each has a wake of its own
 * on which its asker waits. Any thread. */
#include "core/desk.h"

#include "base/mem.h"
#include "base/wake.h"

#include <poll.h>
#include <pthread.h>

enum place_state {
    PLACE_FREE,
    PLACE_ASKED,
    PLACE_TAKEN,     /* the clerk is at it */
    PLACE_ABANDONED, /* ... and nobody waits for it any more */
    PLACE_ANSWERED,
};

struct place {
    enum place_state state;
    enum errand_end end;
    uint64_t ticket; /* who came first is served first */
    struct errand errand;
    struct wake answered;
};

struct desk {
    pthread_mutex_t lock;
    struct wake wake; /* the clerk's */
    bool closed;
    uint64_t tickets;
    int count;
    struct place places[];
};

static bool open_wakes(struct desk *d, struct err *err) {
    d->wake.fd = -1;
    for (int i = 0; i < d->count; i++)
        d->places[i].answered.fd = -1;
    bool ok = wake_open(&d->wake, err);
    for (int i = 0; ok && i < d->count; i++)
        ok = wake_open(&d->places[i].answered, err);
    return ok;
}

struct desk *desk_new(int places, struct err *err) {
    struct desk *d = mem_alloc(sizeof *d + (size_t)places * sizeof d->places[0]);
    if (!d) {
        err_nomem(err);
        return NULL;
    }
    pthread_mutex_init(&d->lock, NULL);
    d->count = places;
    if (open_wakes(d, err))
        return d;
    desk_free(d);
    return NULL;
}

void desk_free(struct desk *d) {
    if (!d)
        return;
    for (int i = 0; i < d->count; i++)
        wake_close(&d->places[i].answered);
    wake_close(&d->wake);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct place *hand_in(struct desk *d, const struct errand *e, enum errand_end *refused) {
    struct place *p = NULL;
    pthread_mutex_lock(&d->lock);
    *refused = d->closed ? ERRAND_CLOSED : ERRAND_BUSY;
    for (int i = 0; i < d->count && !d->closed && !p; i++)
        if (d->places[i].state == PLACE_FREE)
            p = &d->places[i];
    if (p) {
        p->errand = *e;
        p->state = PLACE_ASKED;
        p->ticket = d->tickets++;
        wake_clear(&p->answered);
    }
    pthread_mutex_unlock(&d->lock);
    return p;
}

/* What came of it, or that nothing did. */
static enum errand_end fetch(struct desk *d, struct place *p, struct errand *e) {
    pthread_mutex_lock(&d->lock);
    enum errand_end end = d->closed ? ERRAND_CLOSED : ERRAND_LATE;
    if (p->state == PLACE_ANSWERED) {
        end = p->end;
        *e = p->errand;
    }
    p->state = p->state == PLACE_TAKEN ? PLACE_ABANDONED : PLACE_FREE;
    pthread_mutex_unlock(&d->lock);
    return end;
}

enum errand_end desk_ask(struct desk *d, struct errand *e, int64_t ms) {
    enum errand_end refused;
    struct place *p = hand_in(d, e, &refused);
    if (!p)
        return refused;
    wake_up(&d->wake);
    struct pollfd wait = {.fd = p->answered.fd, .events = POLLIN};
    (void)poll(&wait, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);
    return fetch(d, p, e);
}

void desk_close(struct desk *d) {
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    for (int i = 0; i < d->count; i++)
        wake_up(&d->places[i].answered);
    pthread_mutex_unlock(&d->lock);
    wake_up(&d->wake);
}

bool desk_is_closed(struct desk *d) {
    pthread_mutex_lock(&d->lock);
    bool closed = d->closed;
    pthread_mutex_unlock(&d->lock);
    return closed;
}

/* --- the clerk -------------------------------------------------------------------------------- */

int desk_fd(const struct desk *d) {
    return d->wake.fd;
}

void desk_clear_wake(struct desk *d) {
    wake_clear(&d->wake);
}

bool desk_take(struct desk *d, struct errand *out, int *place) {
    struct place *first = NULL;
    pthread_mutex_lock(&d->lock);
    for (struct place *p = d->places; p < d->places + d->count && !d->closed; p++)
        if (p->state == PLACE_ASKED && (!first || p->ticket < first->ticket))
            first = p;
    if (first) {
        first->state = PLACE_TAKEN;
        *out = first->errand;
        if (out->news)
            delivery_hold(out->news);
        *place = (int)(first - d->places);
    }
    pthread_mutex_unlock(&d->lock);
    return first != NULL;
}

void desk_answer(struct desk *d, int place, enum errand_end end, const struct errand *e) {
    struct place *p = &d->places[place];
    pthread_mutex_lock(&d->lock);
    if (p->state == PLACE_TAKEN) {
        p->state = PLACE_ANSWERED;
        p->end = end;
        p->errand = *e;
        wake_up(&p->answered);
    } else {
        p->state = PLACE_FREE;
    }
    pthread_mutex_unlock(&d->lock);
    delivery_drop(e->news);
}
