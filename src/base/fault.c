/* Fault points: see fault.h. Empty in a release. */
#include "base/fault.h"

#ifdef POSTROOM_FAULTS

#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    char point[16];
    int64_t pass;
    bool after; /* and at each one after it */
    int sig;    /* 0: a file is waited for */
    char file[200];
} armed;
static _Atomic int64_t passed;

static void arm(void) {
    char text[256], *rest = text;
    const char *env = getenv("POSTROOM_FAULT");
    if (!env || !str_copy(text, sizeof text, env))
        return;
    const char *point = strsep(&rest, ":");
    char *pass = strsep(&rest, ":");
    size_t n = pass ? strlen(pass) : 0;
    armed.after = n > 0 && pass[n - 1] == '+';
    if (armed.after)
        pass[n - 1] = 0;
    if (!str_to_int64(pass, &armed.pass) || armed.pass < 1)
        return;
    armed.sig = str_eq(rest, "stop") ? SIGSTOP : str_eq(rest, "abort") ? SIGABRT : SIGKILL;
    if (rest && rest[0] == '/' && str_copy(armed.file, sizeof armed.file, rest))
        armed.sig = 0;
    str_copy(armed.point, sizeof armed.point, point);
}

/* That it is here is told by the file that it takes away. */
static void wait_for_file(void) {
    unlink(armed.file);
    while (access(armed.file, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

void fault_point(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, arm);
    if (strcmp(armed.point, name) != 0)
        return;
    int64_t pass = atomic_fetch_add(&passed, 1) + 1;
    if (pass < armed.pass || (pass > armed.pass && !armed.after))
        return;
    if (armed.sig != 0)
        raise(armed.sig); /* to this thread: it must not run on until another has heard of it */
    else
        wait_for_file();
}

#endif
