/* The server: libmicrohttpd's daemon, and how a request becomes one call of the handler.
 *
 * libmicrohttpd calls on_request at least twice per request: after the headers (an exchange is
 * made, limits that headers show are checked), with each piece of the body (collected up to the
 * caps, else thrown away so that the client can still read its refusal), and at the end (the
 * handler runs). */
#include "http/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define THREAD_STACK ((size_t)512 * 1024)
/* libmicrohttpd's own inactivity timer, in seconds: a second net below the deadlines. */
#define INACTIVITY_S 150U

struct http_server {
    struct http_options options;
    struct http_handler handler;
    struct MHD_Daemon *daemon;
    struct watch watch;
    struct wake stopping; /* raised once, never cleared: every wait sees it */
    char address[HTTP_ADDRESS_MAX];
    int listen_fd; /* after quiesce: must stay open until the daemon has stopped */
    pthread_mutex_t lock;
    size_t body_bytes; /* in all exchanges, under lock */
};

/* One request on its way in. */
struct exchange {
    struct buf body;
    int refused; /* status; 0: none */
    const char *why;
};

/* --- the handler's side --------------------------------------------------------------------- */

const char *http_header(const struct http_request *r, const char *name) {
    return MHD_lookup_connection_value(r->native, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *r, const char *name) {
    const char *value = NULL;
    enum MHD_Result found = MHD_lookup_connection_value_n(r->native, MHD_GET_ARGUMENT_KIND, name,
                                                          strlen(name), &value, NULL);
    return found == MHD_YES && !value ? "" : value;
}

bool http_wait(const struct http_request *r, int64_t ms) {
    struct pollfd p = {.fd = r->server->stopping.fd, .events = POLLIN};
    return poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) == 0;
}

void http_set_header(struct http_response *r, const char *name, const char *value) {
    if (r->header_count == HTTP_MAX_HEADERS)
        return;
    str_copy(r->headers[r->header_count].name, sizeof r->headers[0].name, name);
    str_copy(r->headers[r->header_count].value, sizeof r->headers[0].value, value);
    r->header_count++;
}

/* --- answers -------------------------------------------------------------------------------- */

/* Hands the answer to libmicrohttpd, which frees the body when it is written. */
static enum MHD_Result send_response(struct MHD_Connection *connection, struct http_response *out) {
    if (out->drop || out->body.failed)
        return MHD_NO; /* closes the connection */
    size_t length = out->body.len;
    char *bytes = buf_take(&out->body);
    if (!bytes)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(length, bytes, mem_free);
    if (!response) {
        mem_free(bytes);
        return MHD_NO;
    }
    for (int i = 0; i < out->header_count; i++)
        MHD_add_response_header(response, out->headers[i].name, out->headers[i].value);
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)out->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* A connection on which a request was refused is not used again: what follows on it cannot be
 * trusted to be a request. */
static enum MHD_Result send_refusal(struct http_server *s, struct MHD_Connection *connection,
                                    int status, const char *why) {
    struct http_response out = {.status = status};
    buf_init(&out.body, (size_t)64 * 1024);
    s->handler.refuse(s->handler.self, why, &out);
    http_set_header(&out, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = send_response(connection, &out);
    buf_free(&out.body);
    return queued;
}

/* --- requests ------------------------------------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

struct framing {
    int lengths;
    int encodings;
    bool odd_encoding;
};

static enum MHD_Result count_framing(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value) {
    (void)kind;
    struct framing *f = cls;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        f->lengths++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        f->encodings++;
        f->odd_encoding = !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

/* Where a message ends must be beyond doubt, or a proxy in front may see other requests than we
 * do (request smuggling). */
static const char *framing_problem(struct MHD_Connection *connection) {
    struct framing f = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_framing, &f);
    if (f.lengths > 1)
        return "Content-Length is given more than once";
    if (f.encodings > 1 || f.odd_encoding)
        return "only Transfer-Encoding: chunked is understood";
    if (f.lengths && f.encodings)
        return "Content-Length and Transfer-Encoding exclude each other";
    return NULL;
}

static void refuse(struct exchange *x, int status, const char *why) {
    x->refused = status;
    x->why = why;
}

/* After the headers. A client that asked first (Expect: 100-continue) is refused at once, others
 * when they have sent everything: they could not read an answer before. */
static enum MHD_Result begin(struct http_server *s, struct MHD_Connection *connection,
                             void **state) {
    const char *problem = framing_problem(connection);
    if (problem)
        return send_refusal(s, connection, MHD_HTTP_BAD_REQUEST, problem);
    struct exchange *x = mem_alloc(sizeof *x);
    if (!x)
        return MHD_NO;
    buf_init(&x->body, s->options.body_max);
    *state = x;
    watch_enter(&s->watch, connection_of(connection), PHASE_READING, s->options.body_ms);
    int64_t length = 0;
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (text && (!str_to_int64(text, &length) || (uint64_t)length > s->options.body_max))
        refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the request's body is too large");
    if (x->refused &&
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT))
        return send_refusal(s, connection, x->refused, x->why);
    return MHD_YES;
}

static bool reserve_bytes(struct http_server *s, size_t n) {
    pthread_mutex_lock(&s->lock);
    bool fits = s->body_bytes + n <= s->options.bodies_max;
    if (fits)
        s->body_bytes += n;
    pthread_mutex_unlock(&s->lock);
    return fits;
}

static void release_bytes(struct http_server *s, size_t n) {
    pthread_mutex_lock(&s->lock);
    s->body_bytes -= n;
    pthread_mutex_unlock(&s->lock);
}

