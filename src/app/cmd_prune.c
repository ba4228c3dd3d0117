/* prune: messages that are finished for long leave the table. */
#include "app/cmd.h"
#include "app/tool.h"
#include "base/str.h"
#include "db/prune.h"

#include <stdio.h>
#include <unistd.h>

#define SHORTEST_MS INT64_C(86400000) /* a day: a provider may still tell something of it */

static const struct option options[] = {
    {"older-than", "AGE", "how long ago they were sent, failed or cancelled: 90d, 36h", false},
    {"drop", NULL, "drop the partitions that are detached, too", false},
    {"dry-run", NULL, "say how many, change nothing", false},
    {NULL, NULL, NULL, false},
};

static void progress(void *arg, const struct prune_totals *t) {
    (void)arg;
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[Kprune: %s, %d %%", tool_messages(t->messages).text,
            (int)(t->blocks * 100 / (t->blocks_of > 0 ? t->blocks_of : 1)));
    fflush(stderr);
}

static void progress_end(void) {
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* arg: what was done with it. */
static void detached(void *arg, const char *partition) {
    struct buf clean;
    buf_init(&clean, 512);
    str_sanitize(&clean, partition, 400);
    printf("partition %s %s\n", buf_text(&clean), (const char *)arg);
    buf_free(&clean);
}

static bool read_age(const struct args *args, int64_t *ms, struct err *err) {
    const char *text = args_value(args, "older-than");
    if (!text)
        return err_set(err, ERR_USAGE,
                       "prune: how old? Give --older-than, for example"
                       " --older-than 90d; see `postroom prune --help`");
    if (str_to_duration_ms(text, ms) && *ms >= SHORTEST_MS)
        return true;
    return err_set(err, ERR_USAGE,
                   "prune: --older-than \"%.40s\": allowed is an age of 1d or more: 90d, 36h",
                   text);
}

static int run(const struct args *args, const struct settings *s) {
    struct err err;
    struct prune_totals totals;
    bool dry = args_has(args, "dry-run"), drop = args_has(args, "drop");
    struct prune_options o = {
        .dry_run = dry, .drop = drop, .progress = progress, .detached = detached};
    o.arg = (void *)(dry    ? drop ? "would be dropped" : "would be detached"
                     : drop ? "dropped"
                            : "detached: it is a table of its own now");
    if (!read_age(args, &o.older_than_ms, &err))
        return cmd_fail(&err);
    struct db *db = tool_open(s, DB_TOOL, &err);
    if (!db)
        return cmd_fail(&err);
    bool done = prune(db, tool_operator(), &o, &totals, &err);
    progress_end();
    if (done || totals.messages > 0)
        printf("%s %s\n", tool_messages(totals.messages).text,
               dry ? "would be deleted; nothing was changed" : "deleted");
    db_free(db);
    return done ? EXIT_DONE : cmd_fail(&err);
}

const struct cmd cmd_prune = {
    .name = "prune",
    .arguments = "--older-than AGE",
    .summary = "delete old messages that are finished, in batches",
    .details =
        "Finished is what was sent, cancelled or has failed for good. What is pending, will\n"
        "be tried again or is uncertain stays, however old. Where the table is partitioned\n"
        "by created_at, partitions that hold nothing else are detached as a whole, to be\n"
        "archived or dropped; the rest is deleted while workers go on.",
    .options = options,
    .run = run,
};
