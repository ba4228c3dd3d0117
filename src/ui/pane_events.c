/* What happens to each message, newest last, in the words of the log. Full width always: scrolling
 * beside other panes costs several times the bytes. */
#include "ui/layout.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#define BRIEF_COLS 80 /* below: no words, no title */
#define TIME_COLS 9

static void event_text(const struct canvas *c, const struct event *e, char *dst, size_t size) {
    char id[80];
    bool sent = e->kind == EVENT_SENT;
    const char *sign = sent ? c->glyphs->ok : c->glyphs->fail;
    if (c->cols >= WHOLE_ID_COLS)
        str_copy(id, sizeof id, e->id);
    else
        text_short_id(id, sizeof id, e->id, c->glyphs->ellipsis);
    if (e->kind == EVENT_ANSWER)
        str_copy(dst, size, e->text);
    else if (c->cols < BRIEF_COLS)
        str_format(dst, size, "%s%s %s", sign, id, sent ? e->to : e->text);
    else if (sent)
        str_format(dst, size, "%sProcessed email message %s for %s", sign, id, e->to);
    else
        str_format(dst, size, "%sFailed to process email message %s: %s", sign, id, e->text);
}

static void draw_event(struct canvas *c, int row, const struct event *e, bool selected) {
    char text[640];
    event_text(c, e, text, sizeof text);
    canvas_text(c, row, 0, TIME_COLS, LOOK_PLAIN, figure_clock_s(e->at_us).text);
    canvas_text(c, row, TIME_COLS, c->cols, e->kind == EVENT_FAILED ? LOOK_RED : LOOK_PLAIN, text);
    if (!selected)
        return;
    canvas_look(c, row, 0, c->cols - 1, LOOK_REVERSE);
    c->cursor_row = row;
    c->cursor_col = 0;
}

static void draw_title(const struct scene *scene, struct canvas *c, struct rect area,
                       uint64_t shown) {
    const struct history *h = scene->lists.history;
    char text[64] = "following";
    if (scene->places.holding && shown < h->end)
        str_format(text, sizeof text, "holding, %s newer, G follows",
                   figure_count((int64_t)(h->end - shown)).text);
    else if (scene->places.holding)
        str_copy(text, sizeof text, "holding, G follows");
    canvas_rule(c, area.row, 0, area.cols, "Events, all workers");
    canvas_rule_right(c, area.row, area.cols - 2, text);
}

bool events_titled(int rows, int cols) {
    return cols >= BRIEF_COLS && rows > 1;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct history *h = scene->lists.history;
    int titled = events_titled(area.rows, area.cols);
    int rows = area.rows - titled;
    uint64_t first = history_first(h), top = scene->places.event_top;
    if (!scene->places.holding) /* follows: the newest at the bottom */
        top = history_top(h, scene->places.event_end, rows);
    if (top < first)
        top = first;
    for (int i = 0; i < rows; i++) {
        const struct event *e = history_get(h, top + (uint64_t)i);
        if (e != NULL)
            draw_event(c, area.row + titled + i, e, top + (uint64_t)i == scene->places.event);
    }
    if (titled)
        draw_title(scene, c, area, top + (uint64_t)rows);
}

const struct pane pane_events = {"events", draw};
