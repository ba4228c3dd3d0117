/* Whole small files: configuration, secrets, bodies and attachments. Any thread. */
#ifndef POSTROOM_BASE_FILE_H
#define POSTROOM_BASE_FILE_H

#include "base/buf.h"

/* Appends the file's bytes to *out, whose max caps them; "-" is standard input. *mode (may be
 * NULL): its permission bits, 0 where it is no regular file. ERR_IO names the file and why. */
bool file_read(const char *path, struct buf *out, unsigned *mode, struct err *err) MUST_CHECK;

#endif
