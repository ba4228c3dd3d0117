/* Read-only looks at the database for screens and `status`: the published document, the picture
 * made of it, and outcomes that happened elsewhere.
 *
 * Nothing here scans the table of messages. The document (keys: core/snapshot.h) is folded by one
 * statement, by whoever finds it older than a second and gets the lock, and stored in
 * postroom.published; everybody else reads that row by its key. Nobody looks: nothing is computed.
 * Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_VIEW_H
#define POSTROOM_DB_VIEW_H

#include "base/buf.h"
#include "core/event.h"
#include "core/verdict.h"
#include "db/db.h"

/* Who looks. */
struct view_window {
    const char *operator_name;
    bool read_only; /* never stores: reads the published row, or folds one for itself alone */
    bool outdated;  /* set by the caller after a change of its own: fold anew, however young */
    bool publisher; /* kept by view_document: this window folded the last one */
    struct verdict_held held; /* kept by view_snapshot */
    int64_t
        fold_at_us; /* kept by view_document: not before, so that folding stays cheap; boot time */
};

/* The document as JSON text, at most a second or two old, with database, operator and read_only
 * added. out is cleared first. *now_us (may be NULL): the database's clock when it was read. */
bool view_document(struct db *db, struct view_window *w, struct buf *out, int64_t *now_us,
                   struct err *err) MUST_CHECK;

/* The same, parsed and stamped (now_us, read_boot_us). One reference; NULL on failure. */
struct snapshot *view_snapshot(struct db *db, struct view_window *w, struct err *err) MUST_CHECK;

/* For `status --json` and `status`: the document with "sent": {"n", "estimate"} added: all messages
 * ever sent that are still in the table, counted where the table is small, else estimated; n null
 * where even that is unknown. */
bool view_status(struct db *db, struct view_window *w, struct buf *out, struct err *err) MUST_CHECK;

/* --- this window among the operators ---------------------------------------------------------- */

/* I am here: every 10 s or so; heard of for 30 s. id is a UUID of the caller's. did: what was done
 * last, NULL leaves it. */
bool view_here(struct db *db, const char *id, const char *name, const char *did,
               struct err *err) MUST_CHECK;
bool view_gone(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* --- outcomes that happened elsewhere --------------------------------------------------------- */

#define VIEW_TAIL_MAX 200 /* events per look; the rest is counted */
#define VIEW_GAPS_MAX 256

/* Where a window stands in postroom.attempts. Zeroed = at the start: the first look only finds the
 * end. Sequence numbers are given before commits, so a lower one may come later: gaps are looked
 * at again for a while. */
struct view_tail {
    bool started;
    int64_t newest; /* highest seq seen */
    struct view_gap {
        int64_t seq;
        int looks; /* how often it was looked for */
    } gaps[VIEW_GAPS_MAX];
    int gap_count;
};

/* New outcomes, oldest first, into out (room for VIEW_TAIL_MAX); *count of them, *missed were
 * newer than the last look but not fetched. */
bool view_tail(struct db *db, struct view_tail *t, struct event *out, size_t *count,
               int64_t *missed, struct err *err) MUST_CHECK;

#endif
