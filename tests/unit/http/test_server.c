/* The HTTP server against raw sockets: what a request becomes, what is refused, that nobody can
 * hold a place by dripping, and that stopping never hangs. Deadlines are short only where they are
 * what is tested; the bounds asserted are generous. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LONG_MS 20000                 /* less than what a hang would last */
#define BIG ((size_t)8 * 1024 * 1024) /* more than socket buffers hold */

/* --- a handler that tells what it was given -----------------------------------------------------
 */

static _Atomic int waiting_handlers; /* since the test began to count */

static void serve(void *self, const struct http_request *in, struct http_response *out) {
    (void)self;
    const char *q = http_query(in, "q"), *h = http_header(in, "x-test");
    if (str_eq(in->path, "/wait")) {
        atomic_fetch_add(&waiting_handlers, 1);
        out->status = http_wait(in, 60000) ? 200 : 503;
    } else if (str_eq(in->path, "/drop")) {
        out->drop = true;
    } else if (str_eq(in->path, "/big")) {
        static const char block[(size_t)64 * 1024]; /* the big one must not take long to make */
        for (size_t n = 0; n < BIG; n += sizeof block)
            buf_add(&out->body, block, sizeof block);
    }
    http_set_header(out, "x-answer", "yes");
    buf_printf(&out->body, "%s %s q=%s h=%s body=%zu:%.20s peer=%s", in->method, in->path,
               q ? q : "-", h ? h : "-", in->body_len, in->body, in->peer);
}

static void refuse(void *self, const char *why, struct http_response *out) {
    (void)self;
    buf_printf(&out->body, "refused %d: %s", out->status, why);
}

static const struct http_handler handler = {.serve = serve, .refuse = refuse};

static struct http_options patient(void) {
    struct http_options o;
    http_options_default(&o);
    o.listen = "127.0.0.1:0";
    o.loopback_only = "in a test";
    o.connections = 4;
    o.body_max = 1000;
    o.header_ms = o.body_ms = o.answer_ms = 60000;
    return o;
}

static struct http_options quick(void) {
    struct http_options o = patient();
    o.header_ms = o.body_ms = o.answer_ms = 400;
    return o;
}

static struct http_server *start(const struct http_options *o) {
    struct err err = {0};
    struct http_server *s = http_start(o, &handler, &err);
    assert_string_equal(err.text, "");
    assert_non_null(s);
    return s;
}

/* --- a client -----------------------------------------------------------------------------------
 */

/* From 127.0.0.<from>, as somebody else. */
static int dial_from(const struct http_server *s, unsigned from) {
    struct sockaddr_in me = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int64_t port = 0;
    assert_true(str_to_int64(strrchr(http_address(s), ':') + 1, &port));
    assert_true(port > 0);
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    me.sin_addr.s_addr = htonl(0x7f000000U | from);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&me, sizeof me), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to), 0);
    return fd;
}

static int dial(const struct http_server *s) {
    return dial_from(s, 1);
}

