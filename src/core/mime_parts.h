/* The parts of a mail: bodies and attachments. Pure; any thread. */
#ifndef POSTROOM_CORE_MIME_PARTS_H
#define POSTROOM_CORE_MIME_PARTS_H

#include "base/buf.h"
#include "base/json.h"
#include "core/message.h"

/* Appends the rest of the mail, from its Content-Type on. files: the column `attachments`, may be
 * NULL. mark: letters and digits, what makes this mail's boundaries its own. */
bool mime_parts(struct buf *out, const struct message *m, const struct json *files,
                const char *mark, struct err *err) MUST_CHECK;

#endif
