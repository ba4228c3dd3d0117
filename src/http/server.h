/* A small, bare HTTP/1.1 server: the only user of libmicrohttpd.
 *
 * It listens, reads whole requests within limits, hands them to one handler and writes what the
 * handler answered. It knows no routes and no format of errors.
 *
 * Threads. libmicrohttpd runs one thread that accepts and one per connection (at most
 * `connections`), so a handler may block without holding up others: it waits with http_wait only,
 * which stopping interrupts. One more thread cuts connections whose absolute deadline has passed,
 * however busily they drip. All of them block every signal. Handlers run at the same time and lock
 * what they share. start, quiesce and stop belong to one thread. */
#ifndef POSTROOM_HTTP_SERVER_H
#define POSTROOM_HTTP_SERVER_H

#include "base/buf.h"

#include <stdint.h>

struct http_server;

/* A whole request; valid until the handler returns. */
struct http_request {
    const char *method;
    const char *path; /* decoded, without the query */
    const char *body; /* NUL-terminated; "" where there is none */
    size_t body_len;
    char peer[64]; /* the client's address, numeric */
    struct http_server *server;
    void *native;
};

/* NULL where absent; names of headers in any case. "?flag" without a value yields "". */
const char *http_header(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name);

/* Waits; false as soon as the server stops: then answer at once. */
bool http_wait(const struct http_request *r, int64_t ms);

#define HTTP_MAX_HEADERS 16

struct http_response {
    int status; /* 200 unless set */
    struct {
        char name[48];
        char value[208];
    } headers[HTTP_MAX_HEADERS];
    int header_count;
    struct buf body;
    bool drop; /* close the connection without any answer */
};

void http_set_header(struct http_response *r, const char *name, const char *value);

struct http_handler {
    void *self;
    /* Answers a request. `out` is empty with status 200; the server frees it. */
    void (*serve)(void *self, const struct http_request *in, struct http_response *out);
    /* Puts into words that the server itself refused a request (400, 413, 503; the status is set).
     */
    void (*refuse)(void *self, const char *why, struct http_response *out);
};

struct http_options {
    const char *listen; /* "HOST:PORT", "[::1]:PORT", "PORT" (of 127.0.0.1); port 0: any free one */
    const char *loopback_only; /* no other address may be listened on: ends the sentence "only
                                  loopback is allowed ..."; NULL: any may */
    unsigned connections;      /* at the same time; past three quarters of them a new one takes the
                                  place of the one that has been idling or sending longest */
    unsigned per_peer; /* of them idling or sending, from one address; past it its own oldest makes
                          room; 0: no such limit */
    size_t memory;     /* per connection, for headers */
    size_t body_max;   /* a longer body is answered 413 */
    size_t bodies_max; /* all bodies in memory together; past it 503 */
    int64_t header_ms; /* from connecting (or the last answer) to the end of the headers */
    int64_t body_ms;   /* from there to the end of the body */
    int64_t answer_ms; /* to take the answer */
};

/* Limits for a server that faces strangers; `listen` and loopback_only are left to the caller. */
void http_options_default(struct http_options *o);

/* Listens and serves; NULL with one clear line (port in use, bad address) on failure. */
struct http_server *http_start(const struct http_options *o, const struct http_handler *handler,
                               struct err *err) MUST_CHECK;

/* "127.0.0.1:8025", the port being the actual one. */
const char *http_address(const struct http_server *s);

/* Accepts no more connections; those that are open go on. */
void http_quiesce(struct http_server *s);

/* Interrupts waits, ends all connections, joins all threads, frees. NULL is fine. */
void http_stop(struct http_server *s);

#endif
