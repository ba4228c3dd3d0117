/* A wake-up over an eventfd. write and read on it are async-signal-safe and never block; errno is
 * kept, because a signal handler may wake. */
#include "base/wake.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wake_open(struct wake *w, struct err *err) {
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->fd < 0) {
        return err_set(err, ERR_IO, "cannot make an event descriptor: %s", strerror(errno));
    }
    return true;
}

void wake_close(struct wake *w) {
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = -1;
}

void wake_up(const struct wake *w) {
    int saved = errno;
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(w->fd, &one, sizeof one); /* EAGAIN: it is awake already */
    } while (n < 0 && errno == EINTR);
    errno = saved;
}

void wake_clear(const struct wake *w) {
    int saved = errno;
    uint64_t count;
    ssize_t n;
    do {
        n = read(w->fd, &count, sizeof count); /* EAGAIN: nobody woke it */
    } while (n < 0 && errno == EINTR);
    errno = saved;
}
