/* What the files of the door share. Private to src/http. */
#ifndef POSTROOM_HTTP_ROUTE_H
#define POSTROOM_HTTP_ROUTE_H

#include "http/door.h"
#include "http/server.h"

#include "webhook/webhook.h"

#include <pthread.h>
#include <stdatomic.h>

#define DOOR_ADDRESSES 4

struct door {
    const struct settings *settings;
    struct door_ports ports;
    struct http_server *servers[DOOR_ADDRESSES];
    int server_count;
    _Atomic int waiting; /* requests that wait for mail to be processed */
    _Atomic int reading; /* webhooks that are being read */
    struct {
        pthread_mutex_t lock;
        char url[512];
        struct signature_key *key; /* of the certificate there; NULL: none yet */
    } certificate;
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

/* --- webhook.c, certificate.c: the routes of webhooks ------------------------------------------
 */

void serve_resend(struct door *d, const struct http_request *in, struct http_response *out);
void serve_sendgrid(struct door *d, const struct http_request *in, struct http_response *out);
void serve_ses(struct door *d, const struct http_request *in, struct http_response *out);

/* Can the certificate in ses_cert_file be used, where there is one? */
bool certificate_check_file(struct door *d, struct err *err) MUST_CHECK;

/* Is the message signed with the certificate it names? false: that cannot be had now. */
bool certificate_holds(struct door *d, const struct sns *m, bool *holds, const char **why,
                       struct err *err) MUST_CHECK;

/* "12", "0.5": seconds to wait as milliseconds; false where it makes no sense. Pure. */
bool process_wait_ms(const char *text, int64_t *ms);

/* All of it as Prometheus' text. m, standing: NULL where unknown. Pure. */
void metrics_print(struct buf *out, const struct metrics *m, const struct standing *standing,
                   int64_t stall_us);

#endif
