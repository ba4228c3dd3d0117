/* Open connections and their deadlines: one thread cuts those whose time is up.
 *
 * libmicrohttpd's own timeout is reset by every byte, so a client that drips one byte a second
 * would hold its place for ever. Here a deadline is absolute per phase. A connection is cut by
 * shutdown(), which makes its own thread see the end; closing stays libmicrohttpd's. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
#include <sys/socket.h>

#define SWEEP_MS 200

static void cut_overdue(struct watch *w, int64_t now_us) {
    for (struct connection *c = w->open; c; c = c->next) {
        if (c->deadline_us && now_us >= c->deadline_us) {
            shutdown(c->fd, SHUT_RDWR);
            c->deadline_us = 0; /* once is enough */
        }
    }
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

bool watch_start(struct watch *w, struct err *err) {
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

struct connection *watch_add(struct watch *w, int fd, int64_t ms) {
    struct connection *c = mem_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->fd = fd;
    c->deadline_us = deadline_in(ms);
    pthread_mutex_lock(&w->lock);
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

void watch_allow(struct watch *w, struct connection *c, int64_t ms) {
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    c->deadline_us = deadline_in(ms);
    pthread_mutex_unlock(&w->lock);
}
