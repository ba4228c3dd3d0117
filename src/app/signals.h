/* Signals: blocked in every thread but main, whose handlers only count and raise one wake-up.
 *
 * SIGINT and SIGTERM ask to leave, the second time at once (who waits on the wake-up sees to it);
 * the handlers are gone by then, so that a third kills even a stuck process. SIGHUP asks to leave.
 * Crashes restore the terminal first. One user per process. */
#ifndef POSTROOM_APP_SIGNALS_H
#define POSTROOM_APP_SIGNALS_H

#include "base/wake.h"

/* Blocks them in this thread, so that threads started from here on never get one, and installs the
 * handlers. */
bool signals_install(struct err *err) MUST_CHECK;
void signals_remove(void); /* handlers and mask as at the start of a process */

void signals_let_in(void); /* main, when all threads run */

/* Raised by every signal; others may raise it too, to wake who waits for signals. */
const struct wake *signals_wake(void);

int signals_asked(void);    /* SIGINT and SIGTERM so far */
bool signals_hung_up(void); /* SIGHUP came */

#endif
