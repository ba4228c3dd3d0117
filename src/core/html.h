/* The text of a mail's HTML, for people who read it in a terminal: blocks become lines, links are
 * numbered and listed at the end, entities are decoded; no images, styles or scripts. It is no
 * browser: what it does not know it reads as text. Pure; any thread. */
#ifndef POSTROOM_CORE_HTML_H
#define POSTROOM_CORE_HTML_H

#include "base/buf.h"

/* Appends the text of n bytes, lines ended by '\n', not wrapped. What comes out may hold anything
 * the mail held (controls too): whoever shows it cleans it. Linear in n; out's maximum bounds it.
 */
void html_text(struct buf *out, const char *html, size_t n);

#endif
