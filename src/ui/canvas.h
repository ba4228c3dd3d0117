/* A screen in memory: rows of cells with attributes. Panes draw here, without a terminal, so that
 * tests can compare whole screens; term.c shows what changed. One thread. */
#ifndef POSTROOM_UI_CANVAS_H
#define POSTROOM_UI_CANVAS_H

#include "base/buf.h"
#include "ui/glyphs.h"

#include <stdint.h>

#define CANVAS_MAX_ROWS 500
#define CANVAS_MAX_COLS 1000

enum {
    LOOK_PLAIN = 0,
    LOOK_BOLD = 1,
    LOOK_REVERSE = 2,
    LOOK_RED = 4,
    LOOK_YELLOW = 8
};

struct cell {
    uint32_t ch; /* 0: the right half of a wide character */
    uint32_t look;
};

struct canvas {
    int rows, cols;
    struct cell *cells; /* owned */
    const struct glyphs *glyphs;
    int cursor_row, cursor_col; /* where the hidden hardware cursor stands; -1: nowhere */
    bool cursor_shown;          /* an input line is open */
};

void canvas_init(struct canvas *c, const struct glyphs *glyphs);
void canvas_done(struct canvas *c);

/* Empties it and makes it rows x cols (clamped to 1 .. the maxima). */
bool canvas_resize(struct canvas *c, int rows, int cols, struct err *err) MUST_CHECK;
void canvas_clear(struct canvas *c);

/* Cleans text, cuts it with an ellipsis to `width` columns and to the screen without its last
 * column, writes it; what lies outside is ignored. Returns the columns used. */
int canvas_text(struct canvas *c, int row, int col, int width, uint32_t look, const char *text);

/* The same, its last column at `end` (exclusive). */
void canvas_right(struct canvas *c, int row, int end, uint32_t look, const char *text);

int canvas_printf(struct canvas *c, int row, int col, uint32_t look, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* Box drawing may use the last column: these write one cell as it is. */
void canvas_put(struct canvas *c, int row, int col, uint32_t look, uint32_t ch);

/* A rule over `cols` columns from col on, with " title " set into it at its second one. */
void canvas_rule(struct canvas *c, int row, int col, int cols, const char *title);

/* " text " set into a rule, its last letter just before `end`. */
void canvas_rule_right(struct canvas *c, int row, int end, const char *text);

/* Changes the look of n cells from col on. */
void canvas_look(struct canvas *c, int row, int col, int n, uint32_t look);

struct cell *canvas_at(const struct canvas *c, int row, int col); /* NULL outside */

/* One row as UTF-8 without trailing blanks: for tests. */
void canvas_row_text(const struct canvas *c, int row, struct buf *out);

#endif
