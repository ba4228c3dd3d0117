/* Moving in the lists. A list holds still while the operator moves and for ten seconds after; the
 * cursor stays on its error or message whatever happens around it. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "ui/help.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/views.h"

#include <string.h>

#define FAR 100000 /* further than any list */
#define HOLD_US (10 * USEC_PER_SEC)

static int clamp(int n, int low, int high) {
    return n > high ? high : n < low ? low : n;
}

static void move_errors(struct ui *ui, const struct scene *scene, int by, int64_t boot_us) {
    const struct snapshot *s = scene->errors;
    const struct snap_error *at = scene_error(scene);
    if (at == NULL)
        return;
    if (ui->errors == NULL && !ui->frozen)
        ui->errors = snapshot_hold(ui->current);
    int index = clamp((int)(at - s->errors) + by, 0, s->error_count - 1);
    str_copy(ui->places.error_code, sizeof ui->places.error_code, s->errors[index].code);
    ui->errors_until_us = boot_us + HOLD_US;
}

static void move_events(struct ui *ui, const struct scene *scene, int by, int rows,
                        int64_t boot_us) {
    const struct history *h = scene->lists.history;
    struct places *at = &ui->places;
    uint64_t first = history_first(h), last = h->end - 1;
    if (h->count == 0 || rows < 1)
        return;
    uint64_t end = at->event_end > 0 ? at->event_end : h->end;
    uint64_t from = at->event >= first && at->event <= last ? at->event : end;
    uint64_t top = at->holding ? at->event_top : history_top(h, end, rows);
    int64_t to = (int64_t)from + by;
    at->event = to < (int64_t)first ? first : to > (int64_t)last ? last : (uint64_t)to;
    if (at->event < top)
        top = at->event;
    if (at->event >= top + (uint64_t)rows)
        top = at->event - (uint64_t)rows + 1;
    at->event_top = top < first ? first : top;
    at->holding = !(by > 0 && at->event == last); /* moving down to the newest follows it */
    ui->events_moved_us = boot_us;
}

void move_follow(struct ui *ui) {
    ui->places.holding = false;
    ui->places.event = 0;
}

/* Events go on by themselves only where the cursor's message stays in sight; one read further back
 * stays there until G. A cursor whose message has left the following list is gone with it. */
static void settle_events(struct ui *ui, int rows, int64_t boot_us) {
    struct places *at = &ui->places;
    bool in_sight = at->event >= history_top(ui->history, at->event_end, rows);
    if (ui->frozen)
        return;
    if (at->holding && in_sight && boot_us - ui->events_moved_us >= HOLD_US)
        at->holding = false;
    if (!at->holding && !in_sight)
        at->event = 0;
}

void move_settle(struct ui *ui, int rows, int64_t boot_us) {
    if (ui->errors != NULL && boot_us >= ui->errors_until_us) {
        snapshot_release(ui->errors);
        ui->errors = NULL;
    }
    settle_events(ui, rows, boot_us);
}

/* --- the other views ---------------------------------------------------------------------------
 */

static int area_rows(const struct ui *ui, const struct scene *scene, const struct pane *pane) {
    struct layout l;
    layout_make(scene, ui->canvas.rows, ui->canvas.cols, &l);
    const struct rect *area = layout_find(&l, pane);
    return area == NULL ? 1 : area->rows;
}

/* One down goes on to the next group; a page down asks for more of this one where it ends. */
static void move_list(struct ui *ui, const struct scene *scene, int by, int64_t boot_us) {
    struct shelf *s = &ui->shelf;
    struct shelf_line line;
    int at = shelf_cursor(s, scene->errors), to = at + by;
    int lines = shelf_lines(s, scene->errors);
    if (ui->errors == NULL && !ui->frozen)
        ui->errors = snapshot_hold(ui->current);
    ui->errors_until_us = boot_us + HOLD_US;
    s->moved_us = boot_us;
    for (int i = at; i >= 0 && i <= to && i < lines; i++) {
        shelf_line(s, scene->errors, i, &line);
        if (line.kind != LINE_MORE)
            continue;
        const char *after;
        if (by > 1 && chain_more(&s->chain, &after)) {
            look_more(ui, boot_us);
            to = i - 1;
        } else if (i == to) {
            to = i + 1 < lines ? i + 1 : i - 1;
        }
        break;
    }
    shelf_line(s, scene->errors, to, &line);
    if (line.kind == LINE_MORE && by < 0)
        to--;
    shelf_put(s, scene->errors, to);
}

static void scroll(int *top, int by, int all, int rows) {
    int last = all > rows ? all - rows : 0;
    *top = clamp(clamp(*top, 0, last) + by, 0, last);
}

static void move_message(struct ui *ui, const struct scene *scene, int by) {
    struct letter *l = &ui->letter;
    int rows = area_rows(ui, scene, &pane_message);
    if (l->in_history)
        scroll(&l->steps_top, by, message_steps(l), message_step_rows(l, rows));
    else
        scroll(&l->top, by, letter_lines(l, ui->canvas.cols - 2), message_mail_rows(l, rows));
}

