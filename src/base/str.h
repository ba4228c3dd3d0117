/* Bounded strings: copy, format, trim, and the checks and cleanings text from outside needs.
 * Nothing here allocates but what takes a struct buf. Any thread. */
#ifndef POSTROOM_BASE_STR_H
#define POSTROOM_BASE_STR_H

#include "base/buf.h"

#include <stdint.h>

/* Always terminates dst; cuts at a UTF-8 character's border. Returns false where it had to cut. */
bool str_copy(char *dst, size_t size, const char *src);
bool str_format(char *dst, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As str_copy, and what arrives is one line of valid UTF-8: control characters become a blank,
 * broken bytes '?'. For texts from outside that go to the database or into an error. */
bool str_copy_line(char *dst, size_t size, const char *src);

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

/* The character at s: its code point and how many of the n bytes it has; 0 where it is broken. */
size_t str_utf8_next(const char *s, size_t n, uint32_t *cp);

/* Characters that act without showing: controls, bidi, zero width, line separators, tags. */
bool str_is_hidden(uint32_t cp);

/* May this text stand in a mail or HTTP header? No byte < 0x20, no 0x7f, valid UTF-8, no C1.
 * NULL is not clean. */
bool str_is_clean(const char *s);

/* Text from outside, made harmless for a terminal or a log: broken UTF-8, C0, DEL, C1, bidi and
 * zero-width characters become \xNN (each byte), everything else stays. At most max_bytes of
 * output, cut with "…". */
void str_sanitize(struct buf *out, const char *s, size_t max_bytes);

/* "…1234": how a secret may be shown; "…" where it is shorter than 12 bytes. */
void str_redact(char *dst, size_t size, const char *secret);

#endif
