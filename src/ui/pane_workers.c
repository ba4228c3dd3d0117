/* The workers of this database: what each does, how much, when it was last heard. */
#include "ui/pane.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#define WIDE 120
#define NAME_COL 2
#define NAME_MOST 28

struct columns {
    int state, flying, sent, failed, heard, up; /* state: where it starts; else where it ends */
    const char *sent_title, *failed_title;
};

static void name_text(const struct snap_worker *w, char *dst, size_t size) {
    str_format(dst, size, "%s pid %lld", w->name, (long long)w->pid);
}

static struct columns columns_for(const struct snapshot *s, int cols) {
    if (cols >= WIDE)
        return (struct columns){28, 66, 78, 92, 104, 115, "sent/min", "failed/min"};
    int widest = 12;
    char name[160];
    for (int i = 0; i < s->worker_count; i++) {
        name_text(&s->workers[i], name, sizeof name);
        if (text_width(name) > widest)
            widest = text_width(name);
    }
    int state = NAME_COL + widest + 2;
    return (struct columns){
        state < NAME_MOST ? state : NAME_MOST, 46, 54, 64, 71, 78, "sent/m", "failed/m"};
}

static void draw_worker(const struct scene *scene, struct canvas *c, int row, struct columns at,
                        const struct snap_worker *w) {
    int64_t now = scene->lists.now_us;
    char text[160];
    name_text(w, text, sizeof text);
    canvas_text(c, row, NAME_COL, at.state - NAME_COL - 1, LOOK_PLAIN, text);
    str_format(text, sizeof text, "%s%s", w->state,
               w == scene_worker(scene) ? ", this window" : "");
    canvas_text(c, row, at.state, at.flying - 6 - at.state, LOOK_PLAIN, text);
    canvas_right(c, row, at.flying, LOOK_PLAIN, figure_count(w->in_flight).text);
    canvas_right(c, row, at.sent, LOOK_PLAIN, figure_count(w->sent_1m).text);
    canvas_right(c, row, at.failed, LOOK_PLAIN, figure_count(w->failed_1m).text);
    canvas_right(c, row, at.heard, LOOK_PLAIN,
                 w->heard_at_us < 0 ? "?" : figure_age(now - w->heard_at_us).text);
    canvas_right(c, row, at.up, LOOK_PLAIN,
                 w->started_at_us < 0 ? "?" : figure_age(now - w->started_at_us).text);
    if (scene->places.view != VIEW_WORKERS || w != scene_chosen(scene))
        return;
    canvas_put(c, row, 0, LOOK_PLAIN, '>');
    canvas_look(c, row, 0, c->cols - 1, LOOK_REVERSE);
    c->cursor_row = row;
    c->cursor_col = 0;
}

/* In its own view there is a cursor; the list scrolls just far enough to show it. */
static int first_shown(const struct scene *scene, int shown) {
    const struct snap_worker *at = scene_chosen(scene);
    if (scene->places.view != VIEW_WORKERS || at == NULL)
        return 0;
    int index = (int)(at - scene->lists.s->workers);
    return index < shown ? 0 : index - shown + 1;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->lists.s;
    struct columns at = columns_for(s, area.cols);
    int shown = area.rows - 1;
    char title[64] = "Workers";
    if (s->worker_count > shown)
        str_format(title, sizeof title, "Workers: %d, %d shown", s->worker_count, shown);
    else if (scene->places.view == VIEW_WORKERS)
        str_format(title, sizeof title, "Workers: %d", s->worker_count);
    canvas_rule(c, area.row, 0, area.cols, title);
    canvas_rule_right(c, area.row, at.flying, "in flight");
    canvas_rule_right(c, area.row, at.sent, at.sent_title);
    canvas_rule_right(c, area.row, at.failed, at.failed_title);
    canvas_rule_right(c, area.row, at.heard, "heard");
    canvas_rule_right(c, area.row, at.up, "up");
    int top = first_shown(scene, shown);
    for (int i = top; i < s->worker_count && i < top + shown; i++)
        draw_worker(scene, c, area.row + 1 + i - top, at, &s->workers[i]);
}

const struct pane pane_workers = {"workers", draw};
