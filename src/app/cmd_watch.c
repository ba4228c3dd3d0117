/* watch: the dashboard alone, on a database whose workers run elsewhere, or on a fixed picture. */
#include "app/cmd.h"
#include "app/tool.h"
#include "app/wire.h"
#include "base/file.h"
#include "core/snapshot.h"

#define FIXTURE_MAX ((size_t)4 * 1024 * 1024)

static const struct option options[] = {
    {"read-only", NULL, "change nothing; the connection itself is read-only", false},
    {"refresh", "SECONDS", "how often the screen is drawn", false},
    {"bell", NULL, "ring when the state changes", false},
    {"demo", "FIXTURE", "draw this fixed state (JSON) without a database", false},
    {"now", "TIME", "with --demo: where its clock stands still", false},
    {NULL, NULL, NULL, false},
};

static struct snapshot *read_fixture(const char *path, struct err *err) {
    struct buf text;
    struct snapshot *snapshot = NULL;
    buf_init(&text, FIXTURE_MAX);
    if (file_read(path, &text, NULL, err)) {
        snapshot = snapshot_parse(buf_text(&text), text.len, err);
        if (!snapshot)
            err_wrap(err, "%.200s", path);
    }
    buf_free(&text);
    return snapshot;
}
static int run_demo(const struct args *args, const struct settings *s, struct wire_plan *plan) {
    struct err err;
    struct when now = {0};
    if (!args_time(args, "now", true, &now, &err))
        return cmd_fail(&err);
    plan->fixture = read_fixture(args_value(args, "demo"), &err);
    if (!plan->fixture)
        return cmd_fail(&err);
    plan->ui.demo = true;
    plan->ui.demo_now_us = now.us ? now.us : plan->fixture->published_at_us;
    int code = wire_run(s, plan);
    snapshot_release(plan->fixture);
    return code;
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct wire_plan plan = {.ui = {.operator_name = tool_operator(),
                                    .read_only = args_has(args, "read-only"),
                                    .bell = args_has(args, "bell")}};
    if (!args_double(args, "refresh", 0.1, 3600, &plan.ui.refresh_s, &err))
        return cmd_fail(&err);
    if (args_has(args, "now") && !args_has(args, "demo"))
        return cmd_usage(args->cmd, "--now goes with --demo");
    plan.screen = ui_possible(&err) ? SCREEN_FULL : SCREEN_PLAIN;
    return args_has(args, "demo") ? run_demo(args, s, &plan) : wire_run(s, &plan);
}

const struct cmd cmd_watch = {
    .name = "watch",
    .arguments = "",
    .summary = "the dashboard alone, on a database whose workers run elsewhere",
    .details =
        "The key ? shows all keys; postroom(1) says more of each. Without a terminal it prints\n"
        "the state when it changes, and once a minute.",
    .options = options,
    .run = run,
};
