/* mark-sent: uncertain messages that somebody knows to have been sent. */
#include "app/choice.h"

static const struct option options[] = {
    {"uncertain", NULL, "all uncertain messages, or those the filters name", false},
    {"to", "TEXT", "only with this in the recipient", false},
    {"since", "TIME", "only created since: a date, a time (UTC), or 2h, 3d ago", false},
    {"dry-run", NULL, "say how many, change nothing", false},
    {NULL, NULL, NULL, false},
};

static int run(const struct args *args, const struct settings *s) {
    static const struct choice_kind kind = {COMMAND_MARK_SENT, "uncertain", "marked as sent",
                                            "not uncertain any more", "uncertain"};
    return choice_run(&kind, args, s);
}

const struct cmd cmd_mark_sent = {
    .name = "mark-sent",
    .arguments = "ID... | --uncertain",
    .summary = "settle uncertain messages that are known to have been sent",
    .details =
        "An uncertain message went out and its answer was lost: it may have been sent. Where the\n"
        "provider's log or the recipient says that it was, this makes it `sent`; where it was\n"
        "not, `postroom retry --failed --error uncertain` sends it.",
    .options = options,
    .max_words = -1,
    .run = run,
};
