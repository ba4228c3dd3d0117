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
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SWEEP_MS 200
#define SWEEP_CROWDED_MS 5
#define YOUTH_US (100 * USEC_PER_MS) /* a burst from one address is judged when it is over */

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

/* We wait for it. Where bytes of it stand unread it waits for us, however long already. */
static bool dawdles(const struct connection *c) {
    int unread = 0;
    return c->phase == PHASE_READING && (ioctl(c->fd, FIONREAD, &unread) != 0 || unread == 0);
}

/* So that who comes finds room: one that dawdles goes, the oldest of his own address where that has
 * its share, else the oldest of all where places run short. newcomer: NULL = nobody now. Who is
 * being served keeps his place, and takes none from his neighbours. */
static bool make_room(struct watch *w, const struct peer *newcomer) {
    struct connection *oldest = NULL, *own_oldest = NULL;
    unsigned all = 0, own = 0;
    int64_t now_us = clock_boot_us();
    for (struct connection *c = w->open; c; c = c->next) {
        all += c->phase != PHASE_CUT;
        if (!dawdles(c))
            continue;
        oldest = c;
        bool own_one = newcomer && memcmp(&c->peer, newcomer, sizeof *newcomer) == 0;
        if (own_one && now_us - c->since_us >= YOUTH_US) {
            own_oldest = c;
            own++;
        }
    }
    bool greedy = w->per_peer && own >= w->per_peer;
    struct connection *victim = greedy ? own_oldest : all >= w->crowded ? oldest : NULL;
    if (victim)
        cut(victim);
    return victim != NULL;
}

static bool is_crowded(const struct watch *w) {
    unsigned n = 0;
    for (const struct connection *c = w->open; c; c = c->next)
        n += c->phase != PHASE_CUT;
    return n >= w->crowded;
}

/* Until the next sweep: ms, -1 = until somebody comes. */
static int sweep(struct watch *w) {
    cut_overdue(w, clock_boot_us());
    while (make_room(w, NULL)) {
    }
    return !w->open ? -1 : is_crowded(w) ? SWEEP_CROWDED_MS : SWEEP_MS;
}

static void *watch_main(void *arg) {
    struct watch *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        int wait_ms = sweep(w);
        bool over = w->over;
        pthread_mutex_unlock(&w->lock);
        if (over)
            return NULL;
        struct pollfd p = {.fd = w->wake.fd, .events = POLLIN};
        poll(&p, 1, wait_ms);
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
    c->since_us = clock_boot_us();
    c->deadline_us = deadline_in(ms);
    pthread_mutex_lock(&w->lock);
    while (make_room(w, peer)) {
    }
    bool rouse = w->open == NULL || is_crowded(w);
    c->next = w->open;
    c->link = &w->open;
    if (c->next)
        c->next->link = &c->next;
    w->open = c;
    pthread_mutex_unlock(&w->lock);
    if (rouse)
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
