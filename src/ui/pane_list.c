/* A list: failures grouped by their error, or one queue's messages; the cursor stands on a
 * message, wherever that goes. */
#include "ui/views.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "ui/shelf.h"
#include "ui/text.h"

#define COUNT_END 10
#define RATE_END 17
#define LAST_END 25
#define TEXT_COL 28
#define TAG_COL 8
#define ID_COL 10
#define TIME_COLS 10
#define TRY_COLS 16
#define WHOLE_ID_COLS 120
#define NARROW 60 /* below: no attempts, no titles of columns */

static const char *const queue_titles[][2] = {
    {"pending", "Pending"},   {"scheduled", "Scheduled"}, {"processing", "Processing"},
    {"retrying", "Retrying"}, {"failed", "Failed"},       {"uncertain", "Uncertain"},
    {"sent", "Sent"},         {"cancelled", "Cancelled"}, {"", "Failed, filtered"},
};

static const char *queue_title(const char *status) {
    for (size_t i = 0; i < sizeof queue_titles / sizeof *queue_titles; i++)
        if (str_eq(queue_titles[i][0], status))
            return queue_titles[i][1];
    return status;
}

/* Of a filter that reads on behind the page nobody knows how many it finds: as many as there are
 * here, and more or not. */
static struct figure how_many(const struct scene *scene) {
    const struct shelf *s = scene->shelf;
    int64_t n = shelf_now(s, scene->lists.s);
    if (n < 0 && s->chain.count > 0)
        return figure_count_capped(chain_rows(&s->chain), chain_goes_on(&s->chain));
    return figure_count_capped(n, shelf_capped(s, scene->lists.s));
}

static void title_text(const struct scene *scene, char *dst, size_t size) {
    const struct shelf *s = scene->shelf;
    const struct snap_error *order[SHELF_GROUPS];
    int64_t total;
    bool capped = false;
    if (!shelf_is_grouped(s)) {
        str_format(dst, size, "%s: %s", queue_title(s->status), how_many(scene).text);
        return;
    }
    int n = shelf_groups(s, scene->errors, order, &total);
    for (int i = 0; i < n; i++)
        capped = capped || order[i]->capped;
    str_format(dst, size, "Failed: %s in %d error%s", figure_count_capped(total, capped).text, n,
               n == 1 ? "" : "s");
}

static void draw_title(const struct scene *scene, struct canvas *c, struct rect area) {
    const struct shelf *s = scene->shelf;
    char text[200];
    int filter = (area.cols - 8) / 2, tagged = area.cols - 27;
    title_text(scene, text, sizeof text);
    canvas_rule(c, area.row, 0, area.cols, text);
    int end = text_width(text) + 4;
    bool narrow = area.cols < NARROW;
    str_format(text, sizeof text, " filter: %s ", s->words[0] != '\0' ? s->words : "none");
    if (narrow && s->words[0] != '\0')
        canvas_text(c, area.row, end, area.cols - end - 1, LOOK_PLAIN, text);
    if (narrow)
        return;
    filter = filter < end ? end : filter - 1;
    bool tags = shelf_tagged(s) != 0;
    canvas_text(c, area.row, filter, (tags ? tagged : area.cols - 15) - 1 - filter,
                s->words[0] != '\0' ? LOOK_BOLD : LOOK_PLAIN, text);
    if (tags) {
        str_format(text, sizeof text, " %s tagged ", figure_count(shelf_tagged(s)).text);
        canvas_text(c, area.row, tagged - 1, 16, LOOK_BOLD, text);
    }
    if (shelf_is_grouped(s)) {
        str_format(text, sizeof text, "sort: %s", sort_name(s->sort));
        canvas_rule_right(c, area.row, area.cols - 2, text);
    }
}

static void draw_heads(struct canvas *c, int row) {
    canvas_right(c, row, COUNT_END, LOOK_PLAIN, "count");
    canvas_right(c, row, RATE_END, LOOK_PLAIN, "/min");
    canvas_right(c, row, LAST_END, LOOK_PLAIN, "last");
    canvas_text(c, row, TEXT_COL, 8, LOOK_PLAIN, "error");
}

