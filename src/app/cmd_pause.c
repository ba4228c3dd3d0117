/* pause, resume: all workers of this database, or one, stop claiming and go on. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/str.h"
#include "core/figures.h"

#include <stdio.h>

static const struct option pause_options[] = {
    {"reason", "TEXT", "why; everybody who looks sees it", false},
    {"worker", "NAME", "only this worker", false},
    {NULL, NULL, NULL, false},
};

static const struct option resume_options[] = {
    {"worker", "NAME", "only this worker", false},
    {NULL, NULL, NULL, false},
};

/* "all workers", or "worker mail01" */
struct target {
    char text[160];
};

static struct target name_target(const char *worker) {
    struct target t;
    struct buf clean;
    buf_init(&clean, sizeof t.text);
    str_sanitize(&clean, worker, 100);
    str_format(t.text, sizeof t.text, "%s%s", *worker ? "worker " : "all workers",
               buf_text(&clean));
    buf_free(&clean);
    return t;
}

static const char *be(const char *worker) {
    return *worker ? "is" : "are";
}

/* Says: `by bob, 6m ago: "key rotation"`. */
static void say_pause(const struct admin_pause *p) {
    struct buf clean;
    buf_init(&clean, 2048);
    str_sanitize(&clean, p->by, 100);
    buf_printf(&clean, ", %s ago", figure_age(p->now_us - p->since_us).text);
    if (*p->reason) {
        buf_puts(&clean, ": \"");
        str_sanitize(&clean, p->reason, 400);
        buf_puts(&clean, "\"");
    }
    printf(" by %s", buf_text(&clean));
    buf_free(&clean);
}

static int run_pause(const struct args *args, const struct settings *s) {
    struct err err;
    struct admin_pause p = {0};
    const char *worker = args_value(args, "worker"), *reason = args_value(args, "reason");
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    worker = worker ? worker : "";
    bool done = admin_pause(db, tool_operator(), worker, reason ? reason : "", &p, &err);
    db_free(db);
    if (!done)
        return cmd_fail(&err);
    if (p.changed) {
        printf("paused %s", name_target(worker).text);
        if (p.in_flight > 0)
            printf("; %s in flight finish first", tool_messages(p.in_flight).text);
    } else {
        printf("nothing was changed: %s %s paused", name_target(worker).text, be(worker));
        say_pause(&p);
    }
    printf("\n");
    return EXIT_DONE;
}

static int run_resume(const struct args *args, const struct settings *s) {
    struct err err;
    struct admin_pause p = {0};
    const char *worker = args_value(args, "worker");
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    worker = worker ? worker : "";
    bool done = admin_resume(db, tool_operator(), worker, &p, &err);
    db_free(db);
    if (!done)
        return cmd_fail(&err);
    if (p.changed) {
        printf("resumed %s; paused", name_target(worker).text);
        say_pause(&p);
        printf("\n");
    } else {
        printf("nothing was changed: %s %s not paused\n", name_target(worker).text, be(worker));
    }
    return EXIT_DONE;
}

const struct cmd cmd_pause = {
    .name = "pause",
    .arguments = "",
    .summary = "stop claiming: all workers of this database, or one",
    .details = "What is in flight finishes. The pause holds until `postroom resume`, whoever\n"
               "starts or ends meanwhile.",
    .options = pause_options,
    .run = run_pause,
};

const struct cmd cmd_resume = {
    .name = "resume",
    .arguments = "",
    .summary = "go on after a pause",
    .options = resume_options,
    .run = run_resume,
};
