/* What stands under the cursor, whole: an error's or an event's words are cut in their lists. */
#include "ui/dialog.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#include <string.h>

#define WRAP_COLS 66

/* A long text over as many lines as it needs, broken at blanks where there are any. */
static void wrapped(struct dialog *d, const char *label, const char *text) {
    char clean[600], line[128];
    text_clean(clean, sizeof clean, text);
    const char *rest = clean;
    int room = WRAP_COLS - 9;
    for (int part = 0; part == 0 || *rest != '\0'; part++) {
        const char *end = rest, *blank = NULL, *next = rest;
        int used = 0, w;
        while (text_next(&next, &w) != 0 && (used += w) <= room) {
            end = next;
            if (*next == ' ')
                blank = next;
        }
        if (*end != '\0' && blank != NULL)
            end = blank;
        str_format(line, sizeof line, "%-8s %.*s", part == 0 ? label : "", (int)(end - rest), rest);
        dialog_line(d, true, "%s", line);
        rest = end + strspn(end, " ");
        if (end == rest && *end != '\0' && used == 0)
            return;
    }
}

static void error_lines(struct dialog *d, const struct scene *scene, const struct snap_error *e) {
    int64_t now = scene->lists.now_us;
    str_copy(d->title, sizeof d->title, "Error");
    wrapped(d, "Error", e->text);
    dialog_line(d, true, "Code     %s", e->code);
    dialog_line(d, true, "Count    %s messages, %s of them tried again by themselves",
                figure_count(e->n).text, figure_count(e->retrying).text);
    dialog_line(d, true, "Rate     %s in the last minute",
                e->per_min < 0 ? "?" : figure_count(e->per_min).text);
    dialog_line(d, true, "Last     %s ago",
                e->last_at_us < 0 ? "?" : figure_age(now - e->last_at_us).text);
    dialog_line(d, true, "First    %s UTC", figure_when(e->first_at_us, now).text);
}

static void event_lines(struct dialog *d, const struct event *e) {
    str_copy(d->title, sizeof d->title, e->kind == EVENT_SENT ? "Processed" : "Failed");
    wrapped(d, "Message", e->id);
    if (e->to[0] != '\0')
        wrapped(d, "To", e->to);
    if (e->kind == EVENT_FAILED)
        wrapped(d, "Error", e->text);
    dialog_line(d, true, "At       %s UTC", figure_clock_s(e->at_us).text);
}

bool show_detail(struct dialog *d, const struct scene *scene) {
    const struct event *event = scene_event(scene);
    const struct snap_error *error = scene_error(scene);
    dialog_start(d, SHOW_DETAIL);
    if (event != NULL && event->kind != EVENT_ANSWER)
        event_lines(d, event);
    else if (scene->places.focus == FOCUS_ERRORS && error != NULL)
        error_lines(d, scene, error);
    else
        return false;
    dialog_line(d, false, "%s", "");
    str_copy(d->ask, sizeof d->ask, "r retry      any other key: back");
    str_copy(d->ask_short, sizeof d->ask_short, "r retry   other keys: back");
    str_copy(d->choices, sizeof d->choices, "r");
    if (event != NULL && event->kind == EVENT_SENT) {
        str_copy(d->ask, sizeof d->ask, "any key: back");
        d->choices[0] = '\0';
    }
    return true;
}
