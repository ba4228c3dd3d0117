/* "What should be tried again?" and "Retry these?"; the same for cancelling. What it acts on is
 * copied when the question is put; `i` only adds or drops the uncertain ones. */
#include "ui/ask_scope.h"

#include "base/str.h"
#include "core/figures.h"
#include "ui/shelf.h"
#include "ui/text.h"

#include <string.h>

#define OFFER_COLS 44 /* of a choice's text */
#define BY_KEY 10     /* up to so many certain messages `y` is enough */

static const char *plural(int64_t n) {
    return n == 1 ? "" : "s";
}

static bool is_retry(const struct dialog *d) {
    return d->command.kind == COMMAND_RETRY;
}

/* --- the menu -------------------------------------------------------------------------------- */

static void offer(struct dialog *d, char key, const char *label, const char *text) {
    size_t n = strlen(d->choices);
    d->choices[n] = key;
    d->choices[n + 1] = '\0';
    dialog_line(d, true, "%c  %-18s %s", key, label, text);
}

static void offer_message(struct dialog *d, const struct scope *p, const char *message_id,
                          const struct glyphs *glyphs) {
    char id[80], text[320];
    text_short_id(id, sizeof id, message_id, glyphs->ellipsis);
    if (p->to[0] != '\0')
        str_format(text, sizeof text, "%s  %s", id, p->to);
    offer(d, '1', "this message", p->to[0] != '\0' ? text : message_id);
}

static void offer_many(struct dialog *d, const struct dialog *of, const char *words) {
    static const char *const labels[] = {"tagged", "this error", "this list", "all failed"};
    const struct scope *p = &of->scope;
    char text[400];
    if (p->n < 0)
        str_format(text, sizeof text, "%s", words);
    else
        str_format(text, sizeof text, "%s message%s%s%s", figure_count_capped(p->n, p->capped).text,
                   plural(p->n), words[0] != '\0' ? "  " : "", words);
    offer(d, p->what, labels[p->what - '2'], text);
}

/* In fewer words beside a larger number. */
static void left_out(const struct scope *p, char *dst, size_t size) {
    str_copy(dst, size, "");
    if (p->uncertain <= 0)
        return;
    int room = OFFER_COLS - text_width(figure_count_capped(p->n, p->capped).text) -
               text_width(" messages  ");
    str_format(dst, size, "%s more %s uncertain, left out", figure_count(p->uncertain).text,
               p->uncertain == 1 ? "is" : "are");
    if (text_width(dst) > room)
        str_format(dst, size, "%s uncertain left out", figure_count(p->uncertain).text);
}

static void offer_scope(struct dialog *d, const struct scene *scene, char what,
                        const struct glyphs *glyphs) {
    struct dialog of;
    char words[400] = "";
    dialog_start(&of, ASK_CHANGE);
    of.command.kind = d->command.kind;
    if (!scope_choose(&of, scene, what))
        return;
    if (what == '1') {
        offer_message(d, &of.scope, of.command.message_id, glyphs);
        return;
    }
    if (what == '3')
        str_copy(words, sizeof words, of.scope.text);
    else if (what == '4')
        str_format(words, sizeof words, "filter: %s",
                   scene->shelf->words[0] != '\0' ? scene->shelf->words : "none");
    else if (what == '5')
        left_out(&of.scope, words, sizeof words);
    offer_many(d, &of, words);
}

bool ask_scope(struct dialog *d, const struct scene *scene, enum command_kind kind,
               const struct glyphs *glyphs) {
    char keys[24] = "";
    dialog_start(d, ASK_SCOPE);
    d->command.kind = kind;
    str_copy(d->title, sizeof d->title, is_retry(d) ? "Retry" : "Cancel");
    dialog_line(d, false, "What should be %s? Nothing happens yet.",
                is_retry(d) ? "tried again" : "cancelled");
    dialog_line(d, false, "%s", "");
    for (char what = '1'; what <= (is_retry(d) ? '5' : '4'); what++)
        offer_scope(d, scene, what, glyphs);
    dialog_line(d, false, "%s", "");
    if (str_starts(d->choices, "12345"))
        str_copy(keys, sizeof keys, "1-5 ");
    else
        for (const char *k = d->choices; *k != '\0'; k++)
            str_format(keys + strlen(keys), sizeof keys - strlen(keys), "%c ", *k);
    str_format(d->ask, sizeof d->ask, "%schoose      any other key: nothing changes", keys);
    str_format(d->ask_short, sizeof d->ask_short, "%schoose   other keys: nothing", keys);
    return d->choices[0] != '\0';
}

/* --- the question ---------------------------------------------------------------------------- */

static void careful_line(struct dialog *d) {
    const struct scope *p = &d->scope;
    if (!is_retry(d))
        dialog_line(d, true, "CAREFUL  cancelled mail is not sent; for 60s u undoes it");
    else if (p->per_min > 0 && p->what == '4' &&
             p->errors[0] == '\0') /* a filter's: which error? */
        dialog_line(d, true, "CAREFUL  mail still fails: %s in the last minute",
                    figure_count(p->per_min).text);
    else if (p->per_min > 0)
        dialog_line(d, true, "CAREFUL  %s error still happens: %s in the last minute",
                    p->what == '1' || p->what == '3' ? "this" : "the first",
                    figure_count(p->per_min).text);
}

