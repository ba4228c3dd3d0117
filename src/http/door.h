/* The HTTP door of a worker process: process now, health, metrics, webhooks.
 *
 * It talks to the others through core alone: what it shows of the worker it reads from the board,
 * what the database is to be asked goes over the desk. start, quiesce and stop belong to one
 * thread; requests run on the HTTP server's threads (server.h). */
#ifndef POSTROOM_HTTP_DOOR_H
#define POSTROOM_HTTP_DOOR_H

#include "core/board.h"
#include "core/desk.h"
#include "core/life.h"
#include "core/settings.h"

struct door;

struct door_ports {
    struct board *board; /* the worker's gauges and metrics */
    struct desk *desk;
    const struct life *life;
    /* What lies behind an https URL, appended to out (net/fetch.h): certificates of webhooks. Any
     * thread. */
    bool (*fetch)(const struct settings *s, const char *url, struct buf *out, struct err *err);
};

/* Listens on settings->listen (where nothing is said of webhooks' secrets, their routes are not
 * there) and answers from then on: not ready while the board knows of no
 * worker. Says in the log where it is. Beyond loopback only with a token. */
struct door *door_start(const struct settings *s, const struct door_ports *ports,
                        struct err *err) MUST_CHECK;

/* Could it listen where the settings say? Not whether the port is free. */
bool door_check(const struct settings *s, struct err *err) MUST_CHECK;

/* Accepts no more connections; those that are open go on. */
void door_quiesce(struct door *d);

/* After the desk was closed: ends all connections and frees. NULL is fine. */
void door_stop(struct door *d);

#endif
