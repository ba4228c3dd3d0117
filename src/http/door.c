/* The door's life: one HTTP server per address, all with the same routes and limits. Main thread;
 * serve and refuse run on the servers' threads. */
#include "http/door.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/internal.h"
#include "http/route.h"

#include <string.h>

#define PER_PEER 8 /* connections from one address, those not counted that are being served */

static void serve(void *self, const struct http_request *in, struct http_response *out) {
    routes_serve(self, in, out);
}

/* Refused before it was a request. */
static void refuse(void *self, const char *why, struct http_response *out) {
    (void)self;
    const char *code = out->status == 413   ? "too_large"
                       : out->status == 503 ? "busy"
                                            : "bad_request";
    reply_error(out, out->status, code, why);
}

/* Beyond this machine only those may call who can show a token. */
static const char *loopback_only(const struct settings *s) {
    return s->api_token[0] == '\0' ? "without api_token" : NULL;
}

static bool open_one(struct door *d, const char *where, struct err *err) {
    struct http_options o;
    struct http_handler handler = {.self = d, .serve = serve, .refuse = refuse};
    http_options_default(&o);
    o.listen = where;
    o.per_peer = PER_PEER;
    o.loopback_only = loopback_only(d->settings);
    struct http_server *s = http_start(&o, &handler, err);
    if (!s)
        return false;
    d->servers[d->server_count++] = s;
    log_event(LOG_INFO, "listening", "http://%s", http_address(s));
    return true;
}

/* The next address of a list with commas, "" behind the last; *at moves on. */
static bool next_address(const char **at, char where[128], struct err *err) {
    *at += strspn(*at, ", ");
    size_t n = strcspn(*at, ", ");
    if (!str_format(where, 128, "%.*s", (int)n, *at))
        return err_set(err, ERR_USAGE, "\"%.40s...\" is too long for an address", *at);
    *at += n;
    return true;
}

typedef bool with_address(struct door *d, const char *where, struct err *err);

static bool for_each_address(struct door *d, with_address *with, struct err *err) {
    char where[128];
    const char *at = d->settings->listen;
    for (int n = 0; next_address(&at, where, err); n++) {
        if (where[0] == '\0')
            return n > 0 || err_set(err, ERR_USAGE, "there is no address in it");
        if (n == DOOR_ADDRESSES)
            return err_set(err, ERR_USAGE, "at most %d addresses may be listened on",
                           DOOR_ADDRESSES);
        if (!with(d, where, err))
            return false;
    }
    return false;
}

static bool check_one(struct door *d, const char *where, struct err *err) {
    return http_may_listen(where, loopback_only(d->settings), err);
}

bool door_check(const struct settings *s, struct err *err) {
    struct door d = {.settings = s};
    return for_each_address(&d, check_one, err);
}

struct door *door_start(const struct settings *s, const struct door_ports *ports, struct err *err) {
    struct door *d = mem_alloc(sizeof *d);
    if (!d) {
        err_nomem(err);
        return NULL;
    }
    d->settings = s;
    d->ports = *ports;
    pthread_mutex_init(&d->certificate.lock, NULL);
    if (!webhook_check_settings(s, err) || !certificate_check_file(d, err)) {
        door_stop(d);
        return NULL;
    }
    if (for_each_address(d, open_one, err))
        return d;
    err_wrap(err, "listen");
    door_stop(d);
    return NULL;
}

void door_quiesce(struct door *d) {
    for (int i = 0; i < d->server_count; i++)
        http_quiesce(d->servers[i]);
}

void door_stop(struct door *d) {
    if (!d)
        return;
    for (int i = 0; i < d->server_count; i++)
        http_stop(d->servers[i]);
    signature_key_free(d->certificate.key);
    pthread_mutex_destroy(&d->certificate.lock);
    mem_free(d);
}
