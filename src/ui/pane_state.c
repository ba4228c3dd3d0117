/* Rows 2 to 4: does mail flow, why not, what to do. Nothing pushes them away. */
#include "ui/state.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#define TEXT_COL 12

uint32_t state_look(enum mail_state state) {
    switch (state) {
    case STATE_FAILING:
    case STATE_STALLED:
    case STATE_PARKED:
    case STATE_NO_DATA:
    case STATE_QUOTA:
        return LOOK_BOLD | LOOK_REVERSE | LOOK_RED;
    case STATE_PAUSED:
    case STATE_SLOW:
    case STATE_THROTTLED:
        return LOOK_BOLD | LOOK_REVERSE | LOOK_YELLOW;
    default:
        return LOOK_PLAIN;
    }
}

void state_todo(const struct scene *scene, char *dst, size_t size) {
    if (!scene->frozen) {
        str_copy(dst, size, scene->state.todo);
        return;
    }
    struct figure newer = figure_count((int64_t)scene->waiting_events);
    str_format(dst, size, "z unfreeze: lists stand at %s, %s newer event%s wait%s",
               figure_clock_s(scene->lists.now_us).text, newer.text,
               scene->waiting_events == 1 ? "" : "s", scene->waiting_events == 1 ? "s" : "");
}

static void row(struct canvas *c, int at, const char *label, const char *text, const char *more,
                uint32_t look) {
    int room = c->cols - 1 - TEXT_COL;
    canvas_text(c, at, 1, TEXT_COL - 1, look, label);
    int used = canvas_text(c, at, TEXT_COL, room, look, text);
    if (used + text_width(more) <= room)
        canvas_text(c, at, TEXT_COL + used, room, look, more);
    if (look != LOOK_PLAIN)
        canvas_look(c, at, 0, c->cols, look);
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct state_row *s = &scene->state;
    char todo[200];
    state_todo(scene, todo, sizeof todo);
    row(c, area.row, state_name(s->state), s->sentence, s->sentence_more, state_look(s->state));
    row(c, area.row + 1, "Why", s->why, s->why_more, LOOK_PLAIN);
    row(c, area.row + 2, "Do", todo, "", LOOK_PLAIN);
}

const struct pane pane_state = {"state", draw};
