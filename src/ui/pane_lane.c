/* The provider's limits: open or parked, what is used of what is allowed, when it will be full.
 * Of several lanes the worst one. */
#include "ui/pane.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#include <string.h>

#define COLS 31 /* of text, from two columns right of the separator */
#define USED_END 17
#define BAR_CELLS 29
#define BACKLOG_US (10 * USEC_PER_SEC)

static void backlog_text(const struct picture *p, const struct snap_lane *l, char *dst,
                         size_t size) {
    const struct snap_queue_row *pending = &p->s->queue[QUEUE_PENDING];
    str_copy(dst, size, "no backlog");
    if (pending->n < 0)
        str_copy(dst, size, "backlog ?");
    if (pending->n <= 0 || pending->at_us < 0 || p->now_us - pending->at_us < BACKLOG_US)
        return;
    if (l->gone_at_us > p->now_us)
        str_format(dst, size, "gone in about %s", figure_age(l->gone_at_us - p->now_us).text);
    else if (pending->per_min != SNAP_NO_RATE && pending->per_min > 0)
        str_format(dst, size, "backlog grows %s/min", figure_count(pending->per_min).text);
    else
        str_format(dst, size, "backlog %s", figure_count_capped(pending->n, pending->capped).text);
}

static void state_text(const struct picture *p, const struct snap_lane *l, char *dst, size_t size) {
    char backlog[64];
    backlog_text(p, l, backlog, sizeof backlog);
    if (!l->parked) {
        str_format(dst, size, "open, %s", backlog);
        return;
    }
    size_t code = strspn(l->text, "0123456789");
    const char *reason = l->reason[0] != '\0' ? l->reason : "unknown";
    if (l->until_us >= 0)
        str_format(dst, size, "parked until %s: %s", figure_when(l->until_us, p->now_us).text,
                   reason);
    else if (code > 0)
        str_format(dst, size, "parked: %.*s, needs you", (int)code, l->text);
    else
        str_format(dst, size, "parked: %s, needs you", reason);
}

/* "label   used of allowed  99%": used ends in its column unless the percentage needs the room. */
static void draw_share(struct canvas *c, int row, int col, const char *label, const char *used,
                       const char *allowed, double part, double whole) {
    canvas_text(c, row, col, COLS, LOOK_PLAIN, label);
    if (whole <= 0) {
        canvas_right(c, row, col + USED_END, LOOK_PLAIN, used);
        return;
    }
    char text[64];
    struct figure percent = figure_percent(part, whole);
    str_format(text, sizeof text, "%s of %s", used, allowed);
    int start = USED_END - text_width(used);
    int room = COLS - text_width(percent.text) - 1;
    if (start + text_width(text) > room)
        start = room - text_width(text);
    canvas_text(c, row, col + start, COLS, LOOK_PLAIN, text);
    canvas_right(c, row, col + COLS, LOOK_PLAIN, percent.text);
}

static void draw_bar(struct canvas *c, int row, int col, double part, double whole) {
    char bar[BAR_CELLS + 3] = "[";
    double share = part >= 0 && whole > 0 ? part / whole : 0;
    int full = (int)((share > 1 ? 1 : share) * BAR_CELLS + 0.5);
    memset(bar + 1, '#', (size_t)full);
    memset(bar + 1 + full, '-', (size_t)(BAR_CELLS - full));
    bar[BAR_CELLS + 1] = ']';
    canvas_text(c, row, col, COLS, LOOK_PLAIN, bar);
}

static void reset_text(const struct picture *p, const struct snap_lane *l, char *dst, size_t size) {
    char full[40] = "", reset[40] = "";
    if (l->today_allowed > 0 && l->today_used >= l->today_allowed)
        str_copy(full, sizeof full, "full");
    else if (l->full_at_us >= 0)
        str_format(full, sizeof full, "full at %s", figure_when(l->full_at_us, p->now_us).text);
    if (l->today_resets_at_us >= 0 && l->today_allowed > 0)
        str_format(reset, sizeof reset, "resets in %s",
                   figure_age(l->today_resets_at_us - p->now_us).text);
    str_format(dst, size, "%s%s%s", full, full[0] != '\0' && reset[0] != '\0' ? "; " : "", reset);
}

static void draw_lane(const struct picture *p, const struct snap_lane *l, struct canvas *c, int row,
                      int col) {
    char text[96];
    state_text(p, l, text, sizeof text);
    canvas_text(c, row, col, COLS, l->parked ? LOOK_BOLD : LOOK_PLAIN, text);
    draw_share(c, row + 1, col, "requests/s", figure_rate(l->rate_used).text,
               figure_rate(l->rate_allowed).text, l->rate_used, l->rate_allowed);
    draw_bar(c, row + 2, col, l->rate_used, l->rate_allowed);
    draw_share(c, row + 3, col, "batch fill", figure_rate(l->per_request).text,
               figure_count((int64_t)l->per_request_max).text, l->per_request, l->per_request_max);
    draw_share(c, row + 4, col, "today", figure_count(l->today_used).text,
               figure_count(l->today_allowed).text, (double)l->today_used,
               (double)l->today_allowed);
    draw_share(c, row + 5, col, "month", figure_count(l->month_used).text,
               figure_count(l->month_allowed).text, (double)l->month_used,
               (double)l->month_allowed);
    reset_text(p, l, text, sizeof text);
    canvas_text(c, row + 6, col, COLS, LOOK_PLAIN, text);
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->lists.s;
    const struct snap_lane *l = snapshot_worst_lane(s);
    char title[64] = "Lane";
    if (l != NULL && s->lane_count > 1)
        str_format(title, sizeof title, "Lane %.16s, %d of %d", l->name, (int)(l - s->lanes) + 1,
                   s->lane_count);
    else if (l != NULL)
        str_format(title, sizeof title, "Lane %.24s", l->name);
    canvas_rule(c, area.row, area.col + 1, area.cols - 1, title);
    canvas_put(c, area.row, area.col, LOOK_PLAIN, c->glyphs->tee_down);
    for (int i = 1; i < area.rows; i++)
        canvas_put(c, area.row + i, area.col, LOOK_PLAIN, c->glyphs->vertical);
    if (l != NULL)
        draw_lane(&scene->lists, l, c, area.row + 1, area.col + 2);
    else
        canvas_text(c, area.row + 1, area.col + 2, COLS, LOOK_PLAIN, "no lane yet");
}

const struct pane pane_lane = {"lane", draw};
