/* sd_notify(3) without its library. A manager that does not listen is none of our trouble. */
#include "app/notify.h"

#include "base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_service(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@') /* Linux's abstract names begin with a NUL */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    close(fd);
}

int64_t notify_watchdog_us(void) {
    const char *every = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    int64_t us = 0, pid = 0;
    if (!every || !str_to_int64(every, &us) || us <= 0)
        return 0;
    if (whose && (!str_to_int64(whose, &pid) || pid != getpid()))
        return 0;
    return us / 3 > 0 ? us / 3 : 1;
}

void notify_alive(void) {
    notify_service("WATCHDOG=1");
}
