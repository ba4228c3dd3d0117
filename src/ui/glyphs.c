/* Which signs this terminal gets. */
#include "ui/glyphs.h"

#include "base/str.h"

#include <langinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define LINES_BOX                                                                                  \
    .horizontal = 0x2500, .vertical = 0x2502, .tee_down = 0x252c,                                  \
    .corners = {0x250c, 0x2510, 0x2514, 0x2518}
#define BARS_BLOCK .bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
#define WORDS .ok = "ok   ", .fail = "FAIL "

const struct glyphs glyphs_emoji = {
    .name = "emoji",
    .ok = "✅ ",
    .fail = "❌ ",
    .ellipsis = "…",
    LINES_BOX,
    BARS_BLOCK,
};

const struct glyphs glyphs_unicode = {
    .name = "unicode",
    WORDS,
    .ellipsis = "…",
    LINES_BOX,
    BARS_BLOCK,
};

const struct glyphs glyphs_ascii = {
    .name = "ascii",
    WORDS,
    .ellipsis = "~",
    .horizontal = '-',
    .vertical = '|',
    .tee_down = '+',
    .corners = {'+', '+', '+', '+'},
    .bars = {"_", ".", ":", "-", "=", "+", "*", "#"},
};

const struct glyphs *glyphs_choose(void) {
    static const struct glyphs *const all[] = {&glyphs_emoji, &glyphs_unicode, &glyphs_ascii};
    const char *wanted = getenv("POSTROOM_GLYPHS"), *term = getenv("TERM");
    bool utf8 = str_eq(nl_langinfo(CODESET), "UTF-8");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq(all[i]->name, wanted) && (utf8 || all[i] == &glyphs_ascii))
            return all[i];
    if (!utf8 || term == NULL || str_starts(term, "vt"))
        return &glyphs_ascii;
    return str_eq(term, "linux") ? &glyphs_unicode : &glyphs_emoji;
}
