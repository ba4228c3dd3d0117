/* The input line: a reason, a filter, a command. A command's words are the command line's. */
#include "ui/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/when.h"

#include <string.h>

#define WORDS_MAX 40

static void start(struct ui *ui, enum asked_for what, const char *label) {
    ui->prompting = true;
    ui->asked_for = what;
    prompt_start(&ui->prompt, label);
}

void line_filter(struct ui *ui) {
    start(ui, ASKED_FILTER, "/");
    str_copy(ui->prompt.text, sizeof ui->prompt.text,
             ui->places.view == VIEW_JOURNAL ? ui->places.journal_words : ui->shelf.words);
}

void line_command(struct ui *ui) {
    start(ui, ASKED_COMMAND, ":");
}

/* --- words ------------------------------------------------------------------------------------ */

struct words {
    char text[200];
    char *word[WORDS_MAX];
    int count;
};

/* At blanks; "in quotes" is one word. */
static void split(struct words *w, const char *line) {
    str_copy(w->text, sizeof w->text, line);
    w->count = 0;
    char *p = w->text;
    while (w->count < WORDS_MAX) {
        p += strspn(p, " \t");
        if (*p == '\0')
            return;
        bool quoted = *p == '"' && strchr(p + 1, '"') != NULL;
        p += quoted;
        w->word[w->count++] = p;
        p += strcspn(p, quoted ? "\"" : " \t");
        if (*p != '\0')
            *p++ = '\0';
    }
}

/* --- retry, cancel, pause, resume, trigger ---------------------------------------------------- */

struct typed {
    struct command c;
    bool all; /* --failed, --pending */
    int64_t now_us;
};

static bool set_since(struct typed *t, const char *value, struct err *err) {
    struct when when;
    if (!when_parse(value, true, &when, err))
        return err_wrap(err, "--since");
    t->c.filter.since_us = when_at(&when, t->now_us - clock_wall_us());
    return true;
}

static bool take_option(struct typed *t, const char *name, const char *value, struct err *err) {
    struct filter *f = &t->c.filter;
    bool bulk = t->c.kind == COMMAND_RETRY || t->c.kind == COMMAND_CANCEL;
    bool pauses = t->c.kind == COMMAND_PAUSE || t->c.kind == COMMAND_RESUME;
    if (bulk && str_eq(name, "--error"))
        str_copy(f->error_code, sizeof f->error_code, value);
    else if (bulk && str_eq(name, "--to"))
        str_copy(f->to, sizeof f->to, value);
    else if (bulk && str_eq(name, "--since"))
        return set_since(t, value, err);
    else if (pauses && str_eq(name, "--worker"))
        str_copy(t->c.worker, sizeof t->c.worker, value);
    else if (t->c.kind == COMMAND_PAUSE && str_eq(name, "--reason"))
        str_copy(t->c.text, sizeof t->c.text, value);
    else
        return err_set(err, ERR_USAGE, "%s: there is no %s", command_name(t->c.kind), name);
    return true;
}

static bool take_id(struct typed *t, const char *id, struct err *err) {
    if (t->c.kind != COMMAND_RETRY && t->c.kind != COMMAND_CANCEL)
        return err_set(err, ERR_USAGE, "%s takes no \"%s\"", command_name(t->c.kind), id);
    if (t->c.id_count == COMMAND_IDS)
        return err_set(err, ERR_USAGE, "at most %d ids", COMMAND_IDS);
    str_copy(t->c.ids[t->c.id_count++], sizeof t->c.ids[0], id);
    return true;
}

