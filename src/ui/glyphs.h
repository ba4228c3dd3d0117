/* Which signs this terminal gets: emoji, lines without emoji, or ASCII. Chosen once. */
#ifndef POSTROOM_UI_GLYPHS_H
#define POSTROOM_UI_GLYPHS_H

#include <stdint.h>

struct glyphs {
    const char *name;
    const char *ok, *fail; /* what opens an event's text, with its blanks: "✅ ", "FAIL " */
    const char *ellipsis;  /* one column */
    uint32_t horizontal, vertical, tee_down;
    uint32_t corners[4]; /* upper left, upper right, lower left, lower right */
    const char *bars[8]; /* graphs, from nothing to full */
};

extern const struct glyphs glyphs_emoji, glyphs_unicode, glyphs_ascii;

/* POSTROOM_GLYPHS wins; else by the locale's character set and TERM. */
const struct glyphs *glyphs_choose(void);

#endif
