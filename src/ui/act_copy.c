/* y and Y: an id, or all that are shown, to the terminal's clipboard. What the terminal does with
 * it cannot be known, so the answer says what was asked for, never "copied". */
#include "ui/internal.h"

#include "base/str.h"
#include "ui/layout.h"
#include "ui/views.h"

#include <string.h>

#define IDS_MAX ((size_t)32 * 1024)

static const char *id_at_cursor(const struct ui *ui, const struct scene *scene) {
    const struct event *event = scene_event(scene);
    struct shelf_line line;
    switch (ui->places.view) {
    case VIEW_MESSAGE:
        return ui->letter.id;
    case VIEW_LIST:
        shelf_at(&ui->shelf, scene->errors, &line);
        return line.row == NULL ? "" : line.row->id;
    default:
        return event == NULL || event->kind == EVENT_ANSWER ? "" : event->id;
    }
}

void copy_one(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    const char *id = id_at_cursor(ui, scene);
    if (id[0] == '\0') {
        act_answer(ui, boot_us, "no message is chosen here: its id could be copied");
        return;
    }
    term_copy(ui->term, id);
    act_answer(ui, boot_us, "id %s sent to your terminal", id);
}

static int add(struct buf *ids, const char *id) {
    if (id[0] == '\0')
        return 0;
    buf_printf(ids, "%s%s", ids->len > 0 ? "\n" : "", id);
    return 1;
}

static int add_list(const struct ui *ui, const struct scene *scene, int rows, struct buf *ids) {
    struct shelf_line line;
    int n = 0, top = list_top(scene, rows);
    for (int i = top; i < top + rows; i++) {
        shelf_line(&ui->shelf, scene->errors, i, &line);
        n += line.kind == LINE_ROW && line.row != NULL ? add(ids, line.row->id) : 0;
    }
    return n;
}

static int add_events(const struct ui *ui, const struct scene *scene, int rows, struct buf *ids) {
    const struct history *h = scene->lists.history;
    uint64_t end = ui->places.holding ? ui->places.event_top + (uint64_t)rows : h->end;
    uint64_t first = end > (uint64_t)rows ? end - (uint64_t)rows : 0;
    int n = 0;
    for (uint64_t i = first; i < end; i++) {
        const struct event *e = history_get(h, i);
        n += e != NULL && e->kind != EVENT_ANSWER ? add(ids, e->id) : 0;
    }
    return n;
}

void copy_all(struct ui *ui, const struct scene *scene, int64_t boot_us) {
    int rows = ui->canvas.rows, cols = ui->canvas.cols, n = 0;
    struct layout l;
    struct buf ids;
    buf_init(&ids, IDS_MAX);
    layout_make(scene, rows, cols, &l);
    const struct rect *list = layout_find(&l, &pane_list);
    if (ui->places.view == VIEW_MESSAGE)
        n = add(&ids, ui->letter.id);
    else if (list != NULL)
        n = add_list(ui, scene, list_rows(scene, list->rows, list->cols), &ids);
    else
        n = add_events(ui, scene, layout_events_rows(scene, rows, cols), &ids);
    if (n > 0 && !ids.failed)
        term_copy(ui->term, buf_text(&ids));
    if (n > 0)
        act_answer(ui, boot_us, "%d id%s sent to your terminal", n, n == 1 ? "" : "s");
    else
        act_answer(ui, boot_us, "no message is shown here");
    buf_free(&ids);
}
