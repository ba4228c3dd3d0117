/* What a retry or cancel would act on: this message, the tagged ones, this error, this list, all
 * that failed. Pure. */
#include "ui/ask_scope.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/letter.h"
#include "ui/shelf.h"

#include <string.h>

#define UNCERTAIN "uncertain"

static int64_t or_zero(int64_t n) {
    return n > 0 ? n : 0;
}

static bool cancels(const struct dialog *d) {
    return d->command.kind == COMMAND_CANCEL;
}

/* May it be done to a message in this state? */
static bool fits(const struct dialog *d, const char *status) {
    bool waits = str_eq(status, "pending") || str_eq(status, "scheduled");
    bool failed = str_eq(status, "failed") || str_eq(status, "retrying") ||
                  str_eq(status, UNCERTAIN) || status[0] == '\0';
    return failed || (waits && cancels(d));
}

/* An event has no code: its error is found by its words. */
static const struct snap_error *error_by(const struct snapshot *s, const char *code,
                                         const char *text) {
    for (int i = 0; i < s->error_count; i++)
        if (code != NULL ? str_eq(s->errors[i].code, code) : str_eq(s->errors[i].text, text))
            return &s->errors[i];
    return NULL;
}

/* --- this message ---------------------------------------------------------------------------- */

static void take_message(struct dialog *d, const char *id, const char *to, const char *text,
                         const struct snap_error *error, bool uncertain) {
    d->scope.n = 1;
    d->scope.per_min = error != NULL ? error->per_min : 0;
    d->scope.uncertain_in = uncertain;
    str_copy(d->scope.text, sizeof d->scope.text, text);
    str_copy(d->scope.to, sizeof d->scope.to, to);
    str_copy(d->command.message_id, sizeof d->command.message_id, id);
}

static bool take_row(struct dialog *d, const struct scene *scene, const struct page_row *r) {
    if (r == NULL || r->id[0] == '\0' || !fits(d, r->status))
        return false;
    take_message(d, r->id, r->to, r->error, error_by(scene->live.s, r->error_code, ""),
                 str_eq(r->error_code, UNCERTAIN));
    return true;
}

static bool take_event(struct dialog *d, const struct scene *scene, const struct event *e) {
    if (e == NULL || e->kind != EVENT_FAILED)
        return false;
    const struct snap_error *error = error_by(scene->live.s, NULL, e->text);
    take_message(d, e->id, e->to, e->text, error,
                 (error != NULL && str_eq(error->code, UNCERTAIN)) ||
                     str_starts(e->text, UNCERTAIN));
    return true;
}

static bool this_message(struct dialog *d, const struct scene *scene) {
    const struct page_message *m;
    struct shelf_line line;
    switch (scene->places.view) {
    case VIEW_MAIN:
        return take_event(d, scene, scene_event(scene));
    case VIEW_LIST:
        shelf_at(scene->shelf, scene->errors, &line);
        return line.kind == LINE_ROW && take_row(d, scene, line.row);
    case VIEW_MESSAGE:
        m = letter_message(scene->letter);
        return m != NULL && take_row(d, scene, &m->row);
    default:
        return false;
    }
}

/* --- tagged ----------------------------------------------------------------------------------- */

static bool tagged_whole(struct dialog *d, const struct shelf *s) {
    struct scope *p = &d->scope;
    p->n = s->whole_n;
    p->fixed_us = s->whole_filter.until_us;
    p->uncertain_in = str_eq(s->whole_filter.error_code, UNCERTAIN);
    d->command.filter = s->whole_filter;
    str_copy(p->which, sizeof p->which, "the tagged ones, all there were");
    return p->n != 0;
}

static bool tagged(struct dialog *d, const struct scene *scene) {
    const struct shelf *s = scene->shelf;
    struct scope *p = &d->scope;
    if (scene->places.view != VIEW_LIST || shelf_tagged(s) == 0 || !fits(d, s->status))
        return false;
    if (s->whole)
        return tagged_whole(d, s);
    for (int i = 0; i < s->tag_count; i++) {
        const struct page_row *r = chain_row(&s->chain, chain_find(&s->chain, s->tags[i]));
        p->uncertain += r != NULL && str_eq(r->error_code, UNCERTAIN) && !cancels(d);
        str_copy(d->command.ids[i], sizeof d->command.ids[i], s->tags[i]);
    }
    d->command.id_count = s->tag_count;
    p->n = s->tag_count - p->uncertain;
    str_copy(p->which, sizeof p->which, "the tagged ones");
    if (p->n == 0) { /* nothing but uncertain ones: it is they who are meant */
        p->n = p->uncertain;
        p->uncertain = 0;
        p->uncertain_in = true;
    }
    return true;
}

/* --- this error ------------------------------------------------------------------------------- */

