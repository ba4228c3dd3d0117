/* Bounded strings: copy, format, trim, and the checks and cleanings text from outside needs.
 * Nothing here allocates but what takes a struct buf. Any thread. */
#ifndef POSTROOM_BASE_STR_H
#define POSTROOM_BASE_STR_H

#include "base/buf.h"

#include <stdint.h>

/* Always terminates dst; cuts at a UTF-8 character's border. Returns false where it had to cut. */
bool str_copy(char *dst, size_t size, const char *src);
bool str_format(char *dst, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_is_blank(const char *s);          /* NULL, "" or only white space */
bool str_starts(const char *s, const char *prefix);

/* Trims white space in place; returns the first non-blank byte inside s. */
char *str_trim(char *s);

/* Whole-string numbers: false on anything but a number in range. */
bool str_to_int64(const char *s, int64_t *out);
bool str_to_double(const char *s, double *out);

/* "30s", "5m", "1h", "2d", "250ms", plain seconds "30" -> milliseconds. */
bool str_to_duration_ms(const char *s, int64_t *out);

bool str_is_utf8(const char *s, size_t n);

/* May this text stand in a mail or HTTP header? No byte < 0x20, no 0x7f, valid UTF-8, no C1. */
bool str_is_clean(const char *s);

/* Text from outside, made harmless for a terminal or a log: broken UTF-8, C0, DEL, C1, bidi and
 * zero-width characters become \xNN (each byte), everything else stays. At most max_bytes of
 * output, cut with "…". */
void str_sanitize(struct buf *out, const char *s, size_t max_bytes);

/* "…1234": how a secret may be shown; "…" where it is shorter than 12 bytes. */
void str_redact(char *dst, size_t size, const char *secret);

#endif
