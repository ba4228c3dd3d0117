/* Every lane in one row: open or parked, its rate, how full its requests are, today's mail. */
#include "ui/pane.h"

#include "base/str.h"
#include "core/figures.h"

#include <string.h>

#define NAME_COL 2
#define STATE_COL 12
#define RATE_END 50
#define FILL_END 63
#define TODAY_END 78

static void state_text(const struct picture *p, const struct snap_lane *l, char *dst, size_t size) {
    if (!l->parked)
        str_copy(dst, size, "open");
    else if (l->until_us >= 0)
        str_format(dst, size, "parked to %s, %s", figure_when(l->until_us, p->now_us).text,
                   l->text[0] != '\0' ? l->text : l->reason);
    else
        str_format(dst, size, "parked, %s", l->text[0] != '\0' ? l->text : l->reason);
}

static void share(char *dst, size_t size, double part, double whole, struct figure limit) {
    str_copy(dst, size, "");
    if (part >= 0 && whole > 0)
        str_format(dst, size, "%s of %s", part > 0 ? figure_rate(part).text : "0", limit.text);
    else if (part >= 0)
        str_format(dst, size, "%s", figure_rate(part).text);
}

static void draw_lane(const struct picture *p, struct canvas *c, int row,
                      const struct snap_lane *l) {
    char text[160];
    state_text(p, l, text, sizeof text);
    canvas_text(c, row, NAME_COL, STATE_COL - NAME_COL - 1, LOOK_PLAIN, l->name);
    canvas_text(c, row, STATE_COL, RATE_END - 13 - STATE_COL, LOOK_PLAIN, text);
    share(text, sizeof text, l->rate_used, l->rate_allowed, figure_rate(l->rate_allowed));
    canvas_right(c, row, RATE_END, LOOK_PLAIN, text);
    share(text, sizeof text, l->per_request, l->per_request_max,
          figure_count((int64_t)l->per_request_max));
    canvas_right(c, row, FILL_END, LOOK_PLAIN, text);
    canvas_right(c, row, TODAY_END, LOOK_PLAIN, figure_count(l->today_used).text);
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->lists.s;
    char title[32];
    str_format(title, sizeof title, "Lanes: %d", s->lane_count);
    canvas_rule(c, area.row, 0, area.cols, title);
    canvas_rule_right(c, area.row, RATE_END, "requests/s");
    canvas_rule_right(c, area.row, FILL_END, "batch fill");
    canvas_rule_right(c, area.row, TODAY_END, "today");
    for (int i = 0; i < s->lane_count && i < area.rows - 1; i++)
        draw_lane(&scene->lists, c, area.row + 1 + i, &s->lanes[i]);
}

const struct pane pane_lanes = {"lanes", draw};
