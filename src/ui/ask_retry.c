/* "What should be tried again?" and "Retry these?". The scope (how many, which, until when) is
 * copied when the question is put; `i` only adds or drops the uncertain ones. */
#include "ui/dialog.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/text.h"

#include <string.h>

#define BY_KEY 10 /* up to so many certain messages `y` is enough */
#define UNCERTAIN "uncertain"

static int64_t or_zero(int64_t n) {
    return n > 0 ? n : 0;
}

static int64_t failed_total(const struct snapshot *s) {
    return or_zero(s->queue[QUEUE_FAILED].n) + or_zero(s->queue[QUEUE_RETRYING].n);
}

static bool failed_capped(const struct snapshot *s) {
    return s->queue[QUEUE_FAILED].capped || s->queue[QUEUE_RETRYING].capped;
}

static const struct event *failed_event(const struct scene *scene) {
    const struct event *e = scene_event(scene);
    return e != NULL && e->kind == EVENT_FAILED ? e : NULL;
}

/* An event has no code: its error is found by its words. */
static const struct snap_error *error_of(const struct snapshot *s, const char *text) {
    for (int i = 0; i < s->error_count; i++)
        if (str_eq(s->errors[i].text, text))
            return &s->errors[i];
    return NULL;
}

/* The error under the cursor with its newest numbers, also while the list holds still. */
static const struct snap_error *error_at_cursor(const struct scene *scene) {
    const struct snapshot *s = scene->live.s;
    const struct snap_error *at = scene_error(scene);
    for (int i = 0; at != NULL && i < s->error_count; i++)
        if (str_eq(s->errors[i].code, at->code))
            return &s->errors[i];
    return NULL;
}

/* "403 validation_error" of "403 validation_error: shop.example is not verified". */
static int short_name(const char *text) {
    size_t n = strcspn(text, ":");
    return (int)(n < 40 ? n : 40);
}

static const char *plural(int64_t n) {
    return n == 1 ? "" : "s";
}

/* --- the menu -------------------------------------------------------------------------------- */

static void offer(struct dialog *d, char key, const char *text) {
    size_t n = strlen(d->choices);
    d->choices[n] = key;
    d->choices[n + 1] = '\0';
    dialog_line(d, true, "%s", text);
}

bool ask_retry_scope(struct dialog *d, const struct scene *scene, const struct glyphs *glyphs) {
    const struct snapshot *s = scene->live.s;
    const struct event *event = failed_event(scene);
    const struct snap_error *error = error_at_cursor(scene);
    int64_t all = failed_total(s), uncertain = or_zero(s->queue[QUEUE_UNCERTAIN].n);
    char id[80], text[320], left_out[64] = "", keys[24] = "";
    dialog_start(d, ASK_RETRY_SCOPE);
    str_copy(d->title, sizeof d->title, "Retry");
    dialog_line(d, false, "What should be tried again? Nothing happens yet.");
    dialog_line(d, false, "%s", "");
    if (event != NULL) {
        text_short_id(id, sizeof id, event->id, glyphs->ellipsis);
        str_format(text, sizeof text, "1  this message       %s  %s",
                   event->to[0] != '\0' ? id : event->id, event->to);
        offer(d, '1', text);
    }
    if (error != NULL && error->n > 0) {
        str_format(text, sizeof text, "3  this error         %s message%s  %s",
                   figure_count(error->n).text, plural(error->n), error->text);
        offer(d, '3', text);
    }
    if (uncertain > 0)
        str_format(left_out, sizeof left_out, "  %s more %s uncertain, left out",
                   figure_count(uncertain).text, uncertain == 1 ? "is" : "are");
    if (all > 0) {
        str_format(text, sizeof text, "5  all failed         %s message%s%s",
                   figure_count_capped(all, failed_capped(s)).text, plural(all), left_out);
        offer(d, '5', text);
    }
    dialog_line(d, false, "%s", "");
    for (const char *k = d->choices; *k != '\0'; k++)
        str_format(keys + strlen(keys), sizeof keys - strlen(keys), "%c ", *k);
    str_format(d->ask, sizeof d->ask, "%schoose      any other key: nothing changes", keys);
    str_format(d->ask_short, sizeof d->ask_short, "%schoose   other keys: nothing", keys);
    return d->choices[0] != '\0';
}

/* --- the question ---------------------------------------------------------------------------- */

static void careful_line(struct dialog *d) {
    const struct scope *p = &d->scope;
    if (p->per_min > 0)
        dialog_line(d, true, "CAREFUL  %s error still happens: %s in the last minute",
                    p->what == '5' ? "the first" : "this", figure_count(p->per_min).text);
}

static void one_lines(struct dialog *d) {
    const struct scope *p = &d->scope;
    dialog_line(d, true, "%s%s%s", d->command.message_id, p->to[0] != '\0' ? " to " : "", p->to);
    dialog_line(d, false, "%s", p->text);
    if (p->uncertain_in)
        dialog_line(d, true, "Twice?   it may have been sent already");
}

static void twice_line(struct dialog *d) {
    const struct scope *p = &d->scope;
    if (p->what == '3' && p->uncertain_in)
        dialog_line(d, true, "Twice?   all of them may have been sent already");
    else if (p->uncertain > 0 && p->uncertain_in)
        dialog_line(d, true, "Twice?   %s of them may have been sent already: i leaves them out",
                    figure_count(p->uncertain).text);
    else if (p->uncertain > 0)
        dialog_line(d, true, "Twice?   %s more may have been sent already: left out, i adds them",
                    figure_count(p->uncertain).text);
}

