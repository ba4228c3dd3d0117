/* Moving in the lists. A list holds still while the operator moves and for ten seconds after; the
 * cursor stays on its error or message whatever happens around it. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/str.h"

#define HOLD_US (10 * USEC_PER_SEC)

static int clamp(int n, int low, int high) {
    return n > high ? high : n < low ? low : n;
}

void move_errors(struct ui *ui, const struct scene *scene, int by, int64_t boot_us) {
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

/* The first one shown when the list follows. */
static uint64_t following_top(const struct history *h, int rows) {
    uint64_t first = history_first(h);
    return h->end - first > (uint64_t)rows ? h->end - (uint64_t)rows : first;
}

void move_events(struct ui *ui, const struct scene *scene, int by, int rows, int64_t boot_us) {
    const struct history *h = scene->lists.history;
    struct places *at = &ui->places;
    uint64_t first = history_first(h), last = h->end - 1;
    if (h->count == 0 || rows < 1)
        return;
    uint64_t from = at->event >= first && at->event <= last ? at->event : h->end;
    uint64_t top = at->holding ? at->event_top : following_top(h, rows);
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
    bool in_sight = at->event >= following_top(ui->history, rows);
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
