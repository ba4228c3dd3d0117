/* The last minutes, one column each: sent, failed, waiting. */
#include "ui/pane.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#define MINUTE_US (60 * USEC_PER_SEC)
#define FIRST_CELL 3 /* from the separator */

static int64_t most(const int64_t *series) {
    int64_t max = 0;
    for (int i = 0; i < SNAP_MINUTES; i++)
        if (series[i] > max)
            max = series[i];
    return max;
}

/* 0: nothing; else 1 .. 7, so that even one of a thousand can be seen. */
static int level(int64_t n, int64_t max) {
    if (n <= 0 || max <= 0)
        return 0;
    int l = (int)((double)n / (double)max * 7 + 0.5);
    return l < 1 ? 1 : l;
}

static void draw_series(struct canvas *c, int row, int col, const char *label,
                        const int64_t *series, int from) {
    int64_t max = most(series);
    canvas_printf(c, row, col + 2, LOOK_PLAIN, "%s, 0 to %s", label, figure_count(max).text);
    for (int i = from; i < SNAP_MINUTES; i++)
        if (series[i] >= 0)
            canvas_text(c, row + 1, col + FIRST_CELL + i - from, 1, LOOK_PLAIN,
                        c->glyphs->bars[level(series[i], max)]);
}

/* Times and marks below the columns they belong to, where they do not run into each other. */
static void draw_axis(const struct snapshot *s, struct canvas *c, int row, int col, int from) {
    struct figure first = figure_clock(s->minutes_first_us + from * MINUTE_US);
    int end = canvas_text(c, row, col, 5, LOOK_PLAIN, first.text);
    for (int i = 0; i < s->mark_count; i++) {
        int at = (int)((s->marks[i].at_us - s->minutes_first_us) / MINUTE_US) - from;
        int room = SNAP_MINUTES - from - at;
        if (at < end + 1 || room < 1)
            continue;
        int width = text_width(s->marks[i].text);
        end = at + canvas_text(c, row, col + at, width, LOOK_PLAIN, s->marks[i].text);
    }
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->lists.s;
    int minutes = area.cols - 1 - FIRST_CELL;
    if (minutes > SNAP_MINUTES)
        minutes = SNAP_MINUTES;
    int from = SNAP_MINUTES - minutes;
    char title[64];
    str_format(title, sizeof title, "Last %d minutes, one column each", minutes);
    canvas_rule(c, area.row, area.col + 1, area.cols - 1, title);
    canvas_put(c, area.row, area.col, LOOK_PLAIN, c->glyphs->tee_down);
    for (int i = 1; i < area.rows; i++)
        canvas_put(c, area.row + i, area.col, LOOK_PLAIN, c->glyphs->vertical);
    if (s->minutes_first_us < 0)
        return;
    draw_series(c, area.row + 1, area.col, "sent a minute", s->minute_sent, from);
    draw_series(c, area.row + 3, area.col, "failed a minute", s->minute_failed, from);
    draw_series(c, area.row + 5, area.col, "waiting", s->minute_waiting, from);
    draw_axis(s, c, area.row + 7, area.col + FIRST_CELL, from);
}

const struct pane pane_graphs = {"graphs", draw};
