/* A provider's end of the wire: an HTTP server in this process that does what the path says, well
 * or badly, and keeps count. A thread per connection; everything under one mutex. */
#ifndef POSTROOM_TESTS_NET_PEER_H
#define POSTROOM_TESTS_NET_PEER_H

#include "base/clock.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_MAX 1024   /* connections in a test */
#define PEER_MEETING 16 /* as many as run beside one another */

struct peer {
    int port;
    int listener;
    pthread_t acceptor;
    pthread_mutex_t lock;
    int fds[PEER_MAX]; /* -1 once closed */
    pthread_t threads[PEER_MAX];
    int connections;
    int requests; /* read to their end */
    int64_t arrived_us[PEER_MAX];
    char head[4096]; /* of the last request */
    char *body;      /* of the last request */
    size_t body_len;
    size_t sent; /* bytes of the last answer of /big */
    int meeting; /* requests for /meet so far */
    bool stop;
};

struct peer_connection {
    struct peer *peer;
    int index;
    int fd;
    int served; /* requests answered on it */
};

/* --- bytes ----------------------------------------------------------------------------------- */

static inline bool peer_send(int fd, const char *data, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        n -= (size_t)sent;
    }
    return true;
}

static inline bool peer_say(int fd, const char *text) {
    return peer_send(fd, text, strlen(text));
}

static inline void peer_reset(int fd) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Until the other end goes away or the test is over. */
static inline void peer_hang(struct peer *p, int fd) {
    char byte[512];
    (void)p;
    while (recv(fd, byte, sizeof byte, 0) > 0) {
    }
}

static inline bool peer_read_head(int fd, char *head, size_t size) {
    size_t n = 0;
    while (n + 1 < size) {
        if (recv(fd, head + n, 1, 0) != 1) {
            return false;
        }
        head[++n] = '\0';
        if (head[0] != 'P') { /* TLS, to a port that speaks none */
            return false;
        }
        if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0) {
            return true;
        }
    }
    return false;
}

static inline char *peer_read_body(int fd, size_t n) {
    char *body = calloc(1, n + 1);
    size_t have = 0;
    while (body && have < n) {
        ssize_t got = recv(fd, body + have, n - have, 0);
        if (got <= 0) {
            free(body);
            return NULL;
        }
        have += (size_t)got;
    }
    return body;
}

/* --- what the paths do ----------------------------------------------------------------------- */

#define PEER_OK "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\":\"x\"}"

static inline void peer_big(struct peer *p, int fd, const char *status) {
    static char block[65536];
    char line[100];
    str_format(line, sizeof line, "HTTP/1.1 %s\r\nContent-Length: 104857600\r\n\r\n", status);
    bool open = peer_say(fd, line);
    size_t sent = 0;
    while (open && sent < 104857600) {
        open = peer_send(fd, block, sizeof block);
        sent += sizeof block;
    }
    pthread_mutex_lock(&p->lock);
    p->sent = sent;
    pthread_mutex_unlock(&p->lock);
}

static inline void peer_flood(int fd, const char *status) {
    char line[100];
    str_format(line, sizeof line, "HTTP/1.1 %s\r\n", status);
    bool open = peer_say(fd, line);
    for (int i = 0; open && i < 1000000; i++) {
        str_format(line, sizeof line, "x-flood-%d: 0123456789012345678901234567890123456789\r\n",
                   i);
        open = peer_say(fd, line);
    }
}

static inline void peer_drip(int fd) {
    bool open = peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (open) {
        open = peer_say(fd, "x") && poll(NULL, 0, 20) == 0;
    }
}

/* Who comes waits until all have come; not for ever. */
static inline bool peer_meet(struct peer *p, int fd) {
    bool all = false;
    pthread_mutex_lock(&p->lock);
    p->meeting++;
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < 15000 && !all; i++) {
        pthread_mutex_lock(&p->lock);
        all = p->stop || p->meeting >= PEER_MEETING;
        pthread_mutex_unlock(&p->lock);
        poll(NULL, 0, 1);
    }
    return all && peer_say(fd, PEER_OK);
}

static const struct {
    const char *path;
    const char *answer;
    bool keep;
} peer_answers[] = {
    {"/ok", PEER_OK, true},
    {"/302", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", true},
    {"/429", "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}", true},
    {"/500", "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", true},
    {"/204", "HTTP/1.1 204 Nothing\r\n\r\n", true},
    {"/until-close", "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"y\"}", false},
    {"/cut-200", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\"", false},
    {"/cut-429", "HTTP/1.1 429 Slow\r\nContent-Length: 100\r\n\r\n{\"na", false},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"id", false},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"id\r\n", false},
    {"/status-line", "HTTP/1.1 200 OK\r\n", false},
    {"/half-line", "HTTP/1.1 20", false},
    {"/status-line-500", "HTTP/1.1 500 Oops\r\n", false},
    {"/continue", "HTTP/1.1 100 Continue\r\n\r\n", false},
    {"/continue-ok", "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\n" PEER_OK, true},
    {"/garbage", "220 mail.example ESMTP\r\n", false},
    {"/http09", "<html>hello</html>", false},
    {"/silent", "", false},
    {"/gzip",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01",
     true},
    {"/headers",
     "HTTP/1.1 200 OK\r\nRateLimit-Limit:   10  \r\nX-Esc: a\x1b[2Jb\r\n"
     "X-Resend-Daily-Quota: 2\r\nContent-Length: 2\r\n\r\n{}",
     true},
};