static void draw_group(const struct scene *scene, struct canvas *c, int row,
                       const struct snap_error *e) {
    char text[400], again[48] = "";
    bool open = str_eq(scene->shelf->open, e->code) && e->code[0] != '\0';
    canvas_put(c, row, 0, LOOK_PLAIN, open ? '-' : '+');
    canvas_right(c, row, COUNT_END, LOOK_PLAIN, figure_count_capped(e->n, e->capped).text);
    canvas_right(c, row, RATE_END, LOOK_PLAIN,
                 figure_change(e->per_min < 0 ? SNAP_NO_RATE : e->per_min).text);
    canvas_right(c, row, LAST_END, LOOK_PLAIN,
                 e->last_at_us < 0 ? "?" : figure_age(scene->lists.now_us - e->last_at_us).text);
    if (e->retrying > 0 && c->cols >= NARROW)
        str_format(again, sizeof again, " (%s retrying)", figure_count(e->retrying).text);
    int room = c->cols - 1 - TEXT_COL - text_width(again);
    str_format(text, sizeof text, "%s", e->text[0] != '\0' ? e->text : e->code);
    int used = canvas_text(c, row, TEXT_COL, room, LOOK_PLAIN, text);
    canvas_text(c, row, TEXT_COL + used, c->cols, LOOK_PLAIN, again);
}

/* Ids are drawn whole from 120 columns on, in a column as wide as the widest of those shown. */
static int id_columns(const struct scene *scene, const struct canvas *c, int top, int rows) {
    int widest = 9;
    if (c->cols < WHOLE_ID_COLS)
        return widest;
    for (int i = top; i < top + rows; i++) {
        struct shelf_line line;
        shelf_line(scene->shelf, scene->errors, i, &line);
        if (line.row != NULL && text_width(line.row->id) > widest)
            widest = text_width(line.row->id);
    }
    return widest < 40 ? widest : 40;
}

static void try_text(const struct page_row *r, char *dst, size_t size) {
    if (r->retry_count <= 0)
        str_copy(dst, size, "no attempt yet");
    else if (r->max_attempts > 0)
        str_format(dst, size, "attempt %lld of %lld", (long long)r->retry_count,
                   (long long)r->max_attempts);
    else
        str_format(dst, size, "attempt %lld", (long long)r->retry_count);
}

static void draw_row(const struct scene *scene, struct canvas *c, int row, int id_cols,
                     const struct page_row *r) {
    char id[80], text[40];
    bool wide = c->cols >= WHOLE_ID_COLS, narrow = c->cols < NARROW;
    int left = narrow ? 4 : ID_COL;
    if (wide)
        str_copy(id, sizeof id, r->id);
    else
        text_short_id(id, sizeof id, r->id, c->glyphs->ellipsis);
    if (shelf_is_tagged(scene->shelf, r))
        canvas_put(c, row, left - 2, LOOK_BOLD, '*');
    int col = left;
    canvas_text(c, row, col, id_cols, LOOK_PLAIN, id);
    col += id_cols + 2;
    canvas_text(c, row, col, TIME_COLS, LOOK_PLAIN,
                figure_second(r->at_us, scene->lists.now_us).text);
    col += TIME_COLS;
    if (!narrow) {
        try_text(r, text, sizeof text);
        canvas_text(c, row, col, TRY_COLS - 1, LOOK_PLAIN, text);
        col += TRY_COLS;
    }
    col += canvas_text(c, row, col, wide ? 40 : c->cols, LOOK_PLAIN, r->to) + 2;
    if (wide)
        canvas_text(c, row, col, c->cols, LOOK_PLAIN, r->subject);
}

