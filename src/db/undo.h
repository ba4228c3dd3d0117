/* What the last retry or cancel changed, so that it can be taken back as far as nobody has taken
 * it further: batch by batch the ids, what they were, and the claim token they had.
 * Belongs to the thread that owns the struct db. */
#ifndef POSTROOM_DB_UNDO_H
#define POSTROOM_DB_UNDO_H

#include "db/admin.h"

#define UNDO_MAX 200000 /* messages; more are changed, but not kept in mind */

struct undo;

struct undo *undo_new(struct err *err) MUST_CHECK;
void undo_free(struct undo *u); /* NULL is fine */

/* Forgets what there is; from now on it is about changes of this kind. */
void undo_begin(struct undo *u, enum command_kind kind);

/* One batch as four array literals: ids, states, next attempts (microseconds), claim tokens. What
 * cannot be kept in mind is not: undoing then says so. */
void undo_note(struct undo *u, const char *const arrays[4], int64_t messages);

int64_t undo_count(const struct undo *u); /* messages kept in mind; 0: nothing to undo */
bool undo_is_cut(const struct undo *u);   /* more were changed than are kept in mind */
enum command_kind undo_kind(const struct undo *u);

/* Puts them back, with an entry in the journal. asked: those kept in mind; taken: what somebody
 * else has meanwhile. Forgets them. On failure *out holds what was put back until then. */
bool admin_undo(struct db *db, const char *who, struct undo *u, admin_progress_fn *progress,
                void *ctx, struct admin_totals *out, struct err *err) MUST_CHECK;

#endif