/* Answers one request; false: the connection ends here. */
static inline bool peer_act(struct peer_connection *c, const char *path) {
    struct peer *p = c->peer;
    for (size_t i = 0; i < sizeof peer_answers / sizeof peer_answers[0]; i++) {
        if (str_eq(peer_answers[i].path, path)) {
            return peer_say(c->fd, peer_answers[i].answer) && peer_answers[i].keep;
        }
    }
    if (str_eq(path, "/big") || str_eq(path, "/big-500")) {
        peer_big(p, c->fd, str_eq(path, "/big") ? "200 OK" : "500 Oops");
    } else if (str_eq(path, "/flood") || str_eq(path, "/flood-500")) {
        peer_flood(c->fd, str_eq(path, "/flood") ? "200 OK" : "500 Oops");
    } else if (str_eq(path, "/drip")) {
        peer_drip(c->fd);
    } else if (str_eq(path, "/hang")) {
        peer_hang(p, c->fd);
    } else if (str_eq(path, "/reset")) {
        peer_reset(c->fd);
    } else if (str_eq(path, "/once-a-connection")) {
        return c->served == 0 && peer_say(c->fd, PEER_OK);
    } else if (str_eq(path, "/meet")) {
        return peer_meet(p, c->fd);
    }
    return false;
}

/* --- the server ------------------------------------------------------------------------------ */

static inline void peer_keep(struct peer *p, const char *head, char *body, size_t n) {
    pthread_mutex_lock(&p->lock);
    p->arrived_us[p->requests % PEER_MAX] = clock_boot_us();
    p->requests++;
    str_copy(p->head, sizeof p->head, head);
    free(p->body);
    p->body = body;
    p->body_len = n;
    pthread_mutex_unlock(&p->lock);
}

static inline bool peer_serve(struct peer_connection *c) {
    char head[4096] = "";
    char path[100] = "";
    if (!peer_read_head(c->fd, head, sizeof head)) {
        return false;
    }
    if (strncmp(head, "POST ", 5) == 0) {
        str_format(path, sizeof path, "%.*s", (int)strcspn(head + 5, " "), head + 5);
    }
    if (str_eq(path, "/reset-early")) {
        peer_reset(c->fd);
        return false;
    }
    const char *length = strstr(head, "Content-Length: ");
    size_t n = length ? strtoul(length + 16, NULL, 10) : 0;
    char *body = peer_read_body(c->fd, n);
    if (!body) {
        return false;
    }
    peer_keep(c->peer, head, body, n);
    bool more = peer_act(c, path);
    c->served++;
    return more;
}

static inline void *peer_connection_thread(void *arg) {
    struct peer_connection *c = arg;
    while (peer_serve(c)) {
    }
    pthread_mutex_lock(&c->peer->lock);
    c->peer->fds[c->index] = -1;
    close(c->fd);
    pthread_mutex_unlock(&c->peer->lock);
    free(c);
    return NULL;
}

static inline void *peer_accept_thread(void *arg) {
    struct peer *p = arg;
    int fd;
    while ((fd = accept(p->listener, NULL, NULL)) >= 0) {
        struct peer_connection *c = calloc(1, sizeof *c);
        pthread_mutex_lock(&p->lock);
        if (!c || p->stop || p->connections == PEER_MAX) {
            close(fd);
            free(c);
        } else {
            *c = (struct peer_connection){.peer = p, .index = p->connections, .fd = fd};
            p->fds[c->index] = fd;
            pthread_create(&p->threads[c->index], NULL, peer_connection_thread, c);
            p->connections++;
        }
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static inline struct peer *peer_start(void) {
    struct peer *p = calloc(1, sizeof *p);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(p->listener, PEER_MAX) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&a, &size) != 0) {
        abort();
    }
    p->port = ntohs(a.sin_port);
    pthread_mutex_init(&p->lock, NULL);
    pthread_create(&p->acceptor, NULL, peer_accept_thread, p);
    return p;
}

static inline void peer_stop(struct peer *p) {
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    for (int i = 0; i < p->connections; i++) {
        if (p->fds[i] >= 0) {
            shutdown(p->fds[i], SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&p->lock);
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    for (int i = 0; i < p->connections; i++) {
        pthread_join(p->threads[i], NULL);
    }
    close(p->listener);
    free(p->body);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static inline int peer_count(struct peer *p, const int *counter) {
    pthread_mutex_lock(&p->lock);
    int n = *counter;
    pthread_mutex_unlock(&p->lock);
    return n;
}

#endif
