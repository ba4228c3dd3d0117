/* Taking a retry or cancel back. The array literals that the change returned are handed to the
 * undoing as they are. Called by the thread that owns the struct db. */
#include "db/undo.h"

#include "base/mem.h"
#include "base/str.h"
#include "db/guided.h"
#include "db/journal.h"

#include <string.h>

#define BATCHES (UNDO_MAX / 500 + 1)

struct batch {
    char *arrays[4];
    int64_t messages;
};

struct undo {
    enum command_kind kind;
    struct batch batches[BATCHES];
    int count;
    int64_t messages;
    bool cut;
};

/* clang-format off */

/* $1..$4 as they were, $5 what the change made of them. Only where nobody claimed them since, and
 * where no open request has them: that one is on its way. */
static const char undo_sql[] =
    "WITH was AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])"
    "  AS w (id, status, next, token)),"
    " chosen AS MATERIALIZED (SELECT ${m.id} AS id, was.status, was.next FROM was"
    "  JOIN ${messages} m ON ${m.id} = was.id::${id_type}"
    "  WHERE ${m.status}::text = $5 AND ${m.claim_token} IS NOT DISTINCT FROM was.token"
    "   AND ($5 <> 'pending' OR NOT EXISTS (SELECT FROM postroom.requests q"
    "    WHERE q.id = ${m.request_id} AND q.state = 'open'))"
    "  ORDER BY ${m.id} FOR UPDATE OF m SKIP LOCKED),"
    " changed AS (UPDATE ${messages} m SET ${status} = chosen.status::${status_type},"
    "  ${next_attempt_at} = timestamptz 'epoch' + chosen.next * interval '1 us',"
    "  ${updated_at} = now() FROM chosen WHERE ${m.id} = chosen.id RETURNING 1)"
    " SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('postroom', '') END FROM changed";

/* clang-format on */

struct undo *undo_new(struct err *err) {
    struct undo *u = mem_alloc(sizeof *u);
    if (!u)
        err_nomem(err);
    return u;
}

static void forget(struct undo *u) {
    for (int i = 0; i < u->count; i++)
        for (int k = 0; k < 4; k++)
            mem_free(u->batches[i].arrays[k]);
    memset(u, 0, sizeof *u);
}

void undo_free(struct undo *u) {
    if (u)
        forget(u);
    mem_free(u);
}

void undo_begin(struct undo *u, enum command_kind kind) {
    forget(u);
    u->kind = kind;
}

void undo_note(struct undo *u, const char *const arrays[4], int64_t messages) {
    struct batch b = {.messages = messages};
    bool ok = u->count < BATCHES;
    for (int k = 0; k < 4; k++)
        ok = ok && (b.arrays[k] = mem_strdup(arrays[k])) != NULL;
    if (ok) {
        u->batches[u->count++] = b;
        u->messages += messages;
        return;
    }
    u->cut = true;
    for (int k = 0; k < 4; k++)
        mem_free(b.arrays[k]);
}

int64_t undo_count(const struct undo *u) {
    return u->messages;
}

bool undo_is_cut(const struct undo *u) {
    return u->cut;
}

enum command_kind undo_kind(const struct undo *u) {
    return u->kind;
}

static bool undo_batch(struct db *db, const struct undo *u, const struct batch *b,
                       struct admin_totals *t, struct err *err) {
    PGresult *r = NULL;
    const char *is = u->kind == COMMAND_RETRY ? "pending" : "cancelled";
    if (!guided_rows(db, undo_sql, 5,
                     (const char *[]){b->arrays[0], b->arrays[1], b->arrays[2], b->arrays[3], is},
                     &r, err))
        return false;
    t->done += cell_int(r, 0, 0, 0);
    PQclear(r);
    return true;
}

static void describe(const struct undo *u, const struct admin_totals *t, char *dst, size_t size) {
    str_format(dst, size, "took back %lld of %lld %s", (long long)t->done, (long long)t->asked,
               u->kind == COMMAND_RETRY ? "retried" : "cancelled");
}

bool admin_undo(struct db *db, const char *who, struct undo *u, admin_progress_fn *progress,
                void *ctx, struct admin_totals *out, struct err *err) {
    char what[120], seq[24];
    *out = (struct admin_totals){.asked = u->messages};
    describe(u, out, what, sizeof what);
    bool ok = journal_open(db, who, what, "{}", seq, sizeof seq, err);
    for (int i = 0; ok && i < u->count; i++) {
        ok = undo_batch(db, u, &u->batches[i], out, err);
        if (ok && progress)
            progress(ctx, out);
    }
    out->taken = ok ? out->asked - out->done : 0;
    describe(u, out, what, sizeof what);
    ok = ok && journal_close(db, seq, what, out->done, err);
    if (ok)
        forget(u);
    return ok;
}