static void many_lines(struct dialog *d) {
    const struct scope *p = &d->scope;
    dialog_line(d, true, "Which    %s failed by %s UTC; none newer",
                p->what == '5' ? "all that had" : "this error's,",
                figure_clock_s(p->fixed_us).text);
    if (p->capped)
        dialog_line(d, true, "Number   at least %s: counting stops there", figure_count(p->n).text);
    if (p->what == '5')
        dialog_line(d, false, "Errors   %s", p->errors);
    else
        dialog_line(d, false, "Error    %s", p->text);
    if (p->quota_left >= 0)
        dialog_line(d, false, "Quota    %s of the %s left today", figure_count(d->number).text,
                    figure_count(p->quota_left).text);
    twice_line(d);
}

/* Lines, number and command follow from the scope alone. */
static void fill(struct dialog *d) {
    struct scope *p = &d->scope;
    bool one = p->what == '1';
    int64_t n = p->n + (p->uncertain_in && p->what == '5' ? p->uncertain : 0);
    d->line_count = 0;
    d->typed[0] = '\0';
    d->number = n;
    str_format(d->title, sizeof d->title, "Retry %s message%s on %s",
               figure_count_capped(n, p->capped).text, plural(n), p->database);
    if (one)
        one_lines(d);
    else
        many_lines(d);
    careful_line(d);
    dialog_line(d, false, "%s", "");
    str_copy(d->choices, sizeof d->choices, p->uncertain > 0 ? "i" : "");
    d->command.filter.uncertain_too = p->uncertain_in;
    if (n > BY_KEY || p->capped || p->uncertain_in) {
        str_format(d->ask, sizeof d->ask,
                   "Type %lld and press Enter to retry.  Esc: nothing changes.", (long long)n);
        str_format(d->ask_short, sizeof d->ask_short, "Type %lld, Enter.  Esc: nothing",
                   (long long)n);
        return;
    }
    d->number = 0;
    str_copy(d->choices, sizeof d->choices, p->uncertain > 0 ? "yi" : "y");
    str_format(d->ask, sizeof d->ask, "y retry %s      any other key: nothing changes",
               n == 1 ? "it" : "them");
    str_format(d->ask_short, sizeof d->ask_short, "y retry %s   other keys: nothing",
               n == 1 ? "it" : "them");
}

static bool scope_one(struct dialog *d, const struct scene *scene) {
    const struct event *e = failed_event(scene);
    if (e == NULL)
        return false;
    const struct snap_error *error = error_of(scene->live.s, e->text);
    d->scope.n = 1;
    d->scope.per_min = error != NULL ? error->per_min : 0;
    d->scope.uncertain_in =
        (error != NULL && str_eq(error->code, UNCERTAIN)) || str_starts(e->text, UNCERTAIN);
    str_copy(d->scope.text, sizeof d->scope.text, e->text);
    str_copy(d->scope.to, sizeof d->scope.to, e->to);
    str_copy(d->command.message_id, sizeof d->command.message_id, e->id);
    return true;
}

static bool scope_error(struct dialog *d, const struct scene *scene) {
    const struct snap_error *e = error_at_cursor(scene);
    if (e == NULL || e->n <= 0)
        return false;
    d->scope.n = e->n;
    d->scope.per_min = e->per_min;
    d->scope.uncertain_in = str_eq(e->code, UNCERTAIN);
    str_copy(d->scope.text, sizeof d->scope.text, e->text);
    str_copy(d->command.filter.error_code, sizeof d->command.filter.error_code, e->code);
    return true;
}

static bool scope_all(struct dialog *d, const struct scene *scene) {
    const struct snapshot *s = scene->live.s;
    struct scope *p = &d->scope;
    size_t used = 0;
    p->n = failed_total(s);
    p->capped = failed_capped(s);
    p->uncertain = or_zero(s->queue[QUEUE_UNCERTAIN].n);
    p->per_min = s->error_count > 0 ? s->errors[0].per_min : 0;
    for (int i = 0, named = 0; i < s->error_count && named < 3; i++) {
        if (str_eq(s->errors[i].code, UNCERTAIN))
            continue;
        str_format(p->errors + used, sizeof p->errors - used, "%s%.*s %s", named > 0 ? ", " : "",
                   short_name(s->errors[i].text), s->errors[i].text,
                   figure_count(s->errors[i].n).text);
        used = strlen(p->errors);
        named++;
    }
    return p->n > 0;
}

bool ask_retry(struct dialog *d, const struct scene *scene, char what) {
    const struct snap_lane *lane = snapshot_worst_lane(scene->live.s);
    dialog_start(d, ASK_RETRY);
    struct scope *p = &d->scope;
    p->what = what;
    p->fixed_us = scene->live.now_us;
    p->quota_left = -1;
    if (lane != NULL && lane->today_allowed > 0 && lane->today_used >= 0)
        p->quota_left = or_zero(lane->today_allowed - lane->today_used);
    str_copy(p->database, sizeof p->database, scene->live.s->database);
    d->command.kind = COMMAND_RETRY;
    if (what != '1')
        d->command.filter.until_us = p->fixed_us;
    bool any = what == '1'   ? scope_one(d, scene)
               : what == '3' ? scope_error(d, scene)
                             : scope_all(d, scene);
    if (any)
        fill(d);
    return any;
}

void ask_retry_uncertain_too(struct dialog *d) {
    d->scope.uncertain_in = !d->scope.uncertain_in;
    d->opened_us = DIALOG_NOT_SHOWN;
    fill(d);
}
