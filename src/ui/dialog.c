/* Questions before a change: the box, its keys. */
#include "ui/dialog.h"

#include "base/str.h"
#include "ui/input.h"
#include "ui/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOX_COLS 72
#define STATE_ROWS 4 /* the rows above stay visible where there is room */

void dialog_start(struct dialog *d, enum dialog_purpose purpose) {
    *d = (struct dialog){.purpose = purpose, .opened_us = DIALOG_NOT_SHOWN};
}

void dialog_line(struct dialog *d, bool keep, const char *fmt, ...) {
    if (d->line_count == DIALOG_LINES)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(d->lines[d->line_count].text, sizeof d->lines[0].text, fmt, args);
    va_end(args);
    d->lines[d->line_count++].keep = keep;
}

static enum dialog_end type_number(struct dialog *d, int32_t key) {
    size_t n = strlen(d->typed);
    int64_t typed;
    if (key >= '0' && key <= '9' && n + 1 < sizeof d->typed) {
        d->typed[n] = (char)key;
        d->typed[n + 1] = '\0';
        return DIALOG_STAYS;
    }
    if (key == K_BACKSPACE && n > 0) {
        d->typed[n - 1] = '\0';
        return DIALOG_STAYS;
    }
    if (key == K_ENTER && str_to_int64(d->typed, &typed) && typed == d->number)
        return DIALOG_YES;
    return DIALOG_NO;
}

enum dialog_end dialog_key(struct dialog *d, int32_t key, int64_t boot_us) {
    if (boot_us - d->opened_us < DIALOG_DEAF_US)
        return DIALOG_STAYS;
    d->picked = '\0';
    if (key > ' ' && key < 0x7f && strchr(d->choices, key) != NULL) {
        d->picked = (char)key;
        return DIALOG_YES;
    }
    return d->number > 0 ? type_number(d, key) : DIALOG_NO;
}

/* --- drawing --------------------------------------------------------------------------------- */

/* Which lines are shown in `room` rows: blank ones go first, then the last that need not stay. */
static int choose_lines(const struct dialog *d, int room, bool chosen[DIALOG_LINES]) {
    int n = d->line_count;
    for (int i = 0; i < n; i++)
        chosen[i] = true;
    int shown = n;
    for (int pass = 0; pass < 3; pass++)
        for (int i = n - 1; i >= 0 && shown > room; i--) {
            bool blank = d->lines[i].text[0] == '\0';
            if (chosen[i] && (pass == 0 ? blank : pass == 1 ? !d->lines[i].keep : true)) {
                chosen[i] = false;
                shown--;
            }
        }
    return shown;
}

static void draw_edge(struct canvas *c, struct rect box, int row, uint32_t left, uint32_t right) {
    for (int i = 1; i < box.cols - 1; i++)
        canvas_put(c, row, box.col + i, LOOK_PLAIN, c->glyphs->horizontal);
    canvas_put(c, row, box.col, LOOK_PLAIN, left);
    canvas_put(c, row, box.col + box.cols - 1, LOOK_PLAIN, right);
}

static void draw_frame(const struct dialog *d, struct canvas *c, struct rect box) {
    char title[200];
    for (int i = 1; i < box.rows - 1; i++) {
        for (int col = 0; col < box.cols; col++)
            canvas_put(c, box.row + i, box.col + col, LOOK_PLAIN, ' ');
        canvas_put(c, box.row + i, box.col, LOOK_PLAIN, c->glyphs->vertical);
        canvas_put(c, box.row + i, box.col + box.cols - 1, LOOK_PLAIN, c->glyphs->vertical);
    }
    draw_edge(c, box, box.row, c->glyphs->corners[0], c->glyphs->corners[1]);
    draw_edge(c, box, box.row + box.rows - 1, c->glyphs->corners[2], c->glyphs->corners[3]);
    str_format(title, sizeof title, " %s ", d->title);
    canvas_text(c, box.row, box.col + 1, box.cols - 3, LOOK_BOLD, title);
}

void dialog_draw(const struct dialog *d, struct canvas *c) {
    bool chosen[DIALOG_LINES];
    int asks = d->number > 0 ? 2 : 1;
    int after = d->after[0] != '\0' && c->rows >= d->line_count + asks + 3;
    int shown = choose_lines(d, c->rows - 2 - asks, chosen);
    struct rect box = {.rows = shown + asks + after + 2,
                       .cols = c->cols < BOX_COLS ? c->cols : BOX_COLS};
    box.row = (c->rows - box.rows) / 2;
    if (box.row < STATE_ROWS && c->rows - box.rows >= STATE_ROWS)
        box.row = STATE_ROWS;
    box.row = box.row < 0 ? 0 : box.row;
    box.col = (c->cols - box.cols) / 2;
    draw_frame(d, c, box);
    int row = box.row + 1, col = box.col + 3, room = box.cols - 6;
    for (int i = 0; i < d->line_count; i++)
        if (chosen[i])
            canvas_text(c, row++, col, room, LOOK_PLAIN, d->lines[i].text);
    const char *ask = text_width(d->ask) <= room ? d->ask : d->ask_short;
    canvas_text(c, row, col, room, LOOK_BOLD, ask);
    if (after)
        canvas_text(c, row + asks, col, room, LOOK_PLAIN, d->after);
    c->cursor_row = row;
    c->cursor_col = col;
    if (d->number > 0) {
        c->cursor_row = row + 1;
        c->cursor_col = col + canvas_printf(c, row + 1, col, LOOK_BOLD, "> %s", d->typed);
    }
    c->cursor_shown = d->number > 0;
}
