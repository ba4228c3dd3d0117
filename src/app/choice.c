/* IDs, or a switch with filters, become a struct admin_choice; the totals become one honest line:
 * how many were asked for, how many were changed, how many somebody else took meanwhile. */
#include "app/choice.h"

#include "app/tool.h"
#include "base/str.h"
#include "core/figures.h"

#include <stdio.h>

static bool fits(char *dst, size_t size, const struct args *args, const char *name,
                 struct err *err) {
    const char *text = args_value(args, name);
    if (!text || (*text && str_is_clean(text) && str_copy(dst, size, text)))
        return true;
    return err_set(err, ERR_USAGE, "%s: --%s: allowed is a text of 1 to %zu bytes", args->cmd->name,
                   name, size - 1);
}

static bool read_filter(const struct args *args, struct filter *f, struct when *since,
                        struct err *err) {
    return fits(f->error_code, sizeof f->error_code, args, "error", err) &&
           fits(f->to, sizeof f->to, args, "to", err) && args_time(args, "since", true, since, err);
}

/* Either IDs or the switch: neither would be a guess, both a contradiction. */
static bool check_which(const struct choice_kind *kind, const struct args *args, struct err *err) {
    bool all = args_has(args, kind->all);
    bool filtered = args_has(args, "error") || args_has(args, "to") || args_has(args, "since");
    const char *name = args->cmd->name;
    if (args->word_count > 0 && (all || filtered))
        return err_set(err, ERR_USAGE, "%s: give IDs, or --%s with filters, not both", name,
                       kind->all);
    if (args->word_count == 0 && !all)
        return err_set(err, ERR_USAGE,
                       "%s: which messages? Give IDs, or --%s for all of them; see `postroom %s "
                       "--help`",
                       name, kind->all, name);
    return true;
}

static void say_uncertain(int64_t n) {
    if (n > 0)
        printf("; %s uncertain left out, maybe sent already: name them with --error uncertain",
               figure_count(n).text);
}

static void say_totals(const struct choice_kind *kind, const struct admin_totals *t) {
    if (t->taken == 0 && t->done == t->asked)
        printf("%s %s", tool_messages(t->done).text, kind->done);
    else
        printf("%s asked: %s %s, %s %s", figure_count(t->asked).text, figure_count(t->done).text,
               kind->done, figure_count(t->taken).text, kind->left);
    say_uncertain(t->uncertain_left);
    printf("\n");
}

static bool apply(const struct choice_kind *kind, const struct args *args, struct db *db,
                  const struct admin_choice *c, struct admin_totals *t, struct err *err) {
    if (args_has(args, "dry-run")) {
        if (!admin_count(db, kind->kind, c, t, err))
            return false;
        printf("%s would be %s", tool_messages(t->asked).text, kind->done);
        say_uncertain(t->uncertain_left);
        printf("; nothing was changed\n");
        return true;
    }
    bool done = admin_change(db, kind->kind, tool_operator(), c, tool_progress,
                             (void *)args->cmd->name, t, err);
    tool_progress_end();
    if (done || t->done > 0)
        say_totals(kind, t);
    return done;
}

int choice_run(const struct choice_kind *kind, const struct args *args, const struct settings *s) {
    struct err err;
    struct when since = {0};
    struct admin_totals t = {0};
    struct admin_choice c = {.ids = args->words, .id_count = (size_t)args->word_count};
    if (!check_which(kind, args, &err) || !read_filter(args, &c.filter, &since, &err))
        return cmd_fail(&err);
    c.filter.uncertain_too = c.id_count > 0; /* an ID names it */
    if (kind->code[0])
        str_copy(c.filter.error_code, sizeof c.filter.error_code, kind->code);
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    c.filter.since_us = when_at(&since, db_clock_skew_us(db));
    bool done = apply(kind, args, db, &c, &t, &err);
    db_free(db);
    if (!done)
        return cmd_fail(&err);
    bool none_of_those_named = args->word_count > 0 && t.asked > 0 && t.done == 0;
    return none_of_those_named && !args_has(args, "dry-run") ? EXIT_FAILED : EXIT_DONE;
}
