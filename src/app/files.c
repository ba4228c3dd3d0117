/* See files.h. */
#include "app/files.h"

#include "base/log.h"

#include <sys/resource.h>

#define OURS 24 /* database, wake-ups, timers, signals, log, a moment's file: 15 seen, and some */
#define PER_REQUEST 3 /* two sockets where IPv4 and IPv6 are tried at once, and the resolver's */

int files_fit(int concurrency) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return concurrency;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
        return concurrency;
    rlim_t wanted = OURS + (rlim_t)concurrency * PER_REQUEST;
    if (files.rlim_cur >= wanted)
        return concurrency;
    int fits =
        files.rlim_cur > OURS + PER_REQUEST ? (int)((files.rlim_cur - OURS) / PER_REQUEST) : 1;
    log_event(
        LOG_WARN, "few_files",
        "only %llu files may be open (ulimit -n, LimitNOFILE=): concurrency is %d instead of %d",
        (unsigned long long)files.rlim_cur, fits, concurrency);
    return fits;
}
