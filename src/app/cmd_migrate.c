/* migrate: creates or upgrades the schema, or prints what it would run. */
#include "app/cmd.h"
#include "db/schema.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"dry-run", NULL, "print the SQL of what is missing, change nothing", false},
    {"notify", "on|off", "the trigger that wakes workers by NOTIFY; remembered", false},
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

static int run(const struct args *args, const struct settings *s) {
    struct err err;
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
               "configuration file.",
    .options = options,
    .run = run,
};
