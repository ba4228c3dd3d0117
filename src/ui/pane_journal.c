/* What operators, lanes and workers did, newest first. */
#include "ui/views.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/chain.h"
#include "ui/text.h"

#define TIME_COL 1
#define WHO_COL 11
#define WHO_LEAST 8
#define WHO_MOST 20

static int widest_who(const struct scene *scene, int top, int rows) {
    int widest = WHO_LEAST;
    for (int i = top; i < top + rows; i++) {
        const struct page_event *e = chain_entry(scene->journal, i);
        if (e != NULL && text_width(e->who) > widest)
            widest = text_width(e->who);
    }
    return widest < WHO_MOST ? widest : WHO_MOST;
}

static void draw_entry(const struct scene *scene, struct canvas *c, int row, int who,
                       const struct page_event *e) {
    canvas_text(c, row, TIME_COL, WHO_COL - TIME_COL - 1, LOOK_PLAIN,
                figure_second(e->at_us, scene->lists.now_us).text);
    canvas_text(c, row, WHO_COL, who, LOOK_PLAIN, e->who);
    canvas_text(c, row, WHO_COL + who + 1, c->cols, LOOK_PLAIN, e->what);
}

int journal_top(const struct scene *scene, int rows) {
    int last = chain_entries(scene->journal) - (rows - 1), top = scene->places.journal_top;
    return top > last ? (last > 0 ? last : 0) : top;
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    char title[240];
    int rows = area.rows - 1, top = journal_top(scene, area.rows);
    int who = widest_who(scene, top, rows);
    str_format(title, sizeof title, "Journal, newest first, %s", figure_zone());
    canvas_rule(c, area.row, 0, area.cols, title);
    str_format(title, sizeof title, "filter: %.60s",
               scene->places.journal_words[0] != '\0' ? scene->places.journal_words : "none");
    if (area.cols >= 60)
        canvas_rule_right(c, area.row, area.cols - 2, title);
    for (int i = 0; i < rows; i++) {
        const struct page_event *e = chain_entry(scene->journal, top + i);
        if (e != NULL)
            draw_entry(scene, c, area.row + 1 + i, who, e);
    }
    if (chain_entries(scene->journal) == 0)
        canvas_text(c, area.row + 1, 2, c->cols, LOOK_PLAIN,
                    scene->journal->trouble[0] != '\0'       ? scene->journal->trouble
                    : scene->journal->came_us == 0           ? "asking the database…"
                    : scene->places.journal_words[0] != '\0' ? "nothing that fits the filter"
                                                             : "nothing here");
}

const struct pane pane_journal = {"journal", draw};
