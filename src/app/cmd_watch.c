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
    {"bell", NULL, "ring when the state turns bad", false},
    {"demo", "FIXTURE", "draw this fixed state (JSON) without a database", false},
    {"now", "TIME", "with --demo: where its clock stands still", false},
    {NULL, NULL, NULL, false},
};

/* --- a fixed picture -------------------------------------------------------------------------- */

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
static int draw_fixture(struct ui_options *ui, struct snapshot *snapshot) {
    struct err err;
    struct wake wake = {.fd = -1};
    struct life life;
    struct board *board = NULL;
    struct ring *ring = NULL;
    int code = EXIT_DONE;
    life_init(&life);
    bool ready = wake_open(&wake, &err) && (board = board_new(&wake, &err)) &&
                 (ring = ring_new(1, &wake, &err));
    if (ready) {
        struct ui_ports ports = {.board = board, .ring = ring, .life = &life, .wake = &wake};
        board_post(board, snapshot_hold(snapshot));
        if (ui_run(ui, &ports, &err) == UI_REFUSED)
            code = cmd_fail(&err);
    } else {
        code = cmd_fail(&err);
    }
    ring_free(ring);
    board_free(board);
    wake_close(&wake);
    return code;
}

static int run_demo(const struct args *args, struct ui_options *ui) {
    struct err err;
    struct when now = {0};
    if (!args_time(args, "now", true, &now, &err) || !ui_possible(&err))
        return cmd_fail(&err);
    struct snapshot *snapshot = read_fixture(args_value(args, "demo"), &err);
    if (!snapshot)
        return cmd_fail(&err);
    ui->demo = true;
    ui->demo_now_us = now.us ? now.us : snapshot->published_at_us;
    int code = draw_fixture(ui, snapshot);
    snapshot_release(snapshot);
    return code;
}

/* --- a database ------------------------------------------------------------------------------- */

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct wire_plan plan = {.ui = {.operator_name = tool_operator(),
                                    .read_only = args_has(args, "read-only"),
                                    .bell = args_has(args, "bell")}};
    if (!args_double(args, "refresh", 0.1, 3600, &plan.ui.refresh_s, &err))
        return cmd_fail(&err);
    if (args_has(args, "demo"))
        return run_demo(args, &plan.ui);
    if (args_has(args, "now"))
        return cmd_usage(args->cmd, "--now goes with --demo");
    plan.screen = ui_possible(&err) ? SCREEN_FULL : SCREEN_PLAIN;
    return wire_run(s, &plan);
}

const struct cmd cmd_watch = {
    .name = "watch",
    .arguments = "",
    .summary = "the dashboard alone, on a database whose workers run elsewhere",
    .details = "Without a terminal it prints the state when it changes, and once a minute.",
    .options = options,
    .run = run,
};
