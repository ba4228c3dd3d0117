/* Why mail fails: one row per error, the most urgent first, with the cursor `r` and Enter use. */
#include "ui/pane.h"

#include "base/str.h"
#include "core/figures.h"

#define WIDE 120  /* with the code and the retrying ones */
#define NARROW 70 /* below: count and rate only */

/* Where columns end, counted from the right edge, so that only the text grows. */
struct columns {
    int text, code, count, retrying, rate, last, first; /* 0: not shown */
};

static struct columns columns_for(int cols) {
    if (cols >= WIDE)
        return (struct columns){cols - 88, cols - 84, cols - 44, cols - 34,
                                cols - 26, cols - 17, cols - 7};
    if (cols >= NARROW)
        return (struct columns){.text = cols - 36,
                                .count = cols - 26,
                                .rate = cols - 19,
                                .last = cols - 11,
                                .first = cols - 2};
    return (struct columns){.text = cols - 18, .count = cols - 9, .rate = cols - 2};
}

static void draw_title(const struct scene *scene, struct canvas *c, struct rect area,
                       struct columns at) {
    int n = scene->errors->error_count, shown = area.rows - 1;
    const char *lead = area.cols < NARROW ? "" : "Why it fails: ";
    char title[64];
    str_format(title, sizeof title, "%s%d error%s", lead, n, n == 1 ? "" : "s");
    if (scene->errors->published_at_us < 0)
        str_format(title, sizeof title, "%s?", lead);
    else if (n == 0)
        str_format(title, sizeof title, "%snothing failed", lead);
    else if (n > shown)
        str_format(title, sizeof title, "%s%d error%s, %d shown", lead, n, n == 1 ? "" : "s",
                   shown);
    canvas_rule(c, area.row, 0, area.cols, title);
    if (at.code > 0)
        canvas_text(c, area.row, at.code, 6, LOOK_PLAIN, " code ");
    canvas_rule_right(c, area.row, at.count, "count");
    if (at.retrying > 0)
        canvas_rule_right(c, area.row, at.retrying, "retrying");
    canvas_rule_right(c, area.row, at.rate, "/min");
    if (at.last > 0)
        canvas_rule_right(c, area.row, at.last, "last");
    if (at.first > 0)
        canvas_rule_right(c, area.row, at.first, "first");
}

static void draw_error(const struct scene *scene, struct canvas *c, int row, struct columns at,
                       const struct snap_error *e) {
    int64_t now = scene->lists.now_us;
    canvas_text(c, row, 2, at.text, LOOK_PLAIN, e->text);
    if (at.code > 0)
        canvas_text(c, row, at.code, at.count - 10 - at.code, LOOK_PLAIN, e->code);
    canvas_right(c, row, at.count, LOOK_PLAIN, figure_count_capped(e->n, e->capped).text);
    if (at.retrying > 0)
        canvas_right(c, row, at.retrying, LOOK_PLAIN, figure_count(e->retrying).text);
    canvas_right(c, row, at.rate, LOOK_PLAIN,
                 figure_change(e->per_min < 0 ? SNAP_NO_RATE : e->per_min).text);
    if (at.last > 0)
        canvas_right(c, row, at.last, LOOK_PLAIN,
                     e->last_at_us < 0 ? "?" : figure_age(now - e->last_at_us).text);
    if (at.first > 0)
        canvas_right(c, row, at.first, LOOK_PLAIN, figure_when(e->first_at_us, now).text);
}

/* The list scrolls just far enough to show the cursor. */
static int first_shown(const struct scene *scene, int shown) {
    const struct snap_error *at = scene_error(scene);
    int index = at == NULL ? 0 : (int)(at - scene->errors->errors);
    return index < shown ? 0 : index - shown + 1;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->errors;
    struct columns at = columns_for(area.cols);
    int shown = area.rows - 1, top = first_shown(scene, shown);
    draw_title(scene, c, area, at);
    for (int i = top; i < s->error_count && i < top + shown; i++) {
        int row = area.row + 1 + i - top;
        draw_error(scene, c, row, at, &s->errors[i]);
        if (&s->errors[i] != scene_error(scene))
            continue;
        canvas_put(c, row, 0, LOOK_PLAIN, '>');
        if (scene->places.focus == FOCUS_ERRORS) {
            canvas_look(c, row, 0, area.cols - 1, LOOK_REVERSE);
            c->cursor_row = row;
            c->cursor_col = 0;
        }
    }
}

const struct pane pane_errors = {"errors", draw};
