/* An attachment as a part of a mail. Pure; any thread. */
#ifndef POSTROOM_CORE_MIME_FILE_H
#define POSTROOM_CORE_MIME_FILE_H

#include "base/buf.h"
#include "base/json.h"

/* Appends its headers and its content in base64. file: an element of the column `attachments`.
 * inlined: it is shown within the html. */
bool mime_file(struct buf *out, const struct json *file, bool inlined, struct err *err) MUST_CHECK;

#endif
