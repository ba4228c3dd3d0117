/* `retry`, `cancel` and `mark-sent`: which messages are meant, and what became of them. Main
 * thread. */
#ifndef POSTROOM_APP_CHOICE_H
#define POSTROOM_APP_CHOICE_H

#include "app/cmd.h"
#include "db/admin.h"

/* What makes one of them: the switch that means "all of them" and the words of its answers. */
struct choice_kind {
    enum command_kind kind;
    const char *all;  /* "failed": --failed */
    const char *done; /* "queued" */
    const char *left; /* what is said of those that were not: "already taken" */
    const char *code; /* the error code that is meant whatever the filters say; "" : none */
};

int choice_run(const struct choice_kind *kind, const struct args *args, const struct settings *s);

#endif
