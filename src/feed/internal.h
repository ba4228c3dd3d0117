/* What the files of src/feed share. */
#ifndef POSTROOM_FEED_INTERNAL_H
#define POSTROOM_FEED_INTERNAL_H

#include "core/command.h"
#include "core/ring.h"
#include "db/admin.h"
#include "db/undo.h"
#include "feed/feed.h"

/* Where a command is done, and who hears of it. */
struct deed {
    struct db *db;
    struct ring *ring;
    void (*meanwhile)(void *ctx); /* between the batches of a long one */
    void *ctx;
    struct undo *undo;      /* what the last retry or cancel changed */
    int64_t *undo_until_us; /* boot time; until then it can be taken back */
    char did[120];          /* what the operator did, for the others; "" : nothing */
};

/* Does it, answers with EVENT_ANSWER events. The database may have gone away meanwhile. */
void deed_run(struct deed *d, const struct command *c);

/* The last answer to a command. */
void feed_answer(struct ring *ring, const struct command *c, const char *text);

/* The answers' words, pure. `doing` is COMMAND_RETRY or COMMAND_CANCEL. */
void deed_say_totals(char *dst, size_t size, enum command_kind doing, const struct admin_totals *t);
void deed_say_undo(char *dst, size_t size, const struct admin_totals *t, bool cut);
void deed_say_trigger(char *dst, size_t size, const struct admin_trigger *t);
void deed_say_pause(char *dst, size_t size, const char *worker, const struct admin_pause *p);
void deed_say_resume(char *dst, size_t size, const char *worker, const struct admin_pause *p);

#endif
