/* Text from outside on its way to a terminal or a log: whatever it is, what comes out has the width
 * it was given and nothing that acts.
 *
 * A seed is two bytes (a width, a column) and the text. */
#include "ui/text.h"
#include "ui/canvas.h"

#include "fuzz/fuzz.h"

#include <locale.h>

#define COLS 120

static struct canvas canvas;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct err err;
    (void)argc;
    (void)argv;
    CHECK(setlocale(LC_CTYPE, "C.UTF-8"));
    canvas_init(&canvas, &glyphs_emoji);
    CHECK(canvas_resize(&canvas, 1, COLS, &err));
    return 0;
}

static bool is_harmless(const char *s, size_t n) {
    while (n > 0) {
        uint32_t cp;
        size_t len = str_utf8_next(s, n, &cp);
        if (len == 0 || str_is_hidden(cp))
            return false;
        s += len;
        n -= len;
    }
    return true;
}

static void check_sanitized(const char *text, size_t max) {
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    buf_puts(&out, "before ");
    str_sanitize(&out, text, max);
    CHECK(!out.failed && out.len <= 7 + max);
    CHECK(is_harmless(buf_text(&out), out.len));
    CHECK(str_starts(buf_text(&out), "before "));
    buf_free(&out);
}

static void check_line(const char *text) {
    char line[50], copy[50], clean[50], id[40];
    bool whole = str_copy_line(line, sizeof line, text);
    CHECK_TEXT(line);
    CHECK(str_is_clean(line) && (whole || strlen(line) > sizeof line - 6));
    if (str_copy(copy, sizeof copy, text))
        CHECK(str_eq(copy, text));
    CHECK(!str_is_utf8(text, strlen(text)) || str_is_utf8(copy, strlen(copy)));
    text_clean(clean, sizeof clean, text);
    CHECK_TEXT(clean);
    CHECK(is_harmless(clean, strlen(clean)));
    text_short_id(id, sizeof id, text, "…");
    CHECK_TEXT(id);
    CHECK(text_width(id) <= text_width(text) + 1);
}

/* Each row of cells is as wide as the screen, wide characters with their right halves. */
static void check_cells(void) {
    for (int col = 0; col < COLS; col++) {
        const struct cell *cell = canvas_at(&canvas, 0, col);
        char bytes[5];
        int width;
        if (cell->ch == 0) {
            CHECK(col > 0 && canvas_at(&canvas, 0, col - 1)->ch != 0);
            continue;
        }
        text_encode(bytes, cell->ch);
        CHECK(is_harmless(bytes, strlen(bytes)));
        const char *at = bytes;
        CHECK(text_next(&at, &width) == cell->ch);
        CHECK((width == 2) == (col + 1 < COLS && canvas_at(&canvas, 0, col + 1)->ch == 0));
    }
}

static void check_drawn(int col, int width, const char *text) {
    struct buf row;
    int used = canvas_text(&canvas, 0, col, width, LOOK_PLAIN, text);
    CHECK(used >= 0 && used <= width && (used == 0 || col + used < COLS));
    if (text_width(text) <= width && col + text_width(text) < COLS)
        CHECK(used == text_width(text));
    check_cells();
    buf_init(&row, 8192);
    canvas_row_text(&canvas, 0, &row);
    CHECK(!row.failed && is_harmless(buf_text(&row), row.len));
    CHECK(text_width(buf_text(&row)) <= COLS);
    buf_free(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    int width = seed_byte(&in), col = seed_byte(&in);
    char *text = seed_rest(&in);
    check_sanitized(text, (size_t)width);
    check_line(text);
    canvas_clear(&canvas);
    check_drawn(col % COLS, width, text);
    check_drawn((col + 1) % COLS, width, text); /* over halves of what stands there */
    canvas_right(&canvas, 0, col % (COLS + 1), LOOK_BOLD, text);
    check_cells();
    mem_free(text);
    return 0;
}
