/* Bodies as lines that any mail server carries unchanged: 7bit, quoted-printable, base64 (RFC
 * 2045). What is written ends with CRLF, has at most 998 bytes between two of them, and no other CR
 * or LF. Failure is the buffer's. Pure; any thread. */
#ifndef POSTROOM_CORE_MIME_ENCODE_H
#define POSTROOM_CORE_MIME_ENCODE_H

#include "base/buf.h"

/* Every boundary begins so, and no encoded body has a line that begins with "--" and this:
 * quoted-printable writes "=3D", base64 knows no '_', and a text with such a line is not 7bit. */
#define MIME_BOUNDARY "=_"

#define MIME_LINE_MAX 998 /* bytes of a line without its CRLF (RFC 5322) */

enum mime_encoding {
    MIME_7BIT,
    MIME_QUOTED_PRINTABLE,
    MIME_BASE64,
};

const char *mime_encoding_name(enum mime_encoding e);

/* Appends the text with CRLF for every line break (CRLF, CR or LF), the last line ended too. */
void mime_normalise(struct buf *out, const char *text);

/* The plainest encoding in which a normalised text arrives byte for byte. */
enum mime_encoding mime_encoding_of(const char *text, size_t n);

/* Appends a normalised text, encoded. */
void mime_encode(struct buf *out, enum mime_encoding e, const char *text, size_t n);

/* Appends base64 text again, in lines of 76; its own line breaks are dropped. False, and
 * something may have been written: it is not padded base64. */
bool mime_rewrap(struct buf *out, const char *base64) MUST_CHECK;

#endif