static void draw_more(const struct scene *scene, struct canvas *c, int row, int64_t more) {
    const struct shelf *s = scene->shelf;
    bool known = shelf_now(s, scene->lists.s) >= 0;
    const char *after;
    canvas_printf(c, row, c->cols < NARROW ? 4 : ID_COL, LOOK_PLAIN, "%s%smore%s, %s",
                  known ? figure_count_capped(more, shelf_capped(s, scene->lists.s)).text : "",
                  known ? " " : "", shelf_is_grouped(s) ? " of this error" : "",
                  chain_more(&s->chain, &after) ? "PgDn" : "too many to list: / finds fewer");
}

static void draw_line(const struct scene *scene, struct canvas *c, int row, int id_cols,
                      const struct shelf_line *line, bool selected) {
    if (line->kind == LINE_GROUP)
        draw_group(scene, c, row, line->error);
    else if (line->kind == LINE_ROW && line->row != NULL)
        draw_row(scene, c, row, id_cols, line->row);
    else if (line->kind == LINE_MORE)
        draw_more(scene, c, row, line->more);
    if (!selected)
        return;
    canvas_put(c, row, 0, LOOK_PLAIN, '>');
    canvas_look(c, row, 0, c->cols - 1, LOOK_REVERSE);
    c->cursor_row = row;
    c->cursor_col = 0;
}

/* Why there is nothing to see. */
static void draw_nothing(const struct scene *scene, struct canvas *c, int row) {
    const struct chain *chain = &scene->shelf->chain;
    bool came =
        shelf_is_grouped(scene->shelf) ? scene->errors->published_at_us >= 0 : chain->came_us != 0;
    const char *text = chain->trouble[0] != '\0'        ? chain->trouble
                       : !came                          ? "asking the database…"
                       : scene->shelf->words[0] != '\0' ? "nothing that fits the filter"
                       : shelf_is_grouped(scene->shelf) ? "nothing has failed"
                       : shelf_now(scene->shelf, scene->lists.s) == 0 ? "there is none just now"
                                                                      : "none of these was found";
    canvas_text(c, row, 2, c->cols, LOOK_PLAIN, text);
}

/* The list scrolls just far enough to show the cursor. */
int list_top(const struct scene *scene, int rows) {
    int at = shelf_cursor(scene->shelf, scene->errors), top = scene->shelf->top;
    int lines = shelf_lines(scene->shelf, scene->errors);
    if (top > lines - rows)
        top = lines - rows;
    if (at >= top + rows)
        top = at - rows + 1;
    if (at < top)
        top = at;
    return top < 0 ? 0 : top;
}

int list_rows(const struct scene *scene, int rows, int cols) {
    return cols < NARROW || rows < 6 || !shelf_is_grouped(scene->shelf) ? rows - 1 : rows - 2;
}

/* Where the open error's own line is scrolled away, it stands in the place of the columns' titles.
 */
static void draw_second(const struct scene *scene, struct canvas *c, int row, int top) {
    struct shelf_line first;
    shelf_line(scene->shelf, scene->errors, top, &first);
    if (first.kind == LINE_ROW || first.kind == LINE_MORE)
        draw_group(scene, c, row, first.error);
    else
        draw_heads(c, row);
}

static void draw(const struct scene *scene, struct canvas *c, struct rect area) {
    int lines = shelf_lines(scene->shelf, scene->errors);
    int rows = list_rows(scene, area.rows, area.cols), row = area.row + area.rows - rows;
    int top = list_top(scene, rows), at = shelf_cursor(scene->shelf, scene->errors);
    int id_cols = id_columns(scene, c, top, rows);
    draw_title(scene, c, area);
    if (row == area.row + 2)
        draw_second(scene, c, area.row + 1, top);
    for (int i = 0; i < rows && top + i < lines; i++) {
        struct shelf_line line;
        shelf_line(scene->shelf, scene->errors, top + i, &line);
        draw_line(scene, c, row + i, id_cols, &line, top + i == at);
    }
    if (lines == 0)
        draw_nothing(scene, c, row);
}

const struct pane pane_list = {"list", draw};
