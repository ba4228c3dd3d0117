/* What operators do: pause, resume, trigger, retry, cancel, enqueue. Each is one or several short
 * statements, each conditional on the state it found (so that two operators' answers add up), and
 * each stands in the journal with who did it. Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_ADMIN_H
#define POSTROOM_DB_ADMIN_H

#include "core/command.h"
#include "db/db.h"

#include <stddef.h>

struct undo;

/* --- pause, resume, trigger ------------------------------------------------------------------- */

struct admin_pause {
    bool changed; /* false: it was so before */
    char by[64];  /* who holds or held the pause */
    char reason[200];
    int64_t since_us;  /* of that pause */
    int64_t now_us;    /* the database's clock */
    int64_t in_flight; /* messages that finish yet */
};

/* worker: "" = all workers of this database, else one by name or id (ERR_NOTFOUND names those that
 * are here). Pausing again with a reason replaces the reason of one's own pause. */
bool admin_pause(struct db *db, const char *who, const char *worker, const char *reason,
                 struct admin_pause *out, struct err *err) MUST_CHECK;
bool admin_resume(struct db *db, const char *who, const char *worker, struct admin_pause *out,
                  struct err *err) MUST_CHECK;

struct admin_trigger {
    int64_t due; /* messages due now, counted up to 10,000 */
    bool capped;
    int64_t workers; /* heard of within 30 s */
    int64_t opened;  /* parked lanes that now try one request */
    bool paused;     /* nothing will move before a resume */
};
bool admin_trigger(struct db *db, const char *who, struct admin_trigger *out,
                   struct err *err) MUST_CHECK;

/* --- retry, cancel, mark sent ----------------------------------------------------------------- */

/* Which messages: ids, or where there are none what the filter names.
 * retry: failed ones; uncertain ones only where the filter's error_code is "uncertain" or
 *        uncertain_too is set (with ids as well).
 * cancel: with an error_code, or the status of such a list, failed ones, else pending ones; with
 *        ids both.
 * mark sent: uncertain ones alone, which somebody knows to have been sent. */
struct admin_choice {
    const char *const *ids;
    size_t id_count;
    struct filter filter;
    int64_t named;      /* how many the filter held when its caller looked: what is no longer there
                           was taken meanwhile; 0: nobody looked */
    struct undo *trail; /* notes what is changed, see db/undo.h; NULL: nobody takes it back */
};

struct admin_totals {
    int64_t asked; /* chosen when it began, or named before */
    int64_t done;
    int64_t taken;          /* somebody was faster: no longer in the state it asks for */
    int64_t uncertain_left; /* maybe sent already: left out because nobody named them */
};

/* After each batch. NULL is fine. */
typedef void admin_progress_fn(void *ctx, const struct admin_totals *so_far);

/* kind: COMMAND_RETRY, _CANCEL or _MARK_SENT. Batches of 500. An unknown id: ERR_NOTFOUND names it
 * and nothing was changed. On any other failure *out holds what was done until then. */
bool admin_change(struct db *db, enum command_kind kind, const char *who,
                  const struct admin_choice *c, admin_progress_fn *progress, void *ctx,
                  struct admin_totals *out, struct err *err) MUST_CHECK;

/* --dry-run: fills asked and uncertain_left, changes nothing. */
bool admin_count(struct db *db, enum command_kind kind, const struct admin_choice *c,
                 struct admin_totals *out, struct err *err) MUST_CHECK;

/* --- enqueue ---------------------------------------------------------------------------------- */

/* One mail for `send`; NULL = not given. Nothing is checked but by the database: what cannot be
 * sent fails with its reason like anybody's. */
struct admin_mail {
    const char *to, *from, *subject, *html, *text;
    const char *headers_json;     /* object of strings */
    const char *attachments_json; /* SPEC 2 */
    int64_t scheduled_at_us;      /* wall time; 0: at once */
    int priority;                 /* 0..9; -1: the default */
    const char *dedupe_key;
};

/* id: where the message's id goes. *existed: the dedupe_key is known, id is that message's. */
bool admin_enqueue(struct db *db, const struct admin_mail *m, char *id, size_t id_size,
                   bool *existed, struct err *err) MUST_CHECK;

#endif
