/* Bytes as base64 (RFC 4648, padded). Pure; any thread. */
#ifndef POSTROOM_BASE_BASE64_H
#define POSTROOM_BASE_BASE64_H

#include "base/buf.h"

/* How many characters n bytes become. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* On one line, however long. */
void base64_add(struct buf *out, const void *data, size_t n);

/* Appends the bytes that n characters stand for; false where they are not base64. The padding may
 * be left out; nothing else may stand between. Also false where out has no room. */
bool base64_decode(struct buf *out, const char *text, size_t n) MUST_CHECK;

#endif
