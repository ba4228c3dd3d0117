/* `retry` and `cancel`: which messages are meant, and what became of them. Main thread. */
#ifndef POSTROOM_APP_CHOICE_H
#define POSTROOM_APP_CHOICE_H

#include "app/cmd.h"
#include "db/admin.h"

/* What makes one of the two: the switch that means "all of them" and the words of its answers. */
struct choice_kind {
    enum command_kind kind;
    const char *all;  /* "failed": --failed */
    const char *done; /* "queued" */
    bool (*change)(struct db *db, const char *who, const struct admin_choice *c,
                   admin_progress_fn *progress, void *ctx, struct admin_totals *out,
                   struct err *err);
};

int choice_run(const struct choice_kind *kind, const struct args *args, const struct settings *s);

#endif
