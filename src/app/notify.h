/* Telling the service manager: one datagram to NOTIFY_SOCKET, nothing where it is not set. */
#ifndef POSTROOM_APP_NOTIFY_H
#define POSTROOM_APP_NOTIFY_H

void notify_service(const char *state); /* "READY=1", "STOPPING=1" */

#endif
