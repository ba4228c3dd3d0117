/* Addresses that must not be mailed: postroom.suppressions. Called by the thread that owns the
 * struct db. */
#ifndef POSTROOM_DB_SUPPRESS_H
#define POSTROOM_DB_SUPPRESS_H

#include "core/message.h"
#include "db/db.h"

/* Fills `suppressed` of those of the messages that name such an address: as recipient, in cc or in
 * bcc; with the scope `marketing` only where their kind is that. */
bool suppress_screen(struct db *db, struct message *messages, int n, struct err *err) MUST_CHECK;

/* --- what operators do; each stands in the journal -------------------------------------------- */

struct suppress_totals {
    int64_t changed;
    int64_t unchanged; /* it was so before */
};

/* Bare addresses; scope "all" or "marketing", NULL: "all" to add, any to remove. */
bool suppress_add(struct db *db, const char *who, const char *const *emails, int n,
                  const char *scope, const char *reason, struct suppress_totals *out,
                  struct err *err) MUST_CHECK;
bool suppress_remove(struct db *db, const char *who, const char *const *emails, int n,
                     const char *scope, struct suppress_totals *out, struct err *err) MUST_CHECK;

/* {"email","scope","reason","source","created_at"}, newest first; valid during the call. text: a
 * part of the address, NULL: any. False ends the list. */
typedef bool suppress_row_fn(void *ctx, const char *json);
bool suppress_list(struct db *db, const char *text, int limit, suppress_row_fn *row, void *ctx,
                   struct err *err) MUST_CHECK;

#endif
