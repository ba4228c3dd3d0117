/* What the files of the HTTP server share. See server.h for threads. */
#ifndef POSTROOM_HTTP_INTERNAL_H
#define POSTROOM_HTTP_INTERNAL_H

#include "base/wake.h"
#include "http/server.h"

#include <pthread.h>

/* --- listen.c: addresses and the listening socket ------------------------------------------ */

#define HTTP_ADDRESS_MAX 128

/* Binds and listens; the descriptor, or -1. `actual` receives "HOST:PORT" with the real port. */
int http_listen(const char *where, const char *loopback_only, char actual[HTTP_ADDRESS_MAX],
                struct err *err);

/* The same without doing it: false where it would be refused whatever stands there already. */
bool http_may_listen(const char *where, const char *loopback_only, struct err *err);

/* --- watch.c: open connections and their deadlines ------------------------------------------ */

enum phase {
    PHASE_READING,   /* idle, or a request on its way in */
    PHASE_SERVING,   /* the handler has it */
    PHASE_ANSWERING, /* the answer on its way out */
    PHASE_CUT,
};

/* A client's address as far as it tells clients apart. */
struct peer {
    unsigned char bytes[8];
};

/* One open connection: its socket, and when it is cut (boot time; 0: never). */
struct connection {
    struct connection *next, **link;
    int fd;
    struct peer peer;
    int64_t since_us; /* boot: when it came */
    enum phase phase;
    int64_t deadline_us;
};

struct watch {
    pthread_mutex_t lock;    /* over the list and what stands in it; a leaf */
    struct connection *open; /* newest first */
    unsigned crowded;        /* from here on a new one costs the oldest reading one its place */
    unsigned per_peer; /* so many reading ones, then a peer's new one costs its oldest; 0: any */
    struct wake wake;  /* a connection came, or it is over */
    bool over;
    pthread_t thread;
    bool running;
};

bool watch_start(struct watch *w, unsigned crowded, unsigned per_peer, struct err *err) MUST_CHECK;
void watch_stop(struct watch *w);

/* In PHASE_READING; NULL when out of memory. */
struct connection *watch_add(struct watch *w, int fd, const struct peer *peer, int64_t ms);
/* The descriptor must still be open: it is shut down only under the lock, so it can never have
 * become another connection's meanwhile. */
void watch_remove(struct watch *w, struct connection *c);
/* From now on it has ms; 0: no deadline. c may be NULL. */
void watch_enter(struct watch *w, struct connection *c, enum phase phase, int64_t ms);

#endif