static void one_lines(struct dialog *d) {
    const struct scope *p = &d->scope;
    dialog_line(d, true, "%s%s%s", d->command.message_id, p->to[0] != '\0' ? " to " : "", p->to);
    if (p->text[0] != '\0')
        dialog_line(d, false, "%s", p->text);
    if (p->uncertain_in && is_retry(d))
        dialog_line(d, true, "Twice?   it may have been sent already");
}

static void twice_line(struct dialog *d) {
    const struct scope *p = &d->scope;
    if (!is_retry(d))
        return;
    if (p->uncertain == 0 && p->uncertain_in)
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
    if (p->what == '2' && d->command.id_count > 0)
        dialog_line(d, true, "Which    %s", p->which);
    else
        dialog_line(d, true, "Which    %s by %s %s; none newer", p->which,
                    figure_clock_s(p->fixed_us).text, figure_zone());
    if (p->capped)
        dialog_line(d, true, "Number   at least %s: counting stops there", figure_count(p->n).text);
    if (p->errors[0] != '\0')
        dialog_line(d, false, "Errors   %s", p->errors);
    else if (p->text[0] != '\0')
        dialog_line(d, false, "Error    %s", p->text);
    if (p->quota_left >= 0 && is_retry(d))
        dialog_line(d, false, "Quota    %s of the %s left today", figure_count(d->number).text,
                    figure_count(p->quota_left).text);
    twice_line(d);
}

/* Lines, number and command follow from the scope alone. */
static void fill(struct dialog *d) {
    struct scope *p = &d->scope;
    const char *verb = is_retry(d) ? "retry" : "cancel";
    int64_t n = p->n + (p->uncertain_in ? p->uncertain : 0);
    d->line_count = 0;
    d->typed[0] = '\0';
    d->number = n;
    d->command.named = n;
    str_format(d->title, sizeof d->title, "%s %s message%s on %s", is_retry(d) ? "Retry" : "Cancel",
               figure_count_capped(n, p->capped).text, plural(n), p->database);
    if (p->what == '1')
        one_lines(d);
    else
        many_lines(d);
    careful_line(d);
    dialog_line(d, false, "%s", "");
    str_copy(d->choices, sizeof d->choices, p->uncertain > 0 && is_retry(d) ? "i" : "");
    d->command.filter.uncertain_too = p->uncertain_in;
    if (n > BY_KEY || p->capped || (p->uncertain_in && is_retry(d)) || n == 0) {
        str_format(d->ask, sizeof d->ask, "Type %lld and press Enter to %s.  Esc: nothing changes.",
                   (long long)n, verb);
        str_format(d->ask_short, sizeof d->ask_short, "Type %lld, Enter.  Esc: nothing",
                   (long long)n);
        return;
    }
    d->number = 0;
    str_copy(d->choices, sizeof d->choices, p->uncertain > 0 && is_retry(d) ? "yi" : "y");
    str_format(d->ask, sizeof d->ask, "y %s %s      any other key: nothing changes", verb,
               n == 1 ? "it" : "them");
    str_format(d->ask_short, sizeof d->ask_short, "y %s %s   other keys: nothing", verb,
               n == 1 ? "it" : "them");
}

static void start(struct dialog *d, const struct scene *scene, enum command_kind kind) {
    const struct snap_lane *lane = snapshot_worst_lane(scene->live.s);
    dialog_start(d, ASK_CHANGE);
    d->command.kind = kind;
    d->scope.fixed_us = scene->live.now_us;
    d->scope.quota_left = -1;
    if (lane != NULL && lane->today_allowed > 0 && lane->today_used >= 0)
        d->scope.quota_left =
            lane->today_allowed > lane->today_used ? lane->today_allowed - lane->today_used : 0;
    str_copy(d->scope.database, sizeof d->scope.database, scene->live.s->database);
}

/* What is fixed by a time: this one, unless its filter ends earlier. */
static void fix_time(struct dialog *d) {
    if (d->command.message_id[0] == '\0' && d->command.id_count == 0 &&
        d->command.filter.until_us == 0)
        d->command.filter.until_us = d->scope.fixed_us;
}

bool ask_change(struct dialog *d, const struct scene *scene, enum command_kind kind, char what) {
    start(d, scene, kind);
    if (!scope_choose(d, scene, what))
        return false;
    fix_time(d);
    if (d->scope.n >= 0)
        fill(d);
    return true;
}

void ask_command(struct dialog *d, const struct scene *scene, const struct command *c) {
    start(d, scene, c->kind);
    d->command = *c;
    d->scope.what = '4';
    d->scope.n = -1;
    str_copy(d->scope.which, sizeof d->scope.which, "what the command names, until");
    if (c->id_count > 0) {
        d->scope.what = '2';
        d->scope.n = c->id_count;
        str_copy(d->scope.which, sizeof d->scope.which, "those whose ids were given");
    }
    d->scope.uncertain_in = str_eq(c->filter.error_code, "uncertain");
    fix_time(d);
    if (d->scope.n >= 0)
        fill(d);
}

void ask_counted(struct dialog *d, int64_t n, int64_t uncertain) {
    d->scope.n = n;
    d->scope.uncertain = uncertain > 0 ? uncertain : 0;
    fill(d);
}

void ask_uncertain_too(struct dialog *d) {
    d->scope.uncertain_in = !d->scope.uncertain_in;
    d->opened_us = DIALOG_NOT_SHOWN;
    fill(d);
}
