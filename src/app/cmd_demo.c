/* `postroom demo`: see postroom work without a database, a key or a line of configuration. */
#include "app/cmd.h"
#include "demo/demo.h"

static const struct option options[] = {
    {.name = "headless",
     .help = "no dashboard: send everything, print a summary (the default "
             "without a terminal)"},
    {.name = "count", .argument = "N", .help = "messages to load (default 300)"},
    {0},
};

static int run(const struct args *args, const struct settings *settings) {
    (void)settings;
    struct err err = {0};
    int64_t count = DEMO_MAIL;
    if (!args_int(args, "count", 1, DEMO_MAX_MAIL, &count, &err))
        return cmd_fail(&err);
    struct demo_options o = {.headless = args_has(args, "headless"), .count = (int)count};
    return demo_run(&o, &err) ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_demo = {
    .name = "demo",
    .arguments = "",
    .summary = "private PostgreSQL, sandbox, sample mail, dashboard; leaves nothing behind",
    .details = "Needs PostgreSQL's server programs installed, not running. Everything lives in a\n"
               "folder below $TMPDIR or /tmp and is stopped and removed when you leave.\n"
               "\n"
               "Headless, the exit code is 0 only if the table agrees with what was loaded and\n"
               "the sandbox kept exactly the messages that the table calls sent.",
    .options = options,
    .no_settings = true,
    .run = run,
};
