/* A wake-up between threads: an eventfd. Wakes coalesce: after waking, empty the whole queue. */
#ifndef POSTROOM_BASE_WAKE_H
#define POSTROOM_BASE_WAKE_H

#include "base/err.h"

struct wake {
    int fd; /* poll for POLLIN; -1 when closed */
};

bool wake_open(struct wake *w, struct err *err) MUST_CHECK;
void wake_close(struct wake *w);
void wake_up(const struct wake *w);    /* any thread, also from a signal handler */
void wake_clear(const struct wake *w); /* the waiting thread */

#endif