/* The error under the cursor with its newest numbers, also while the list holds still. */
static const struct snap_error *error_at_cursor(const struct scene *scene) {
    const struct snap_error *at = NULL;
    struct shelf_line line;
    if (scene->places.view == VIEW_MAIN) {
        at = scene_error(scene);
    } else if (scene->places.view == VIEW_LIST && shelf_is_grouped(scene->shelf)) {
        shelf_at(scene->shelf, scene->errors, &line);
        at = line.error;
    }
    return at == NULL ? NULL : error_by(scene->live.s, at->code, "");
}

static bool this_error(struct dialog *d, const struct scene *scene) {
    const struct snap_error *e = error_at_cursor(scene);
    if (e == NULL || e->n <= 0)
        return false;
    d->scope.n = e->n;
    d->scope.capped = e->capped;
    d->scope.per_min = e->per_min;
    d->scope.uncertain_in = str_eq(e->code, UNCERTAIN);
    str_copy(d->scope.text, sizeof d->scope.text, e->text);
    str_copy(d->scope.which, sizeof d->scope.which, "this error's, failed");
    str_copy(d->command.filter.error_code, sizeof d->command.filter.error_code, e->code);
    return true;
}

/* --- all, and the list ------------------------------------------------------------------------ */

/* "403 validation_error" of "403 validation_error: shop.example is not verified". */
static int short_name(const char *text) {
    size_t n = strcspn(text, ":");
    return (int)(n < 40 ? n : 40);
}

static void name_errors(struct scope *p, const struct snapshot *s) {
    size_t used = 0;
    for (int i = 0, named = 0; i < s->error_count && named < 3; i++) {
        if (str_eq(s->errors[i].code, UNCERTAIN))
            continue;
        str_format(p->errors + used, sizeof p->errors - used, "%s%.*s %s", named > 0 ? ", " : "",
                   short_name(s->errors[i].text), s->errors[i].text,
                   figure_count_capped(s->errors[i].n, s->errors[i].capped).text);
        used = strlen(p->errors);
        named++;
    }
}

static bool all_failed(struct dialog *d, const struct scene *scene) {
    const struct snapshot *s = scene->live.s;
    struct scope *p = &d->scope;
    p->n = or_zero(s->queue[QUEUE_FAILED].n) + or_zero(s->queue[QUEUE_RETRYING].n);
    p->capped = s->queue[QUEUE_FAILED].capped || s->queue[QUEUE_RETRYING].capped;
    p->uncertain = or_zero(s->queue[QUEUE_UNCERTAIN].n);
    p->per_min = s->error_count > 0 ? s->errors[0].per_min : 0;
    name_errors(p, s);
    str_copy(p->which, sizeof p->which, "all that had failed");
    if (cancels(d)) /* they are cancelled, too */
        str_copy(d->command.filter.status, sizeof d->command.filter.status, "failed");
    return p->n > 0;
}

static bool queue_list(struct dialog *d, const struct scene *scene) {
    const struct shelf *s = scene->shelf;
    const struct snap_queue_row *q = NULL;
    struct scope *p = &d->scope;
    static const struct {
        const char *status;
        int row;
        const char *which;
    } lists[] = {{"pending", QUEUE_PENDING, "those that waited"},
                 {"scheduled", QUEUE_SCHEDULED, "those scheduled, created"},
                 {"retrying", QUEUE_RETRYING, "those tried again by themselves, failed"},
                 {"uncertain", QUEUE_UNCERTAIN, "the uncertain ones, failed"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (str_eq(s->status, lists[i].status)) {
            q = &scene->live.s->queue[lists[i].row];
            str_copy(p->which, sizeof p->which, lists[i].which);
        }
    if (q == NULL)
        return false;
    p->n = q->n;
    p->capped = q->capped;
    p->uncertain_in = str_eq(s->status, UNCERTAIN);
    return p->n != 0;
}

static bool this_list(struct dialog *d, const struct scene *scene) {
    const struct shelf *s = scene->shelf;
    struct scope *p = &d->scope;
    if (scene->places.view != VIEW_LIST || !fits(d, s->status))
        return false;
    bool any = s->status[0] == '\0' ? all_failed(d, scene) : queue_list(d, scene);
    d->command.filter = s->filter;
    if (s->status[0] == '\0')
        str_copy(d->command.filter.status, sizeof d->command.filter.status, "failed");
    if (str_eq(s->status, UNCERTAIN))
        str_copy(d->command.filter.error_code, sizeof d->command.filter.error_code, UNCERTAIN);
    if (filter_is_empty(&s->filter))
        return any;
    p->n = -1; /* the database counts what the filter names */
    p->capped = false;
    p->uncertain = 0;
    p->errors[0] = '\0';
    str_format(p->which, sizeof p->which, "filter %.100s,", s->words);
    return true;
}

bool scope_choose(struct dialog *d, const struct scene *scene, char what) {
    d->scope.what = what;
    switch (what) {
    case '1':
        return this_message(d, scene);
    case '2':
        return tagged(d, scene);
    case '3':
        return this_error(d, scene);
    case '4':
        return this_list(d, scene);
    default:
        return all_failed(d, scene);
    }
}
