/* migrate: creates or upgrades the schema, or prints what it would run; with --role the rights that
 * a role needs which works on it. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/str.h"
#include "db/rights.h"
#include "db/schema.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"dry-run", NULL, "print the SQL of what is missing, change nothing", false},
    {"notify", "on|off", "the trigger that wakes workers by NOTIFY; remembered", false},
    {"role", "NAME", "print the GRANTs that this role needs to work here, change nothing", false},
    {"apply", NULL, "with --role: run them", false},
    {"read-only", NULL, "with --role: for one that only looks (watch --read-only, status ...)",
     false},
    {NULL, NULL, NULL, false},
};

static void say(void *arg, const char *line) {
    (void)arg;
    printf("%s\n", line);
}

/* On a terminal only: which step runs; the last one wipes the line. */
static void step(void *arg, int done, int all, const char *what) {
    (void)arg;
    if (done < all)
        fprintf(stderr, "\r\033[K%d of %d: %.60s", done + 1, all, what);
    else
        fputs("\r\033[K", stderr);
    fflush(stderr);
}

/* --- a role's rights -------------------------------------------------------------------------- */

static bool print_grants(struct db *db, const char *role, enum rights_kind kind, struct err *err) {
    struct buf sql;
    buf_init(&sql, 64 * 1024);
    bool ok = rights_grants(db, role, kind, &sql, err);
    if (ok)
        printf("%s", buf_text(&sql));
    buf_free(&sql);
    return ok;
}

static bool apply_grants(struct db *db, const char *role, enum rights_kind kind, struct err *err) {
    if (!rights_apply(db, role, kind, err))
        return false;
    printf("done: the role %s may %s on %s\n", role, kind == RIGHTS_WORK ? "work" : "look",
           db_display_name(db));
    return true;
}

static int run_role(const struct args *args, const struct settings *s, const char *role) {
    struct err err;
    enum rights_kind kind = args_has(args, "read-only") ? RIGHTS_LOOK : RIGHTS_WORK;
    if (args_has(args, "dry-run") || args_has(args, "notify"))
        return cmd_usage(args->cmd, "--role goes with --apply and --read-only alone");
    if (!str_is_clean(role) || str_is_blank(role) || strlen(role) > 63)
        return cmd_usage(args->cmd, "--role \"%.63s\": allowed is the name of a role", role);
    struct db *db = tool_open(s, DB_TOOL, &err);
    bool done = db && (args_has(args, "apply") ? apply_grants(db, role, kind, &err)
                                               : print_grants(db, role, kind, &err));
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

/* --- the schema ------------------------------------------------------------------------------- */

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    const char *role = args_value(args, "role");
    if (role)
        return run_role(args, s, role);
    if (args_has(args, "apply") || args_has(args, "read-only"))
        return cmd_usage(args->cmd, "--apply and --read-only go with --role NAME");
    const char *notify = args_value(args, "notify");
    struct schema_options options_given = {.dry_run = args_has(args, "dry-run"),
                                           .notify = -1,
                                           .say = say,
                                           .step = isatty(STDERR_FILENO) ? step : NULL};
    if (notify && strcmp(notify, "on") != 0 && strcmp(notify, "off") != 0)
        return cmd_usage(args->cmd, "--notify \"%.40s\": allowed are: on off", notify);
    if (notify)
        options_given.notify = strcmp(notify, "on") == 0;
    if (!schema_migrate(s, &options_given, &err))
        return cmd_fail(&err);
    return EXIT_DONE;
}

const struct cmd cmd_migrate = {
    .name = "migrate",
    .arguments = "",
    .summary = "create or upgrade the tables; safe to run twice and while workers run",
    .details = "An existing table of messages is adopted: missing columns are added, nothing is\n"
               "dropped, renamed or retyped. Its names are mapped by [columns] in the\n"
               "configuration file.\n"
               "\n"
               "Workers need not own the tables: --role prints what a role of their own needs.",
    .options = options,
    .run = run,
};
