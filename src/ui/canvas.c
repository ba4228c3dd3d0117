/* A screen in memory. */
#include "ui/canvas.h"

#include "base/mem.h"
#include "base/str.h"
#include "ui/text.h"

#include <stdarg.h>
#include <stdio.h>

void canvas_init(struct canvas *c, const struct glyphs *glyphs) {
    *c = (struct canvas){.glyphs = glyphs, .cursor_row = -1, .cursor_col = -1};
}

void canvas_done(struct canvas *c) {
    mem_free(c->cells);
    c->cells = NULL;
    c->rows = c->cols = 0;
}

static int clamp(int n, int max) {
    return n < 1 ? 1 : n > max ? max : n;
}

bool canvas_resize(struct canvas *c, int rows, int cols, struct err *err) {
    rows = clamp(rows, CANVAS_MAX_ROWS);
    cols = clamp(cols, CANVAS_MAX_COLS);
    if (c->cells == NULL || rows != c->rows || cols != c->cols) {
        struct cell *cells = mem_array((size_t)rows * (size_t)cols, sizeof *cells);
        if (cells == NULL)
            return err_nomem(err);
        mem_free(c->cells);
        c->cells = cells;
        c->rows = rows;
        c->cols = cols;
    }
    canvas_clear(c);
    return true;
}

void canvas_clear(struct canvas *c) {
    size_t n = (size_t)c->rows * (size_t)c->cols;
    for (size_t i = 0; i < n; i++)
        c->cells[i] = (struct cell){' ', LOOK_PLAIN};
    c->cursor_row = c->cursor_col = -1;
    c->cursor_shown = false;
}

struct cell *canvas_at(const struct canvas *c, int row, int col) {
    if (row < 0 || col < 0 || row >= c->rows || col >= c->cols)
        return NULL;
    return &c->cells[(size_t)row * (size_t)c->cols + (size_t)col];
}

/* Overwriting half of a wide character leaves no half behind. */
static void mend_neighbours(struct canvas *c, int row, int col) {
    struct cell *here = canvas_at(c, row, col), *next = canvas_at(c, row, col + 1);
    if (here->ch == 0 && col > 0)
        canvas_at(c, row, col - 1)->ch = ' ';
    if (here->ch != 0 && next != NULL && next->ch == 0)
        next->ch = ' ';
}

void canvas_put(struct canvas *c, int row, int col, uint32_t look, uint32_t ch) {
    struct cell *cell = canvas_at(c, row, col);
    if (cell == NULL)
        return;
    mend_neighbours(c, row, col);
    *cell = (struct cell){ch, look};
}

static void put_wide(struct canvas *c, int row, int col, uint32_t look, uint32_t ch, int width) {
    canvas_put(c, row, col, look, ch);
    if (width == 2) {
        mend_neighbours(c, row, col + 1);
        *canvas_at(c, row, col + 1) = (struct cell){0, look};
    }
}

int canvas_text(struct canvas *c, int row, int col, int width, uint32_t look, const char *text) {
    int room = c->cols - 1 - col;
    if (width < room)
        room = width;
    if (row < 0 || row >= c->rows || col < 0 || room <= 0)
        return 0;
    bool cut = text_width(text) > room;
    int used = 0, w;
    for (uint32_t ch; (ch = text_next(&text, &w)) != 0; used += w) {
        if (used + w > room - (cut ? 1 : 0))
            break;
        put_wide(c, row, col + used, look, ch, w);
    }
    if (cut) {
        const char *ellipsis = c->glyphs->ellipsis;
        canvas_put(c, row, col + used++, look, text_next(&ellipsis, &w));
    }
    return used;
}

void canvas_right(struct canvas *c, int row, int end, uint32_t look, const char *text) {
    int width = text_width(text);
    canvas_text(c, row, end - width > 0 ? end - width : 0, width, look, text);
}

int canvas_printf(struct canvas *c, int row, int col, uint32_t look, const char *fmt, ...) {
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return canvas_text(c, row, col, c->cols, look, text);
}

void canvas_rule(struct canvas *c, int row, int col, int cols, const char *title) {
    char text[256];
    for (int i = 0; i < cols; i++)
        canvas_put(c, row, col + i, LOOK_PLAIN, c->glyphs->horizontal);
    str_format(text, sizeof text, " %s ", title);
    canvas_text(c, row, col + 1, cols - 3, LOOK_PLAIN, text);
}

void canvas_rule_right(struct canvas *c, int row, int end, const char *text) {
    char padded[128];
    str_format(padded, sizeof padded, " %s ", text);
    canvas_right(c, row, end + 1, LOOK_PLAIN, padded);
}

void canvas_look(struct canvas *c, int row, int col, int n, uint32_t look) {
    for (struct cell *cell; n-- > 0 && (cell = canvas_at(c, row, col++)) != NULL;)
        cell->look |= look;
}

void canvas_row_text(const struct canvas *c, int row, struct buf *out) {
    size_t kept = out->len;
    char bytes[5];
    for (int col = 0; col < c->cols; col++) {
        uint32_t ch = canvas_at(c, row, col)->ch;
        if (ch == 0)
            continue;
        buf_add(out, bytes, text_encode(bytes, ch));
        if (ch != ' ')
            kept = out->len;
    }
    if (!out->failed) {
        out->len = kept;
        if (out->data != NULL)
            out->data[kept] = '\0';
    }
}
