/* Sockets of SMTP connections. curl ends these with QUIT and waits for the answer, minutes where
 * none comes, and closing all of them together knows no other limit: so at the end nothing is heard
 * any more. What is said still leaves. The transfer thread, and the owner's when that has ended. */
#include "net/internal.h"

#include "base/mem.h"

#include <unistd.h>

bool sockets_add(struct sockets *s, int fd) {
    if (s->n == s->room) {
        int room = s->room ? 2 * s->room : 8;
        int *more = mem_resize(s->fds, (size_t)room * sizeof *more);
        if (!more) {
            return false;
        }
        s->fds = more;
        s->room = room;
    }
    s->fds[s->n++] = fd;
    return true;
}

int sockets_close(void *sockets, curl_socket_t fd) {
    struct sockets *s = sockets;
    for (int i = 0; i < s->n; i++) {
        if (s->fds[i] == fd) {
            s->fds[i] = s->fds[--s->n];
            break;
        }
    }
    return close(fd);
}

void sockets_hear_nothing(const struct sockets *s) {
    for (int i = 0; i < s->n; i++) {
        shutdown(s->fds[i], SHUT_RD);
    }
}