static bool put(int fd, const char *text) {
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* What comes until the end, or until nothing comes for `ms`. */
static size_t get(int fd, char *dst, size_t size, int ms) {
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n + 1 < size && poll(&p, 1, ms) > 0) {
        ssize_t got = recv(fd, dst + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    dst[n] = '\0';
    return n;
}

static void talk(const struct http_server *s, const char *request, char *dst, size_t size) {
    int fd = dial(s);
    assert_true(put(fd, request));
    get(fd, dst, size, LONG_MS);
    close(fd);
}

/* One answer on a connection that is kept. */
static void get_one(int fd, char *dst, size_t size) {
    size_t n = 0;
    const char *head_end = NULL, *length;
    int64_t body = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (dst[0] = '\0'; n + 1 < size && poll(&p, 1, LONG_MS) > 0;) {
        ssize_t got = recv(fd, dst + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        dst[n] = '\0';
        head_end = strstr(dst, "\r\n\r\n");
        length = strcasestr(dst, "content-length: ");
        if (head_end && length && length < head_end) {
            body = strtol(length + strlen("content-length: "), NULL, 10);
            if (n >= (size_t)(head_end + 4 - dst) + (size_t)body)
                break;
        }
    }
}

/* A request whose handler waits, and does so by now. */
static int dial_waiting(const struct http_server *s) {
    int fd = dial(s);
    atomic_store(&waiting_handlers, 0);
    put(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < LONG_MS && atomic_load(&waiting_handlers) == 0; i++)
        poll(NULL, 0, 1);
    assert_int_equal(atomic_load(&waiting_handlers), 1);
    return fd;
}

/* Has the server ended this connection? Waits up to ms for that. */
static bool ended(int fd, int ms) {
    char byte;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) > 0 && recv(fd, &byte, 1, MSG_PEEK) <= 0;
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void a_request_arrives_whole(void **state) {
    (void)state;
    struct http_options o = patient();
    struct http_server *s = start(&o);
    static const struct {
        const char *request;
        const char *want;
    } cases[] = {
        {"GET /a%20b?q=1%262 HTTP/1.1\r\nHost: x\r\nX-TEST: v\r\nConnection: close\r\n\r\n",
         "GET /a b q=1&2 h=v body=0: peer=127.0.0.1"},
        {"GET /?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
         "GET / q= h=- body=0: peer=127.0.0.1"},
        {"POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
         "POST /p q=- h=- body=5:hello peer=127.0.0.1"},
        {"POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
         "POST /p q=- h=- body=5:hello peer=127.0.0.1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char answer[2048];
        talk(s, cases[i].request, answer, sizeof answer);
        assert_true(str_starts(answer, "HTTP/1.1 200 "));
        assert_non_null(strstr(answer, "x-answer: yes"));
        const char *body = strstr(answer, "\r\n\r\n");
        assert_non_null(body);
        assert_string_equal(body + 4, cases[i].want);
    }
    http_stop(s);
}

static void what_is_no_clear_request_is_refused(void **state) {
    (void)state;
    struct http_options o = patient();
    struct http_server *s = start(&o);
    static const struct {
        const char *headers;
        const char *want;
    } cases[] = {
        {"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 400 "},
        {"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello", "HTTP/1.1 400 "},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
        {"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
        {"Content-Length: -5\r\n\r\n", "HTTP/1.1 4"},
        {"Content-Length: 5x\r\n\r\nhello", "HTTP/1.1 4"},
        {"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n", "HTTP/1.1 413 "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char request[512], answer[2048];
        str_format(request, sizeof request,
                   "POST /p HTTP/1.1\r\nHost: x\r\n%sGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
                   cases[i].headers);
        talk(s, request, answer, sizeof answer);
        if (!str_starts(answer, cases[i].want))
            fail_msg("case %zu: %s", i, answer);
        assert_null(strstr(answer, "/smuggled"));
    }
    http_stop(s);
}

static void a_long_body_is_refused_and_not_kept(void **state) {
    (void)state;
    struct http_options o = patient();
    struct http_server *s = start(&o);
    for (int chunked = 0; chunked < 2; chunked++) {
        char answer[2048], body[1002];
        memset(body, 'b', sizeof body - 1);
        body[sizeof body - 1] = '\0';
        int fd = dial(s);
        put(fd, "POST /p HTTP/1.1\r\nHost: x\r\n");
        put(fd,
            chunked ? "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" : "Content-Length: 1001\r\n\r\n");
        put(fd, body);
        put(fd, chunked ? "\r\n0\r\n\r\n" : "");
        get(fd, answer, sizeof answer, LONG_MS);
        assert_true(str_starts(answer, "HTTP/1.1 413 "));
        assert_non_null(strstr(answer, "refused 413: "));
        close(fd);
    }
    http_stop(s);
}

static void all_bodies_together_have_a_limit(void **state) {
    (void)state;
    struct http_options o = patient();
    char answer[2048];
    o.bodies_max = 8;
    struct http_server *s = start(&o);
    int fd = dial(s); /* holds 6 of the 8 */
    put(fd, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n123456");
    for (int i = 0; i < 200 && (i == 0 || str_starts(answer, "HTTP/1.1 200 ")); i++) {
        poll(NULL, 0, 50); /* until they have come */
        talk(s,
             "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
             answer, sizeof answer);
    }
    assert_true(str_starts(answer, "HTTP/1.1 503 "));
    put(fd, "7");
    get_one(fd, answer, sizeof answer);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    close(fd);
    http_stop(s);
}

/* Every place is held by a client that sends a byte now and then: the deadline frees them. */
static void dripping_clients_are_cut(void **state) {
    (void)state;
    static const char *const openings[] = {
        "GET /slow HTTP/1.1\r\nX-Long: ",
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n",
    };
    for (size_t k = 0; k < COUNT(openings); k++) {
        struct http_options o = quick();
        struct http_server *s = start(&o);
        int fds[4];
        char answer[2048];
        bool open[4] = {true, true, true, true};
        for (size_t i = 0; i < COUNT(fds); i++) {
            fds[i] = dial(s);
            put(fds[i], openings[k]);
        }
        int64_t begin = clock_boot_us();
        int left = (int)COUNT(fds);
        while (left > 0 && clock_boot_us() - begin < 8 * USEC_PER_SEC) {
            for (size_t i = 0; i < COUNT(fds); i++) {
                if (open[i] && (!put(fds[i], "x") || ended(fds[i], 0))) {
                    open[i] = false;
                    left--;
                }
            }
            poll(NULL, 0, 20);
        }
        assert_int_equal(left, 0);
        for (int i = 0; i < 20 && (i == 0 || !str_starts(answer, "HTTP/1.1 200 ")); i++)
            talk(s, "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer,
                 sizeof answer); /* may be cut, too, where the machine is busy */
        assert_true(str_starts(answer, "HTTP/1.1 200 "));
        for (size_t i = 0; i < COUNT(fds); i++)
            close(fds[i]);
        http_stop(s);
    }
}

/* Long deadlines, all places taken by idle clients: who comes with a request is served at once. */
static void dawdlers_make_room(void **state) {
    (void)state;
    struct http_options o = patient();
    o.connections = 8;
    struct http_server *s = start(&o);
    int fds[12], waiting = dial_waiting(s);
    char answer[2048];
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = dial(s);
        put(fds[i],
            i % 2 ? "GET /slow" : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
        poll(NULL, 0, 150);
    }
    talk(s, "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof answer);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_true(ended(fds[0], LONG_MS));
    assert_false(ended(fds[COUNT(fds) - 1], 0));
    assert_false(ended(waiting, 0)); /* a request that is being served keeps its place */
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    close(waiting);
    http_stop(s);
}

/* Whoever takes too many places gives up his own oldest, not a neighbour's. */
static void an_address_has_so_many_places(void **state) {
    (void)state;
    struct http_options o = patient();
    o.connections = 64;
    o.per_peer = 3;
    struct http_server *s = start(&o);
    int neighbour = dial_from(s, 2), waiting = dial_waiting(s), fds[8];
    char answer[2048];
    put(neighbour, "GET /slow");
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = dial(s);
        put(fds[i], "GET /slow");
        poll(NULL, 0, 150);
    }
    poll(NULL, 0, 400);
    talk(s, "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof answer);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    for (size_t i = 0; i < COUNT(fds); i++)
        assert_int_equal(ended(fds[i], i < 6 ? LONG_MS : 0), i < 6);
    assert_false(ended(neighbour, 0));
    assert_false(ended(waiting, 0));
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    close(neighbour);
    close(waiting);
    http_stop(s);
}

/* A page's worth of requests over as many connections is no dawdling. */
static void a_burst_from_one_address_is_served(void **state) {
    (void)state;
    struct http_options o = patient();
    o.connections = 64;
    o.per_peer = 3;
    struct http_server *s = start(&o);
    for (int attempt = 0;; attempt++) {
        int fds[8], served = 0;
        char answer[2048];
        int64_t begin = clock_boot_us();
        for (size_t i = 0; i < COUNT(fds); i++)
            fds[i] = dial(s);
        poll(NULL, 0, 20); /* all are in, none has said anything */
        bool quickly = clock_boot_us() - begin < 80 * USEC_PER_MS;
        for (size_t i = 0; i < COUNT(fds); i++) {
            put(fds[i], "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            get(fds[i], answer, sizeof answer, LONG_MS);
            served += str_starts(answer, "HTTP/1.1 200 ");
            close(fds[i]);
        }
        if (!quickly && attempt < 50) /* a busy machine: that was no burst */
            continue;
        assert_int_equal(served, COUNT(fds));
        break;
    }
    http_stop(s);
}

static void a_port_alone_is_this_machines(void **state) {
    (void)state;
    struct http_options o = patient();
    o.listen = "0";
    struct http_server *s = start(&o);
    assert_true(str_starts(http_address(s), "127.0.0.1:"));
    close(dial(s));
    http_stop(s);
}

static void a_client_that_does_not_read_is_cut(void **state) {
    (void)state;
    struct http_options o = quick();
    struct http_server *s = start(&o);
    int fd = dial(s);
    put(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    poll(NULL, 0, 5000);
    static char answer[BIG + 4096];
    assert_true(get(fd, answer, sizeof answer, 1000) < BIG);
    close(fd);
    http_stop(s);
}

static void a_kept_connection_serves_again_and_ends_when_idle(void **state) {
    (void)state;
    struct http_options o = patient();
    o.header_ms = 3000;
    struct http_server *s = start(&o);
    char answer[2048];
    int fd = dial(s);
    for (int i = 0; i < 3; i++) {
        put(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
        get_one(fd, answer, sizeof answer);
        assert_non_null(strstr(answer, "GET /again"));
    }
    assert_true(ended(fd, LONG_MS));
    close(fd);
    http_stop(s);
}

static void a_dropped_answer_is_no_answer(void **state) {
    (void)state;
    struct http_options o = patient();
    struct http_server *s = start(&o);
    char answer[2048];
    talk(s, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof answer);
    assert_string_equal(answer, "");
    http_stop(s);
}

static void a_waiting_handler_holds_up_nobody(void **state) {
    (void)state;
    struct http_options o = patient();
    o.header_ms = o.body_ms = o.answer_ms = 2000;
    struct http_server *s = start(&o);
    char answer[2048];
    int fd = dial_waiting(s);
    int64_t begin = clock_boot_us();
    talk(s, "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof answer);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_true(clock_boot_us() - begin < LONG_MS * USEC_PER_MS);
    assert_false(ended(fd, 4000)); /* no deadline while a handler has it */
    close(fd);
    http_stop(s);
}

/* With a handler waiting, a request half sent and an idle connection. */
static void stopping_never_hangs(void **state) {
    (void)state;
    long live = mem_live();
    struct http_options o = patient();
    struct http_server *s = start(&o);
    int waiting = dial_waiting(s), half = dial(s), idle = dial(s);
    put(half, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    poll(NULL, 0, 200);
    int64_t begin = clock_boot_us();
    http_quiesce(s);
    http_stop(s);
    assert_true(clock_boot_us() - begin < LONG_MS * USEC_PER_MS);
    assert_int_equal(mem_live(), live);
    close(waiting);
    close(half);
    close(idle);
}

static void a_bad_address_is_one_clear_line(void **state) {
    (void)state;
    struct http_options o = patient();
    struct http_server *first = start(&o);
    long live = mem_live();
    const struct {
        const char *listen;
        const char *want;
    } cases[] = {
        {http_address(first), "in use"},
        {"127.0.0.1", "HOST:PORT"},
        {":80", "HOST:PORT"},
        {"127.0.0.1:", "HOST:PORT"},
        {"127.0.0.1:65536", "HOST:PORT"},
        {"127.0.0.1:-1", "HOST:PORT"},
        {"127.0.0.1:8x", "HOST:PORT"},
        {"", "HOST:PORT"},
        {"65536", "a port alone"},
        {"127.0.0.1:80:", "HOST:PORT"},
        {"0.0.0.0:0", "only loopback is allowed in a test, for example 127.0.0.1:0"},
        {"[::]:0", "only loopback"},
        {"203.0.113.7:0", "only loopback"},
        {"not a host:0", "cannot listen on not a host:0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        o.listen = cases[i].listen;
        assert_null(http_start(&o, &handler, &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.text, cases[i].want));
        assert_null(strchr(err.text, '\n'));
    }
    assert_int_equal(mem_live(), live);
    http_stop(first);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_whole),
        cmocka_unit_test(what_is_no_clear_request_is_refused),
        cmocka_unit_test(a_long_body_is_refused_and_not_kept),
        cmocka_unit_test(all_bodies_together_have_a_limit),
        cmocka_unit_test(dripping_clients_are_cut),
        cmocka_unit_test(dawdlers_make_room),
        cmocka_unit_test(an_address_has_so_many_places),
        cmocka_unit_test(a_burst_from_one_address_is_served),
        cmocka_unit_test(a_port_alone_is_this_machines),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(a_kept_connection_serves_again_and_ends_when_idle),
        cmocka_unit_test(a_dropped_answer_is_no_answer),
        cmocka_unit_test(a_waiting_handler_holds_up_nobody),
        cmocka_unit_test(stopping_never_hangs),
        cmocka_unit_test(a_bad_address_is_one_clear_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
