/* Bounded commands to one thread: refuses when full, so nothing is lost silently.
 * Any thread may put; the owner takes. */
#ifndef POSTROOM_CORE_MAILBOX_H
#define POSTROOM_CORE_MAILBOX_H

#include "base/wake.h"
#include "core/command.h"

#include <stddef.h>

struct mailbox;

struct mailbox *mailbox_new(size_t capacity, struct err *err);
void mailbox_free(struct mailbox *m);
bool mailbox_put(struct mailbox *m, const struct command *c); /* false: full */
bool mailbox_take(struct mailbox *m, struct command *out);    /* false: empty */
void mailbox_nudge(struct mailbox *m);      /* wakes the owner without a command */
int mailbox_fd(const struct mailbox *m);    /* poll for POLLIN */
void mailbox_clear_wake(struct mailbox *m); /* before emptying it */

#endif
