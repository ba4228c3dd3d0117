/* The last row: the keys that work here, as many as fit; and above it the answer to the last key.
 */
#include "ui/keys.h"
#include "ui/prompt.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/layout.h"
#include "ui/shelf.h"
#include "ui/text.h"

#define BRIEF_COLS 80

struct style {
    bool brief;
    int margin, gap;
};

static const char *label(const struct key_row *k, const struct style *style) {
    return k->sign == NULL ? NULL : style->brief ? k->short_label : k->label;
}

static bool shown(const struct key_row *k, enum view view, const struct style *style,
                  int most_rank) {
    return (k->views & 1U << view) != 0 && label(k, style) != NULL && k->rank <= most_rank;
}

/* What all of them take; the last gap may be a column narrower, so that the way out stays. */
static int width_of(enum view view, const struct style *style, int most_rank) {
    int width = style->margin;
    for (int i = 0; i < key_count; i++)
        if (shown(&key_table[i], view, style, most_rank))
            width += text_width(key_table[i].sign) + 1 + text_width(label(&key_table[i], style)) +
                     style->gap;
    return width - style->gap;
}

static bool is_last(const struct key_row *k, enum view view, const struct style *style,
                    int most_rank) {
    for (k++; k < key_table + key_count; k++)
        if (shown(k, view, style, most_rank))
            return false;
    return true;
}

static void draw_keys(const struct scene *scene, struct canvas *c, struct rect area) {
    enum view view = scene->places.view;
    struct style style = {.brief = area.cols < BRIEF_COLS, .margin = 1, .gap = 2};
    int rank = 9, col;
    if (style.brief)
        style = (struct style){true, 0, 1};
    int narrower = style.gap - 1;
    while (rank > 0 && width_of(view, &style, rank) > area.cols - 1 + narrower)
        rank--;
    bool squeezed = width_of(view, &style, rank) > area.cols - 1;
    col = style.margin;
    for (int i = 0; i < key_count; i++) {
        const struct key_row *k = &key_table[i];
        if (!shown(k, view, &style, rank))
            continue;
        if (squeezed && is_last(k, view, &style, rank))
            col -= narrower;
        col += canvas_text(c, area.row, col, area.cols, LOOK_BOLD, k->sign) + 1;
        col += canvas_text(c, area.row, col, area.cols, LOOK_PLAIN, label(k, &style)) + style.gap;
    }
}

static void draw_journal(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct snapshot *s = scene->live.s;
    if (s->journal_count > 0)
        canvas_printf(c, area.row, 1, LOOK_PLAIN, "%s %s %s",
                      figure_when(s->journal[0].at_us, scene->live.now_us).text, s->journal[0].who,
                      s->journal[0].what);
}

static void drain_text(const struct scene *scene, char *dst, size_t size) {
    str_format(dst, size, "draining: %d in flight, %s left", scene->gauges.in_flight,
               figure_age_exact(scene->drain_left_us).text);
}

/* Something the operator must read now: an input line, the draining, the answer to a key. */
static bool draw_words(const struct scene *scene, struct canvas *c, struct rect area) {
    char text[128];
    if (scene->prompt != NULL) {
        prompt_draw(scene->prompt, c, area);
        return true;
    }
    if (scene->answer[0] == '\0' && scene->drain_left_us < 0)
        return false;
    drain_text(scene, text, sizeof text);
    canvas_text(c, area.row, area.cols < BRIEF_COLS ? 0 : 1, area.cols, LOOK_BOLD,
                scene->drain_left_us >= 0 ? text : scene->answer);
    return true;
}

/* In a list that stands still: how much of it is otherwise by now. */
static bool draw_holding(const struct scene *scene, struct canvas *c, struct rect area) {
    char newer[64] = "";
    int64_t n = shelf_newer(scene->shelf, scene->live.s);
    bool stands = shelf_stands(scene->shelf) && n != 0;
    if (scene->places.view != VIEW_LIST || !(scene->list_holds || stands))
        return false;
    if (n > 0)
        str_format(newer, sizeof newer, "; %s newer, G shows them", figure_count(n).text);
    else if (n < 0)
        str_format(newer, sizeof newer, "; %s fewer by now, G reads it anew",
                   figure_count(-n).text);
    canvas_printf(c, area.row, area.cols < BRIEF_COLS ? 0 : 1, LOOK_PLAIN, "the list %s%s",
                  scene->list_holds ? "holds while you move" : "stands still", newer);
    return true;
}

static void draw_answer(const struct scene *scene, struct canvas *c, struct rect area) {
    if (draw_words(scene, c, area) || draw_holding(scene, c, area))
        return;
    if (scene->places.view != VIEW_MESSAGE) /* there the mail itself comes first */
        draw_journal(scene, c, area);
}

/* Where there is no row for answers, they take the keys' place. */
static void draw_footer(const struct scene *scene, struct canvas *c, struct rect area) {
    struct layout l;
    layout_make(scene, c->rows, c->cols, &l);
    if (layout_find(&l, &pane_answer) != NULL || !draw_words(scene, c, area))
        draw_keys(scene, c, area);
}

const struct pane pane_answer = {"answer", draw_answer};
const struct pane pane_footer = {"footer", draw_footer};
