/* cancel: pending or failed messages are never sent. */
#include "app/choice.h"

static const struct option options[] = {
    {"pending", NULL, "all pending messages, or those the filters name", false},
    {"error", "CODE", "instead the failed ones with this error code", false},
    {"to", "TEXT", "only with this in the recipient", false},
    {"since", "TIME", "only created since: a date, a time (UTC), or 2h, 3d ago", false},
    {"dry-run", NULL, "say how many, change nothing", false},
    {NULL, NULL, NULL, false},
};

static int run(const struct args *args, const struct settings *s) {
    static const struct choice_kind kind = {COMMAND_CANCEL, "pending", "cancelled", "already taken",
                                            ""};
    return choice_run(&kind, args, s);
}

const struct cmd cmd_cancel = {
    .name = "cancel",
    .arguments = "ID... | --pending",
    .summary = "cancel pending or failed messages",
    .details = "A message that is being sent can no longer be cancelled.",
    .options = options,
    .max_words = -1,
    .run = run,
};
