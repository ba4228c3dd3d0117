/* `postroom demo`: a private PostgreSQL, a sandbox and sample mail, worked off by `postroom run` in
 * this terminal, or headless with a summary; nothing is left behind.
 *
 * Main thread, single-threaded process: it forks. It blocks the signals it waits for and unblocks
 * them before it returns. */
#ifndef POSTROOM_DEMO_DEMO_H
#define POSTROOM_DEMO_DEMO_H

#include "base/err.h"

#define DEMO_MAIL 300
#define DEMO_MAX_MAIL 10000 /* what the sandbox keeps, so that the summary can compare all */

struct demo_options {
    bool headless; /* even with a terminal */
    int count;     /* messages to load */
};

/* True: the dashboard was left, or (headless) everything was sent and the accounts agree. */
bool demo_run(const struct demo_options *o, struct err *err) MUST_CHECK;

#endif
