/* Open connections and their deadlines: one thread cuts those whose time is up.
 *
 * libmicrohttpd's own timeout is reset by every byte, so a client that drips one byte a second
 * would hold its place for ever. Here a deadline is absolute per phase; and where places run short,
 * a new client takes that of the one that has been sending or idling longest, because libmicrohttpd
 * turns clients away when all are taken. So it is with the places of one address, too: whoever
 * comes with a request is served, however many of his neighbours dawdle. A connection is cut by
 * shutdown(), which makes its own thread see the end; closing stays libmicrohttpd's. */
#include "base/clock.h"
#include "base/mem.h"
#include "http/internal.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define SWEEP_MS 200

static void cut(struct connection *c) {
    shutdown(c->fd, SHUT_RDWR);
    c->phase = PHASE_CUT;
    c->deadline_us = 0;
}

static void cut_overdue(struct watch *w, int64_t now_us) {
    for (struct connection *c = w->open; c; c = c->next)
        if (c->deadline_us && now_us >= c->deadline_us)
            cut(c);
}

/* Before a newcomer. Who is being served keeps his place, and takes none from his neighbours. */
static void make_room(struct watch *w, const struct peer *newcomer) {
    struct connection *oldest = NULL, *own_oldest = NULL;
    unsigned all = 0, own = 0;
    for (struct connection *c = w->open; c; c = c->next) {
        all += c->phase != PHASE_CUT;
        if (c->phase != PHASE_READING)
            continue;
        oldest = c;
        if (memcmp(&c->peer, newcomer, sizeof *newcomer) == 0) {
            own_oldest = c;
            own++;
        }
    }
    if (w->per_peer && own >= w->per_peer)
        cut(own_oldest);
    else if (oldest && all >= w->crowded)
        cut(oldest);
}

static void *watch_main(void *arg) {
    struct watch *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        cut_overdue(w, clock_boot_us());
        bool over = w->over, idle = w->open == NULL;
        pthread_mutex_unlock(&w->lock);
        if (over)
            return NULL;
        struct pollfd p = {.fd = w->wake.fd, .events = POLLIN};
        poll(&p, 1, idle ? -1 : SWEEP_MS);
        wake_clear(&w->wake);
    }
}

bool watch_start(struct watch *w, unsigned crowded, unsigned per_peer, struct err *err) {
    w->crowded = crowded;
    w->per_peer = per_peer;
    pthread_mutex_init(&w->lock, NULL);
    if (!wake_open(&w->wake, err)) {
        pthread_mutex_destroy(&w->lock);
        return false;
    }
    if (pthread_create(&w->thread, NULL, watch_main, w) != 0) {
        wake_close(&w->wake);
        pthread_mutex_destroy(&w->lock);
        return err_set(err, ERR_IO, "cannot start a thread for the HTTP server");
    }
    w->running = true;
    return true;
}

void watch_stop(struct watch *w) {
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_mutex_unlock(&w->lock);
    wake_up(&w->wake);
    pthread_join(w->thread, NULL);
    wake_close(&w->wake);
    pthread_mutex_destroy(&w->lock);
    w->running = false;
}

static int64_t deadline_in(int64_t ms) {
    return ms > 0 ? clock_boot_us() + ms * USEC_PER_MS : 0;
}

struct connection *watch_add(struct watch *w, int fd, const struct peer *peer, int64_t ms) {
    struct connection *c = mem_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->fd = fd;
    c->peer = *peer;
    c->phase = PHASE_READING;
    c->deadline_us = deadline_in(ms);
    pthread_mutex_lock(&w->lock);
    make_room(w, peer);
    bool first = w->open == NULL;
    c->next = w->open;
    c->link = &w->open;
    if (c->next)
        c->next->link = &c->next;
    w->open = c;
    pthread_mutex_unlock(&w->lock);
    if (first)
        wake_up(&w->wake);
    return c;
}

void watch_remove(struct watch *w, struct connection *c) {
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    pthread_mutex_unlock(&w->lock);
    mem_free(c);
}

void watch_enter(struct watch *w, struct connection *c, enum phase phase, int64_t ms) {
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    if (c->phase != PHASE_CUT) {
        c->phase = phase;
        c->deadline_us = deadline_in(ms);
    }
    pthread_mutex_unlock(&w->lock);
}
