/* Loaded before a worker by LD_PRELOAD: notes when the first bytes of each request go out, by the
 * clock that the sink's record uses, so that the worker's own jitter can be told from the sink's. A
 * line per request in the file $SENT_AT: time, idempotency key. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void note(const char *head, size_t n) {
    static const char mark[] = "\r\nIdempotency-Key: ";
    struct timespec t;
    char line[200];
    const char *key = memmem(head, n, mark, sizeof mark - 1);
    clock_gettime(CLOCK_REALTIME, &t);
    key = key ? key + sizeof mark - 1 : "-";
    int fd = open(getenv("SENT_AT"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int len = snprintf(line, sizeof line, "%lld.%06ld %.*s\n", (long long)t.tv_sec,
                       t.tv_nsec / 1000, (int)strcspn(key, "\r"), key);
    if (fd >= 0 && len > 0)
        (void)!write(fd, line, (size_t)len);
    close(fd);
}

ssize_t send(int fd, const void *data, size_t n, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (n > 12 && memcmp(data, "POST /emails", 12) == 0)
        note(data, n);
    return real(fd, data, n, flags);
}
