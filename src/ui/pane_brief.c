/* The same facts in fewer words, for screens below 80x18 and below 30x4. No number is ever cut:
 * what does not fit whole is left out. */
#include "ui/state.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A row filled with parts as long as they fit whole. */
struct line {
    char text[256];
    int room;
};

static void part(struct line *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void part(struct line *l, const char *fmt, ...) {
    char text[128];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (text_width(l->text) + text_width(text) > l->room)
        return;
    size_t used = strlen(l->text);
    str_copy(l->text + used, sizeof l->text - used, text);
}

/* The text without as many of its last clauses as do not fit. */
static const char *clauses(char *text, int room) {
    while (text_width(text) > room) {
        char *comma = strrchr(text, ','), *semicolon = strrchr(text, ';');
        char *last = semicolon > comma ? semicolon : comma;
        if (last == NULL)
            break;
        *last = '\0';
    }
    return text;
}

static struct figure n_of(const struct snapshot *s, int which) {
    return figure_count_capped(s->queue[which].n, s->queue[which].capped);
}

/* " +78/m", or nothing where the rate is unknown. */
static struct figure rate_of(const struct snapshot *s, int which) {
    struct figure f = {""};
    if (s->queue[which].per_min != SNAP_NO_RATE)
        str_format(f.text, sizeof f.text, " %.18s/m", figure_change(s->queue[which].per_min).text);
    return f;
}

static void draw_header(const struct scene *scene, struct canvas *c, int row) {
    const struct snapshot *s = scene->live.s;
    const char *access = s->read_only || scene->options->read_only ? "RO" : "RW";
    char right[48], left[320], more[16] = "";
    str_format(right, sizeof right, "%s%s %s", scene->frozen ? "FROZEN " : "",
               figure_clock(scene->live.now_us).text, figure_zone());
    if (s->operator_count > 1)
        str_format(more, sizeof more, " +%d", s->operator_count - 1);
    str_format(left, sizeof left, "%s %s %s%s", s->database[0] != '\0' ? s->database : "?", access,
               scene_operator(scene), more);
    canvas_text(c, row, 0, c->cols - 2 - text_width(right), LOOK_PLAIN, left);
    canvas_right(c, row, c->cols - 1, LOOK_PLAIN, right);
}

static void draw_state(const struct scene *scene, struct canvas *c, int row) {
    const struct state_row *s = &scene->state;
    uint32_t look = state_look(s->state);
    const char *name = state_name(s->state);
    int room = c->cols - 2 - text_width(name);
    char brief[sizeof s->brief];
    str_copy(brief, sizeof brief, s->brief);
    canvas_text(c, row, 0, c->cols, look, name);
    canvas_text(c, row, text_width(name) + 1, c->cols, look,
                text_width(s->sentence) <= room ? s->sentence : clauses(brief, room));
    if (look != LOOK_PLAIN)
        canvas_look(c, row, 0, c->cols, look);
}

static void waiting_text(const struct picture *p, struct line *l) {
    const struct snap_queue_row *pending = &p->s->queue[QUEUE_PENDING];
    part(l, "wait %s", n_of(p->s, QUEUE_PENDING).text);
    if (pending->n > 0 && pending->at_us >= 0)
        part(l, " (%s)", figure_age(p->now_us - pending->at_us).text);
    part(l, "  now %s", n_of(p->s, QUEUE_PROCESSING).text);
    part(l, "  retrying %s", n_of(p->s, QUEUE_RETRYING).text);
    part(l, "  scheduled %s", n_of(p->s, QUEUE_SCHEDULED).text);
}

static void done_text(const struct picture *p, struct line *l) {
    part(l, "%s %s%s", p->s->queue[QUEUE_FAILED].n > 0 ? "FAILED" : "failed",
         n_of(p->s, QUEUE_FAILED).text, rate_of(p->s, QUEUE_FAILED).text);
    part(l, "  sent %s%s", n_of(p->s, QUEUE_SENT_TODAY).text, rate_of(p->s, QUEUE_SENT_TODAY).text);
    if (p->s->queue[QUEUE_UNCERTAIN].n != 0)
        part(l, "  uncertain %s", n_of(p->s, QUEUE_UNCERTAIN).text);
}

static void limits_text(const struct picture *p, struct line *l) {
    const struct snap_lane *lane = snapshot_worst_lane(p->s);
    if (lane == NULL)
        return;
    if (lane->parked)
        part(l, "parked: %.20s  ", lane->reason);
    if (lane->rate_allowed > 0)
        part(l, "%s of %s/s", figure_rate(lane->rate_used).text,
             figure_rate(lane->rate_allowed).text);
    if (lane->today_allowed > 0)
        part(l, "  %s of %s today", figure_count(lane->today_used).text,
             figure_count(lane->today_allowed).text);
}

static void draw_brief(const struct scene *scene, struct canvas *c, struct rect area) {
    struct line waiting = {.room = area.cols - 1}, done = waiting, limits = waiting;
    char todo[200];
    int row = area.row;
    draw_header(scene, c, row++);
    draw_state(scene, c, row++);
    if (area.rows >= 5)
        canvas_text(c, row++, 0, area.cols, LOOK_PLAIN, scene->state.why_brief);
    state_todo(scene, todo, sizeof todo);
    if (area.rows >= 7)
        canvas_text(c, row++, 0, area.cols, LOOK_PLAIN, todo);
    waiting_text(&scene->lists, &waiting);
    done_text(&scene->lists, &done);
    limits_text(&scene->lists, &limits);
    canvas_text(c, row++, 0, area.cols, LOOK_PLAIN, waiting.text);
    canvas_text(c, row++, 0, area.cols, LOOK_PLAIN, done.text);
    if (area.rows >= 6)
        canvas_text(c, row++, 0, area.cols, LOOK_PLAIN, limits.text);
}

/* "FAILED 393 +78/m", shorter where that does not fit. */
static void tiny_failed(const struct snapshot *s, struct line *l) {
    part(l, "%s %s%s", s->queue[QUEUE_FAILED].n > 0 ? "FAILED" : "failed",
         n_of(s, QUEUE_FAILED).text, rate_of(s, QUEUE_FAILED).text);
    if (l->text[0] == '\0')
        part(l, "FAILED %s", n_of(s, QUEUE_FAILED).text);
    if (l->text[0] == '\0')
        part(l, "F %s", n_of(s, QUEUE_FAILED).text);
}

static void tiny_waiting(const struct snapshot *s, struct line *l) {
    struct figure rate = rate_of(s, QUEUE_SENT_TODAY);
    part(l, "wait %s", n_of(s, QUEUE_PENDING).text);
    if (l->text[0] != '\0' && rate.text[0] != '\0')
        part(l, " sent%s", rate.text);
}

static void draw_tiny(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct state_row *s = &scene->state;
    char brief[sizeof s->brief];
    struct line rows[3] = {{.room = c->cols - 1}, {.room = c->cols - 1}, {.room = c->cols - 1}};
    part(&rows[0], "%s", state_name(s->state));
    part(&rows[0], " %s", area.rows == 1 && area.cols >= 40 ? s->brief : scene->live.s->database);
    tiny_failed(scene->lists.s, &rows[1]);
    tiny_waiting(scene->lists.s, &rows[2]);
    for (int i = 0; i < 3 && i < area.rows; i++)
        canvas_text(c, i, 0, area.cols, i == 0 ? state_look(s->state) : LOOK_PLAIN, rows[i].text);
    if (rows[0].text[0] == '\0') /* the word, even where only a part of it fits */
        canvas_text(c, 0, 0, area.cols, state_look(s->state), state_name(s->state));
    str_copy(brief, sizeof brief, s->brief);
    canvas_text(c, 3, 0, area.cols, LOOK_PLAIN, clauses(brief, area.cols - 1));
    canvas_text(c, 4, 0, area.cols, LOOK_PLAIN, s->why_brief);
    if (scene->answer[0] != '\0' && area.rows >= 2) {
        canvas_look(c, area.rows - 1, 0, area.cols, LOOK_PLAIN);
        struct line answer = {.room = c->cols - 1};
        str_format(answer.text, sizeof answer.text, "%-*s", area.cols, scene->answer);
        canvas_text(c, area.rows - 1, 0, area.cols, LOOK_BOLD, answer.text);
    }
}

const struct pane pane_brief = {"brief", draw_brief};
const struct pane pane_tiny = {"tiny", draw_tiny};
