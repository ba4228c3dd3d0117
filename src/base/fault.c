/* Fault points: see fault.h. Empty in a release. */
#include "base/fault.h"

#ifdef POSTROOM_FAULTS

#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char point[16];
    int64_t pass;
    int sig;
} armed;
static _Atomic int64_t passed;

static void arm(void) {
    char text[64], *rest = text;
    const char *env = getenv("POSTROOM_FAULT");
    if (!env || !str_copy(text, sizeof text, env))
        return;
    const char *point = strsep(&rest, ":");
    const char *pass = strsep(&rest, ":");
    if (!str_to_int64(pass, &armed.pass) || armed.pass < 1)
        return;
    armed.sig = str_eq(rest, "stop") ? SIGSTOP : str_eq(rest, "abort") ? SIGABRT : SIGKILL;
    str_copy(armed.point, sizeof armed.point, point);
}

void fault_point(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, arm);
    if (strcmp(armed.point, name) == 0 && atomic_fetch_add(&passed, 1) + 1 == armed.pass)
        raise(armed.sig); /* to this thread: it must not run on until another has heard of it */
}

#endif
