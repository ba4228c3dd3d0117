/* What the files of the door share. Private to src/http. */
#ifndef POSTROOM_HTTP_ROUTE_H
#define POSTROOM_HTTP_ROUTE_H

#include "http/door.h"
#include "http/server.h"

#include <stdatomic.h>

#define DOOR_ADDRESSES 4

struct door {
    const struct settings *settings;
    struct door_ports ports;
    struct http_server *servers[DOOR_ADDRESSES];
    int server_count;
    _Atomic int waiting; /* requests that wait for mail to be processed */
};

/* --- reply.c: what is said ------------------------------------------------------------------- */

void reply_json(struct http_response *out, int status); /* the headers; the body is the caller's */
/* {"error":{"code","message"}} */
void reply_error(struct http_response *out, int status, const char *code, const char *message);
void reply_errand(struct http_response *out, enum errand_end end); /* why it was not done */

/* --- allow.c: who may ---------------------------------------------------------------------------
 * Pure. */

/* Is `authorization` (NULL: none) "Bearer" and the token? */
bool allow_token(const char *token, const char *authorization);

/* Is this Origin among cors_origins? */
bool allow_origin(const char *origins, const char *origin);

/* --- routes.c: which path, which method ------------------------------------------------------- */

void routes_serve(struct door *d, const struct http_request *in, struct http_response *out);

/* --- health.c, process.c, metrics.c: the routes ----------------------------------------------- */

void serve_health(struct door *d, const struct http_request *in, struct http_response *out);
void serve_ready(struct door *d, const struct http_request *in, struct http_response *out);
void serve_process(struct door *d, const struct http_request *in, struct http_response *out);
void serve_metrics(struct door *d, const struct http_request *in, struct http_response *out);

/* "12", "0.5": seconds to wait as milliseconds; false where it makes no sense. Pure. */
bool process_wait_ms(const char *text, int64_t *ms);

/* All of it as Prometheus' text. m, standing: NULL where unknown. Pure. */
void metrics_print(struct buf *out, const struct metrics *m, const struct standing *standing,
                   int64_t stall_us);

#endif
