/* Text for the screen: decode, clean, measure. The one door between words from outside (subjects,
 * addresses, errors, names) and cells. Needs LC_CTYPE set; pure otherwise. Any thread. */
#ifndef POSTROOM_UI_TEXT_H
#define POSTROOM_UI_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The next character of *s (moved past it), made harmless: broken UTF-8, control, bidi,
 * zero-width, combining, private, unassigned and flag characters come as '?', each. *width is 1
 * or 2 columns. 0 at the end. */
uint32_t text_next(const char **s, int *width);

/* Columns the cleaned text takes. */
int text_width(const char *s);

/* Writes ch as UTF-8 (NUL-terminated); returns its length. */
size_t text_encode(char dst[5], uint32_t ch);

/* The cleaned text, cut to `size`: for terminal titles and plain output. */
void text_clean(char *dst, size_t size, const char *s);

/* How an id is shown: whole, or first 4, ellipsis, last 4 where it has more than 12 columns. */
void text_short_id(char *dst, size_t size, const char *id, const char *ellipsis);

#endif
