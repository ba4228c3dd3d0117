/* Telling the service manager: one datagram to NOTIFY_SOCKET, nothing where it is not set. Any
 * thread. */
#ifndef POSTROOM_APP_NOTIFY_H
#define POSTROOM_APP_NOTIFY_H

#include <stdint.h>

void notify_service(const char *state); /* "READY=1", "STOPPING=1" */

/* How often the manager's watchdog (WATCHDOG_USEC) is to be fed, microseconds: three times as often
 * as it asks. 0: there is none, or it means another process. */
int64_t notify_watchdog_us(void);

/* "WATCHDOG=1" */
void notify_alive(void);

#endif