static void move_journal(struct ui *ui, const struct scene *scene, int by, int64_t boot_us) {
    int rows = area_rows(ui, scene, &pane_journal) - 1, all = chain_entries(&ui->journal);
    if (by > 0 && ui->places.journal_top + by + rows >= all)
        look_more_journal(ui, boot_us);
    scroll(&ui->places.journal_top, by, all, rows);
}

static void move_workers(struct ui *ui, const struct scene *scene, int by) {
    const struct snapshot *s = scene->lists.s;
    const struct snap_worker *at = scene_chosen(scene);
    if (at == NULL)
        return;
    int to = clamp((int)(at - s->workers) + by, 0, s->worker_count - 1);
    str_copy(ui->places.worker, sizeof ui->places.worker, s->workers[to].name);
}

static void move_help(struct ui *ui, int by) {
    int last = help_last_top(ui->canvas.rows, ui->canvas.cols);
    ui->places.help_top = clamp(ui->places.help_top + by, 0, last);
}

static void move_main(struct ui *ui, const struct scene *scene, int action, int by,
                      int64_t boot_us) {
    int rows = layout_events_rows(scene, ui->canvas.rows, ui->canvas.cols);
    if (ui->places.focus == FOCUS_ERRORS)
        move_errors(ui, scene, by, boot_us);
    else if (ui->places.focus == FOCUS_QUEUE)
        ui->places.queue_row =
            clamp(ui->places.queue_row + by, 0,
                  layout_queue_rows(scene, ui->canvas.rows, ui->canvas.cols) - 1);
    else if (action == ACT_LAST)
        move_follow(ui);
    else
        move_events(ui, scene, by, rows, boot_us);
}

static const struct pane *pane_of(enum view view) {
    return view == VIEW_LIST      ? &pane_list
           : view == VIEW_MESSAGE ? &pane_message
           : view == VIEW_JOURNAL ? &pane_journal
           : view == VIEW_WORKERS ? &pane_workers
           : view == VIEW_HELP    ? &pane_help
                                  : &pane_events;
}

static int distance(struct ui *ui, const struct scene *scene, int action) {
    int rows = area_rows(ui, scene, pane_of(ui->places.view));
    if (ui->places.view == VIEW_MESSAGE)
        rows = ui->letter.in_history ? message_step_rows(&ui->letter, rows)
                                     : message_mail_rows(&ui->letter, rows);
    int page = rows > 3 ? rows - 2 : 1;
    return action == ACT_DOWN        ? 1
           : action == ACT_UP        ? -1
           : action == ACT_PAGE_DOWN ? page
           : action == ACT_PAGE_UP   ? -page
           : action == ACT_FIRST     ? -FAR
                                     : FAR;
}

void move_key(struct ui *ui, const struct scene *scene, int action, int64_t boot_us) {
    int by = distance(ui, scene, action);
    switch (ui->places.view) {
    case VIEW_LIST:
        if (action == ACT_LAST)
            look_newest(ui, boot_us);
        else
            move_list(ui, scene, by, boot_us);
        break;
    case VIEW_MESSAGE:
        move_message(ui, scene, by);
        break;
    case VIEW_JOURNAL:
        move_journal(ui, scene, by, boot_us);
        break;
    case VIEW_WORKERS:
        move_workers(ui, scene, by);
        break;
    case VIEW_HELP:
        move_help(ui, by);
        break;
    default:
        move_main(ui, scene, action, by, boot_us);
        break;
    }
}

/* --- from pane to pane -------------------------------------------------------------------------
 */

static enum focus next_focus(enum focus focus, int action) {
    static const enum focus after[] = {FOCUS_EVENTS, FOCUS_QUEUE, FOCUS_ERRORS},
                            before[] = {FOCUS_QUEUE, FOCUS_ERRORS, FOCUS_EVENTS};
    switch (action) {
    case ACT_GO_QUEUE:
        return FOCUS_QUEUE;
    case ACT_GO_ERRORS:
        return FOCUS_ERRORS;
    case ACT_GO_EVENTS:
        return FOCUS_EVENTS;
    default:
        return action == ACT_NEXT_PANE ? after[focus] : before[focus];
    }
}

void move_focus(struct ui *ui, const struct scene *scene, int action, int64_t boot_us) {
    int rows = layout_events_rows(scene, ui->canvas.rows, ui->canvas.cols);
    if (ui->places.view == VIEW_MESSAGE) {
        ui->letter.in_history = !ui->letter.in_history;
        return;
    }
    ui->places.focus = next_focus(ui->places.focus, action);
    if (ui->places.focus == FOCUS_QUEUE &&
        layout_queue_rows(scene, ui->canvas.rows, ui->canvas.cols) == 0) /* not on this screen */
        ui->places.focus =
            next_focus(FOCUS_QUEUE, action == ACT_LAST_PANE ? action : ACT_NEXT_PANE);
    if (ui->places.focus == FOCUS_EVENTS && ui->places.event == 0)
        move_events(ui, scene, -1, rows, boot_us);
}
