/* run: a worker, with the dashboard where there is a terminal for it. */
#include "app/cmd.h"
#include "app/files.h"
#include "app/tool.h"
#include "app/wire.h"

#include <unistd.h>

static const struct option options[] = {
    {"no-ui", NULL, "the worker alone, as a daemon; its log goes to stdout", false},
    {"once", NULL, "send everything due, then exit; 1 if a message failed or was left", false},
    {"read-only", NULL, "a dashboard that can change nothing", false},
    {"refresh", "SECONDS", "how often the dashboard is drawn", false},
    {"bell", NULL, "ring when the state changes", false},
    {NULL, NULL, NULL, false},
};

/* Asked for a screen on a terminal that cannot show it: said once, in the log. */
static bool screen_possible(const struct args *args) {
    struct err why;
    if (args_has(args, "no-ui") || args_has(args, "once"))
        return false;
    if (ui_possible(&why))
        return true;
    if (isatty(STDOUT_FILENO))
        log_event(LOG_WARN, "no_dashboard", "%s", why.text);
    return false;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    log_open(s->log_format, STDOUT_FILENO);
    struct wire_plan plan = {.worker = true, .once = args_has(args, "once")};
    plan.ui = (struct ui_options){.operator_name = tool_operator(),
                                  .read_only = args_has(args, "read-only"),
                                  .bell = args_has(args, "bell"),
                                  .worker_here = true,
                                  .drain_timeout_ms = s->drain_timeout_ms};
    if (!args_double(args, "refresh", 0.1, 3600, &plan.ui.refresh_s, &err))
        return cmd_fail(&err);
    plan.screen = screen_possible(args) ? SCREEN_FULL : SCREEN_NONE;
    struct settings fitted = *s;
    fitted.concurrency = files_fit(s->concurrency);
    return wire_run(&fitted, &plan);
}

const struct cmd cmd_run = {
    .name = "run",
    .arguments = "",
    .summary = "send mail, with the dashboard in this terminal (the default)",
    .details =
        "Claims due messages of the database, sends them through the provider and writes\n"
        "what became of them. Ends on q, SIGINT or SIGTERM, when what is in flight is done\n"
        "(drain_timeout at most); a second signal ends it at once. Without a terminal it\n"
        "is as with --no-ui. With the key `listen` set it also answers HTTP: process now,\n"
        "health, readiness, metrics. The dashboard's key ? shows all keys. postroom(1) says\n"
        "more of both.",
    .options = options,
    .run = run,
};
