/* retry: failed messages become pending again. */
#include "app/choice.h"

static const struct option options[] = {
    {"failed", NULL, "all failed messages, or those the filters name", false},
    {"error", "CODE", "only with this error code; uncertain ones only by `--error uncertain`",
     false},
    {"to", "TEXT", "only with this in the recipient", false},
    {"since", "TIME", "only created since: a date, a time (UTC), or 2h, 3d ago", false},
    {"dry-run", NULL, "say how many, change nothing", false},
    {NULL, NULL, NULL, false},
};

static int run(const struct args *args, const struct settings *s) {
    static const struct choice_kind kind = {COMMAND_RETRY, "failed", "queued", "already taken", ""};
    return choice_run(&kind, args, s);
}

const struct cmd cmd_retry = {
    .name = "retry",
    .arguments = "ID... | --failed",
    .summary = "queue failed messages again",
    .details = "An uncertain message may have been sent already: it is retried only where it is\n"
               "named, by its ID or by --error uncertain.",
    .options = options,
    .max_words = -1,
    .run = run,
};
