/* The queue by what its messages wait for: how many, how that changes, how old or how soon. */
#include "ui/pane.h"

#include "core/figures.h"
#include "ui/text.h"

#define LOOK_COLS 45 /* of the cursor */
#define NOW_END 23
#define RATE_END 32
#define AGE_END 43

static const struct line {
    int which;
    const char *label;
    bool needs_somebody; /* "!" above 0 */
    bool due;            /* counts towards `at`, not from it */
    bool no_rate;
} lines[] = {
    {QUEUE_PENDING, "pending", false, false, false},
    {QUEUE_SCHEDULED, "scheduled", false, true, false},
    {QUEUE_PROCESSING, "processing", false, false, true},
    {QUEUE_RETRYING, "retrying", false, true, false},
    {QUEUE_FAILED, "failed", true, false, false},
    {QUEUE_UNCERTAIN, "uncertain", true, false, false},
    {QUEUE_SENT_TODAY, "sent today", false, false, false},
    {QUEUE_CANCELLED, "cancelled", false, false, false},
};

static void draw_line(const struct scene *scene, struct canvas *c, int row, const struct line *l) {
    const struct snap_queue_row *q = &scene->lists.s->queue[l->which];
    int64_t now = scene->lists.now_us;
    if (l->needs_somebody && q->n > 0)
        canvas_text(c, row, 0, 1, LOOK_BOLD, "!");
    canvas_text(c, row, 2, 12, LOOK_PLAIN, l->label);
    canvas_right(c, row, NOW_END, LOOK_PLAIN, figure_count_capped(q->n, q->capped).text);
    if (scene->places.focus == FOCUS_QUEUE && &lines[scene->places.queue_row] == l) {
        canvas_look(c, row, 0, LOOK_COLS, LOOK_REVERSE);
        c->cursor_row = row;
        c->cursor_col = 0;
    }
    if (!l->no_rate || q->per_min != SNAP_NO_RATE)
        canvas_right(c, row, RATE_END, LOOK_PLAIN, figure_change(q->per_min).text);
    if (q->at_us < 0)
        return; /* nothing there to have an age */
    struct figure age = figure_age(l->due ? q->at_us - now : now - q->at_us);
    canvas_right(c, row, AGE_END, LOOK_PLAIN, age.text);
    if (l->due)
        canvas_right(c, row, AGE_END - text_width(age.text) - 1, LOOK_PLAIN, "in");
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    canvas_rule(c, area.row, area.col, area.cols, "Queue");
    canvas_rule_right(c, area.row, NOW_END, "now");
    canvas_rule_right(c, area.row, RATE_END, "/min");
    canvas_rule_right(c, area.row, AGE_END, "age/due");
    for (int i = 0; i < area.rows - 1 && i < (int)(sizeof lines / sizeof *lines); i++)
        draw_line(scene, c, area.row + 1 + i, &lines[i]);
}

const struct pane pane_queue = {"queue", draw};
