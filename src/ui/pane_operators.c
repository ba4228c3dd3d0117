/* Who else looks at this database, and what they did last. */
#include "ui/pane.h"

#include "core/figures.h"
#include "ui/text.h"

#define NAME_COL 2
#define NAME_LEAST 6
#define NAME_MOST 20

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->lists.s;
    int widest = NAME_LEAST;
    for (int i = 0; i < s->operator_count; i++)
        if (text_width(s->operators[i].name) > widest)
            widest = text_width(s->operators[i].name);
    if (widest > NAME_MOST)
        widest = NAME_MOST;
    int when = NAME_COL + widest + 2;
    canvas_rule(c, area.row, 0, area.cols, "Operators");
    canvas_rule_right(c, area.row, area.cols - 2, "last did");
    for (int i = 0; i < s->operator_count && i < area.rows - 1; i++) {
        const struct snap_operator *o = &s->operators[i];
        canvas_text(c, area.row + 1 + i, NAME_COL, widest, LOOK_PLAIN, o->name);
        canvas_printf(c, area.row + 1 + i, when, LOOK_PLAIN, "%-6s %s",
                      figure_when(o->at_us, scene->lists.now_us).text, o->did);
    }
}

const struct pane pane_operators = {"operators", draw};
