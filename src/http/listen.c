/* Where to listen: "HOST:PORT" becomes a listening socket, or one line that says why not. */
#include "base/str.h"
#include "http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_port(const char *text, char port[8]) {
    int64_t number = 0;
    if (!str_to_int64(text, &number) || number < 0 || number > 65535)
        return false;
    return str_format(port, 8, "%d", (int)number);
}

/* A port alone is this machine's. */
static bool split_address(const char *where, char host[HTTP_ADDRESS_MAX], char port[8],
                          struct err *err) {
    const char *colon = strrchr(where, ':');
    if (!colon && read_port(where, port))
        return str_copy(host, HTTP_ADDRESS_MAX, "127.0.0.1");
    size_t n = colon ? (size_t)(colon - where) : 0;
    if (n == 0 || n >= HTTP_ADDRESS_MAX || !read_port(colon + 1, port))
        return err_set(err, ERR_USAGE,
                       "cannot listen on \"%.100s\": give HOST:PORT, for example 127.0.0.1:8025, "
                       "[IPV6]:PORT, or a port alone",
                       where);
    if (where[0] == '[' && n > 2 && where[n - 1] == ']') { /* [::1]:8025 */
        where++;
        n -= 2;
    }
    memcpy(host, where, n);
    host[n] = '\0';
    return true;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static const char *listen_problem(int error) {
    switch (error) {
    case EADDRINUSE:
        return "the port is in use: stop what listens there or choose another port";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    case EACCES:
        return "ports below 1024 need more rights: choose a higher one";
    default:
        return strerror(error);
    }
}

/* -1 with errno. */
static int open_socket(const struct addrinfo *a) {
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0)
        return -1;
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void actual_address(int fd, char actual[HTTP_ADDRESS_MAX]) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    struct sockaddr *any = (struct sockaddr *)(void *)&address;
    if (getsockname(fd, any, &size) == 0)
        getnameinfo(any, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = strchr(host, ':') != NULL;
    str_format(actual, HTTP_ADDRESS_MAX, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

/* The address it is, if it may be listened on; to freeaddrinfo. NULL: it may not, or is none. */
static struct addrinfo *find_address(const char *where, const char *loopback_only,
                                     struct err *err) {
    char host[HTTP_ADDRESS_MAX], port[8];
    if (!split_address(where, host, port, err))
        return NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        err_set(err, ERR_USAGE, "cannot listen on %.100s: %s", where, gai_strerror(rc));
        return NULL;
    }
    if (!loopback_only || is_loopback(found->ai_addr))
        return found;
    err_set(err, ERR_USAGE,
            "cannot listen on %.100s: only loopback is allowed %s, for example 127.0.0.1:%s", where,
            loopback_only, port);
    freeaddrinfo(found);
    return NULL;
}

bool http_may_listen(const char *where, const char *loopback_only, struct err *err) {
    struct addrinfo *found = find_address(where, loopback_only, err);
    if (!found)
        return false;
    freeaddrinfo(found);
    return true;
}

int http_listen(const char *where, const char *loopback_only, char actual[HTTP_ADDRESS_MAX],
                struct err *err) {
    struct addrinfo *found = find_address(where, loopback_only, err);
    if (!found)
        return -1;
    int fd = open_socket(found);
    if (fd < 0)
        err_set(err, ERR_USAGE, "cannot listen on %.100s: %s", where, listen_problem(errno));
    else
        actual_address(fd, actual);
    freeaddrinfo(found);
    return fd;
}
