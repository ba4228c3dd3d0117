/* Row 1: which database, who looks, how many workers, what time it is. */
#include "ui/pane.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#include <string.h>

#define NARROW_COLS 60 /* below: which database, no more */
#define NAMES_COLS 120 /* from here on the other operators are named */

/* The other windows: this one is among them under its operator's name, unless it only reads. */
static int others(const struct scene *scene, char *names, size_t size) {
    const struct snapshot *s = scene->live.s;
    bool self_seen = false;
    int n = 0;
    str_copy(names, size, "");
    for (int i = 0; i < s->operator_count; i++) {
        if (!self_seen && str_eq(s->operators[i].name, scene_operator(scene))) {
            self_seen = true;
            continue;
        }
        size_t used = strlen(names);
        str_format(names + used, size - used, "%s%s", n == 0 ? "" : ", ", s->operators[i].name);
        n++;
    }
    return n;
}

static void left_side(const struct scene *scene, char *dst, size_t size, int cols) {
    const struct snapshot *s = scene->live.s;
    char names[96], more[160] = "";
    if (cols < NARROW_COLS) {
        str_format(dst, size, "%s %s", s->database[0] != '\0' ? s->database : "?",
                   s->read_only || scene->options->read_only ? "RO" : "RW");
        return;
    }
    int n = others(scene, names, sizeof names);
    if (n > 0)
        str_format(more, sizeof more, " +%d operator%s%s%s%s", n, n == 1 ? "" : "s",
                   cols >= NAMES_COLS ? " (" : "", cols >= NAMES_COLS ? names : "",
                   cols >= NAMES_COLS ? ")" : "");
    str_format(dst, size, " postroom  %s  %s  %s%s", s->database[0] != '\0' ? s->database : "?",
               s->read_only || scene->options->read_only ? "RO" : "RW", scene_operator(scene),
               more);
}

static void right_side(const struct scene *scene, char *dst, size_t size) {
    struct figure clock = figure_clock(scene->live.now_us);
    int up = snapshot_workers_up(scene->live.s, scene->live.now_us);
    if (scene->frozen)
        str_format(dst, size, "FROZEN at %s  %s %s", figure_clock_s(scene->lists.now_us).text,
                   clock.text, figure_zone());
    else if (scene->places.view != VIEW_MAIN)
        str_format(dst, size, "%s%s%s  %s %s", state_name(scene->state.state),
                   scene->state.figure[0] != '\0' ? " " : "", scene->state.figure, clock.text,
                   figure_zone());
    else if (up == 0)
        str_format(dst, size, "no worker  %s %s", clock.text, figure_zone());
    else
        str_format(dst, size, "%d worker%s up  %s %s", up, up == 1 ? "" : "s", clock.text,
                   figure_zone());
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    char left[400], right[96];
    left_side(scene, left, sizeof left, area.cols);
    right_side(scene, right, sizeof right);
    int room = area.cols - 1 - text_width(right) - 2;
    canvas_text(c, area.row, 0, room, LOOK_PLAIN, left);
    canvas_right(c, area.row, area.cols - 1, scene->frozen ? LOOK_BOLD : LOOK_PLAIN, right);
}

const struct pane pane_header = {"header", draw};
