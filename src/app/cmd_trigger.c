/* trigger: process what is due now; a parked lane tries one request. */
#include "app/cmd.h"
#include "app/tool.h"
#include "core/figures.h"

#include <stdio.h>

static int run(const struct args *args, const struct settings *s) {
    (void)args;
    struct err err;
    struct admin_trigger t = {0};
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    bool done = admin_trigger(db, tool_operator(), &t, &err);
    db_free(db);
    if (!done)
        return cmd_fail(&err);
    printf("triggered: %s due", figure_count_capped(t.due, t.capped).text);
    if (t.workers > 0)
        printf(", %s worker%s", figure_count(t.workers).text, t.workers == 1 ? "" : "s");
    else
        printf("; no worker is up: start one with `postroom run`");
    if (t.opened > 0)
        printf("; %s parked lane%s one request now", figure_count(t.opened).text,
               t.opened == 1 ? " tries" : "s try");
    if (t.paused)
        printf("; sending is paused: `postroom resume`");
    printf("\n");
    return EXIT_DONE;
}

const struct cmd cmd_trigger = {
    .name = "trigger",
    .arguments = "",
    .summary = "process what is due now; a parked lane tries one request",
    .run = run,
};
