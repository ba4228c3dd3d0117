/* The folder for what must outlive this process: STATE_DIRECTORY (as a service manager sets it),
 * else $XDG_STATE_HOME/postroom, else ~/.local/state/postroom, else /var/lib/postroom. Any thread
 * that does not change the environment. */
#ifndef POSTROOM_BASE_STATE_H
#define POSTROOM_BASE_STATE_H

#include "base/err.h"

#include <stddef.h>

/* Names it without touching it; false where the name does not fit. */
bool state_folder(char *dst, size_t size) MUST_CHECK;

/* Makes it, with its parents, for this user alone (0700). */
bool state_make(const char *folder, struct err *err) MUST_CHECK;

#endif
