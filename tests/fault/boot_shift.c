/* Loaded before a worker by LD_PRELOAD: its boot clock is ahead of the kernel's by what the file
 * $BOOT_SHIFT holds just now (8 bytes, microseconds), as if the machine had been suspended for so
 * long. Timers on that clock follow: where the file changes they are set anew, as the kernel does
 * when a machine wakes. All other clocks, and how long a poll waits, know nothing of it, as with a
 * real suspend. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t none;
static _Atomic int64_t *shift_us = &none;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int timer = -1;      /* the process has one on the boot clock */
static int64_t timer_at_us; /* when it is to fire, by the shifted clock; 0: it is not set */

static int64_t boot_us(void) {
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + atomic_load(shift_us);
}

int clock_gettime(clockid_t id, struct timespec *t) {
    if (id != CLOCK_BOOTTIME)
        return (int)syscall(SYS_clock_gettime, id, t);
    int64_t us = boot_us();
    t->tv_sec = (time_t)(us / 1000000);
    t->tv_nsec = (long)(us % 1000000) * 1000;
    return 0;
}

int timerfd_create(int clock, int flags) {
    int fd = (int)syscall(SYS_timerfd_create, clock, flags);
    if (clock == CLOCK_BOOTTIME)
        timer = fd;
    return fd;
}

static int set(int fd, int flags, const struct itimerspec *when, struct itimerspec *old) {
    return (int)syscall(SYS_timerfd_settime, fd, flags, when, old);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *old) {
    pthread_mutex_lock(&lock);
    int64_t in_us = (int64_t)when->it_value.tv_sec * 1000000 + when->it_value.tv_nsec / 1000;
    if (fd == timer)
        timer_at_us = in_us > 0 ? boot_us() + in_us : 0;
    int code = set(fd, flags, when, old);
    pthread_mutex_unlock(&lock);
    return code;
}

static void set_anew(void) {
    pthread_mutex_lock(&lock);
    if (timer_at_us > 0) {
        int64_t in_us = timer_at_us - boot_us();
        if (in_us < 1)
            in_us = 1;
        set(timer, 0, &(struct itimerspec){.it_value = {in_us / 1000000, in_us % 1000000 * 1000}},
            NULL);
    }
    pthread_mutex_unlock(&lock);
}

static void *follow(void *arg) {
    for (int64_t seen = atomic_load(shift_us);;) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        if (atomic_load(shift_us) == seen)
            continue;
        seen = atomic_load(shift_us);
        set_anew();
    }
    return arg;
}

__attribute__((constructor)) static void begin(void) {
    sigset_t all, before;
    pthread_t thread;
    const char *path = getenv("BOOT_SHIFT");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift_us, PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return;
    close(fd);
    shift_us = page;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_create(&thread, NULL, follow, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