static void drop_body(struct http_server *s, struct exchange *x) {
    release_bytes(s, x->body.len);
    buf_free(&x->body);
}

static void collect(struct http_server *s, struct exchange *x, const char *data, size_t n) {
    if (x->refused)
        return;
    if (x->body.len + n > s->options.body_max) {
        refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the request's body is too large");
    } else if (!reserve_bytes(s, n)) {
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "busy: too much is being received, try again");
    } else {
        size_t before = x->body.len;
        buf_add(&x->body, data, n);
        if (!x->body.failed)
            return;
        release_bytes(s, n - (x->body.len - before));
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory, try again");
    }
    drop_body(s, x);
}

static void peer_name(struct MHD_Connection *connection, char dst[64]) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    dst[0] = '\0';
    if (!info || !info->client_addr)
        return;
    socklen_t size = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                              : sizeof(struct sockaddr_in);
    getnameinfo(info->client_addr, size, dst, 64, NULL, 0, NI_NUMERICHOST);
}

/* The whole request is here. */
static enum MHD_Result answer(struct http_server *s, struct MHD_Connection *connection,
                              const char *url, const char *method, struct exchange *x) {
    struct connection *c = connection_of(connection);
    if (x->refused) {
        watch_enter(&s->watch, c, PHASE_ANSWERING, s->options.answer_ms);
        return send_refusal(s, connection, x->refused, x->why);
    }
    struct http_request in = {
        .method = method,
        .path = url,
        .body = buf_text(&x->body),
        .body_len = x->body.len,
        .server = s,
        .native = connection,
    };
    peer_name(connection, in.peer);
    struct http_response out = {.status = MHD_HTTP_OK};
    buf_init(&out.body, (size_t)64 * 1024 * 1024);
    watch_enter(&s->watch, c, PHASE_SERVING, 0);
    s->handler.serve(s->handler.self, &in, &out);
    watch_enter(&s->watch, c, PHASE_ANSWERING, s->options.answer_ms);
    enum MHD_Result queued = send_response(connection, &out);
    buf_free(&out.body);
    return queued;
}

/* --- libmicrohttpd's callbacks -------------------------------------------------------------- */

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state) {
    (void)version;
    struct http_server *s = cls;
    struct exchange *x = *state;
    if (!x)
        return begin(s, connection, state);
    if (*size == 0)
        return answer(s, connection, url, method, x);
    collect(s, x, data, *size);
    *size = 0;
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how) {
    (void)how;
    struct http_server *s = cls;
    struct exchange *x = *state;
    if (x) {
        drop_body(s, x);
        mem_free(x);
        *state = NULL;
    }
    watch_enter(&s->watch, connection_of(connection), PHASE_READING, s->options.header_ms);
}

/* Whom its places are counted for. Who has IPv6 has a whole /64, so that counts as one. */
static struct peer peer_of(struct MHD_Connection *connection) {
    struct peer peer = {0};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    if (address && address->sa_family == AF_INET)
        memcpy(peer.bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    else if (address && address->sa_family == AF_INET6)
        memcpy(peer.bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 8);
    return peer;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct http_server *s = cls;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        watch_remove(&s->watch, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct peer peer = peer_of(connection);
    if (info)
        *context = watch_add(&s->watch, info->connect_fd, &peer, s->options.header_ms);
}

/* --- life ----------------------------------------------------------------------------------- */

void http_options_default(struct http_options *o) {
    *o = (struct http_options){
        .connections = 64,
        .memory = (size_t)32 * 1024,
        .body_max = (size_t)1024 * 1024,
        .bodies_max = (size_t)32 * 1024 * 1024,
        .header_ms = 10000,
        .body_ms = 20000,
        .answer_ms = 20000,
    };
}

/* Its threads inherit the blocked mask of the caller, which is restored afterwards. */
static bool start_threads(struct http_server *s, struct err *err) {
    if (!watch_start(&s->watch, s->options.connections * 3 / 4, s->options.per_peer, err))
        return false;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)s->options.connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)s->options.memory, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, INACTIVITY_S, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, (intptr_t)THREAD_STACK, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
        {MHD_OPTION_END, 0, NULL},
    };
    s->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                             MHD_USE_POLL | MHD_USE_ITC,
                         0, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (s->daemon)
        return true;
    watch_stop(&s->watch);
    return err_set(err, ERR_IO, "cannot start the HTTP server: out of threads or memory");
}

struct http_server *http_start(const struct http_options *o, const struct http_handler *handler,
                               struct err *err) {
    struct http_server *s = mem_alloc(sizeof *s);
    if (!s) {
        err_nomem(err);
        return NULL;
    }
    s->options = *o;
    s->handler = *handler;
    pthread_mutex_init(&s->lock, NULL);
    s->stopping.fd = -1;
    s->listen_fd = http_listen(o->listen, o->loopback_only, s->address, err);
    if (s->listen_fd >= 0 && wake_open(&s->stopping, err)) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        bool started = start_threads(s, err);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (started)
            return s;
    }
    http_stop(s);
    return NULL;
}

const char *http_address(const struct http_server *s) {
    return s->address;
}

void http_quiesce(struct http_server *s) {
    if (s->daemon)
        MHD_quiesce_daemon(s->daemon); /* returns the listening socket, which stays ours */
}

void http_stop(struct http_server *s) {
    if (!s)
        return;
    if (s->daemon) {
        wake_up(&s->stopping);
        http_quiesce(s);
        MHD_stop_daemon(s->daemon);
        watch_stop(&s->watch);
    }
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    wake_close(&s->stopping);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}
