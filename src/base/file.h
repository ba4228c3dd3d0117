/* Whole small files: configuration, secrets, bodies, attachments, kept outcomes. Any thread. */
#ifndef POSTROOM_BASE_FILE_H
#define POSTROOM_BASE_FILE_H

#include "base/buf.h"

/* Appends the file's bytes to *out, whose max caps them; "-" is standard input. *mode (may be
 * NULL): its permission bits, 0 where it is no regular file. ERR_IO names the file and why. */
bool file_read(const char *path, struct buf *out, unsigned *mode, struct err *err) MUST_CHECK;

/* Replaces the file by these bytes, readable by this user alone (0600) and on disk when it returns:
 * after a crash there is what was there before, or the whole new one. */
bool file_write(const char *path, const struct buf *bytes, struct err *err) MUST_CHECK;

#endif