static bool take_words(struct typed *t, const struct words *w, struct err *err) {
    const char *all = t->c.kind == COMMAND_RETRY ? "--failed" : "--pending";
    for (int i = 1; i < w->count; i++) {
        const char *word = w->word[i], *value = i + 1 < w->count ? w->word[i + 1] : NULL;
        if (str_eq(word, all)) {
            t->all = true;
        } else if (str_starts(word, "--") && value == NULL) {
            return err_set(err, ERR_USAGE, "%s what?", word);
        } else if (str_starts(word, "--")) {
            if (!take_option(t, word, value, err))
                return false;
            i++;
        } else if (!take_id(t, word, err)) {
            return false;
        }
    }
    bool bulk = t->c.kind == COMMAND_RETRY || t->c.kind == COMMAND_CANCEL;
    if (bulk && t->c.id_count == 0 && !t->all)
        return err_set(err, ERR_USAGE, "%s what: ids, or %s", command_name(t->c.kind), all);
    if (bulk && t->c.id_count > 0 && (t->all || !filter_is_empty(&t->c.filter)))
        return err_set(err, ERR_USAGE, "%s: ids, or %s with filters, not both",
                       command_name(t->c.kind), all);
    return true;
}

static bool change(struct ui *ui, const struct scene *scene, const struct words *w, int64_t boot_us,
                   struct err *err) {
    static const enum command_kind kinds[] = {COMMAND_RETRY, COMMAND_CANCEL, COMMAND_PAUSE,
                                              COMMAND_RESUME, COMMAND_TRIGGER};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct typed t = {.c = {.kind = kinds[i]}, .now_us = scene->live.now_us};
        if (!str_eq(w->word[0], command_name(kinds[i])))
            continue;
        if (take_words(&t, w, err))
            change_typed(ui, scene, &t.c, boot_us);
        return true;
    }
    return false;
}

/* --- the other words -------------------------------------------------------------------------- */

static void set_refresh(struct ui *ui, const struct words *w, int64_t boot_us, struct err *err) {
    double seconds;
    if (w->count != 2 || !str_to_double(w->word[1], &seconds) || !(seconds >= 0.1) ||
        seconds > 60) {
        err_set(err, ERR_USAGE, ":refresh takes seconds, 0.1 to 60");
        return;
    }
    ui->every_us = (int64_t)(seconds * (double)USEC_PER_SEC);
    act_answer(ui, boot_us, "the screen is drawn every %g s", seconds);
}

/* Everything behind the first word. */
static const char *rest_of(const char *line) {
    line += strspn(line, " \t");
    line += strcspn(line, " \t");
    return line + strspn(line, " \t");
}

static void run(struct ui *ui, const struct scene *scene, const char *line, int64_t boot_us) {
    struct words w;
    struct err err = {0};
    split(&w, line);
    if (w.count == 0)
        return;
    const char *first = w.word[0];
    if (change(ui, scene, &w, boot_us, &err)) {
        ;
    } else if (str_eq(first, "q") || str_eq(first, "quit")) {
        change_quit(ui, scene, boot_us);
    } else if (str_eq(first, "refresh")) {
        set_refresh(ui, &w, boot_us, &err);
    } else if (str_eq(first, "filter")) {
        if (ui->places.view != VIEW_LIST && ui->places.view != VIEW_JOURNAL)
            look_failures(ui, "", boot_us);
        look_filter(ui, rest_of(line), boot_us);
    } else if (str_eq(first, "help")) {
        look_at(ui, VIEW_HELP);
    } else if (w.count == 1) {
        look_message(ui, first, boot_us);
    } else {
        err_set(&err, ERR_USAGE,
                "there is no :%.40s; :ID, :retry, :cancel, :pause, :resume, :trigger, :filter, "
                ":refresh, :q",
                first);
    }
    if (err.code != ERR_NONE)
        act_answer(ui, boot_us, "%s", err.text);
}

void line_key(struct ui *ui, const struct scene *scene, int32_t key, int64_t boot_us) {
    enum prompt_end end = prompt_key(&ui->prompt, key);
    if (end == PROMPT_OPEN)
        return;
    ui->prompting = false;
    if (end == PROMPT_LEFT)
        return;
    switch (ui->asked_for) {
    case ASKED_REASON:
        change_reason(ui, boot_us);
        break;
    case ASKED_FILTER:
        look_filter(ui, str_trim(ui->prompt.text), boot_us);
        break;
    case ASKED_COMMAND:
        run(ui, scene, ui->prompt.text, boot_us);
        break;
    }
}
