/* Outcomes of workers elsewhere, as events: what is newer in postroom.attempts than the last look,
 * and late comers among the sequence numbers that were missing then. Called by the thread that
 * owns the struct db. */
#include "base/clock.h"
#include "base/str.h"
#include "core/message.h"
#include "db/internal.h"
#include "db/view.h"

#include <string.h>

#define LOOKS_MAX 30 /* a transaction that has not committed in so many looks was rolled back */

static const char newer_sql[] =
    "SELECT a.seq, (extract(epoch FROM a.at) * 1000000)::bigint, a.message_id, a.outcome,"
    " coalesce(m.recipient, ''), coalesce(a.error, a.error_code, '') FROM"
    " ((SELECT * FROM postroom.attempts WHERE seq > $1::bigint ORDER BY seq DESC LIMIT 200)"
    "  UNION ALL SELECT * FROM postroom.attempts WHERE seq = ANY ($2::bigint[])) a"
    " LEFT JOIN LATERAL (SELECT ${to_email} AS recipient FROM ${messages}"
    "  WHERE ${id} = a.message_id::${id_type}) m ON true"
    " ORDER BY a.seq DESC LIMIT 200";

static bool find_end(struct db *db, struct view_tail *t, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT coalesce(max(seq), 0) FROM postroom.attempts", 0, NULL, &r, err))
        return false;
    t->newest = cell_int(r, 0, 0, 0);
    t->started = true;
    PQclear(r);
    return true;
}

static void read_event(const PGresult *r, int row, struct event *e) {
    memset(e, 0, sizeof *e);
    e->kind = str_eq(cell_text(r, row, 3), "sent") ? EVENT_SENT : EVENT_FAILED;
    e->at_us = cell_int(r, row, 1, 0);
    str_copy(e->id, sizeof e->id, cell_text(r, row, 2));
    message_bare_address(e->to, sizeof e->to, cell_text(r, row, 4));
    if (e->kind == EVENT_FAILED)
        str_copy(e->text, sizeof e->text, cell_text(r, row, 5));
}

/* A gap that was filled, or looked for long enough, is one no more. */
static void close_gaps(struct view_tail *t, const PGresult *r) {
    int kept = 0;
    for (int i = 0; i < t->gap_count; i++) {
        bool filled = false;
        for (int row = 0; row < PQntuples(r) && !filled; row++)
            filled = cell_int(r, row, 0, -1) == t->gaps[i].seq;
        if (!filled && ++t->gaps[i].looks < LOOKS_MAX)
            t->gaps[kept++] = t->gaps[i];
    }
    t->gap_count = kept;
}

/* Numbers missing between those that came; where more are missing than can be kept, the newest. */
static void note_gaps(struct view_tail *t, int64_t from, int64_t to) {
    for (int64_t seq = to - 1; seq > from && t->gap_count < VIEW_GAPS_MAX; seq--)
        t->gaps[t->gap_count++] = (struct view_gap){.seq = seq};
}

/* Rows come newest first. What is older than the oldest of a full answer was not fetched. */
static int64_t take_stock(struct view_tail *t, const PGresult *r) {
    int rows = PQntuples(r);
    int64_t before = t->newest;
    int64_t above = 0;
    int fresh = 0;
    close_gaps(t, r);
    for (int row = 0; row < rows; row++) {
        int64_t seq = cell_int(r, row, 0, 0);
        if (seq <= before)
            break;
        if (row > 0)
            note_gaps(t, seq, above);
        if (row == 0)
            t->newest = seq;
        above = seq;
        fresh++;
    }
    if (fresh == VIEW_TAIL_MAX)
        return above - before - 1;
    if (fresh > 0)
        note_gaps(t, before, above);
    return 0;
}

bool view_tail(struct db *db, struct view_tail *t, struct event *out, size_t *count,
               int64_t *missed, struct err *err) {
    char newest[24];
    struct buf gaps;
    PGresult *r = NULL;
    *count = 0;
    *missed = 0;
    if (!t->started)
        return find_end(db, t, err);
    str_format(newest, sizeof newest, "%lld", (long long)t->newest);
    buf_init(&gaps, (size_t)VIEW_GAPS_MAX * 24);
    array_begin(&gaps);
    for (int i = 0; i < t->gap_count; i++)
        array_int(&gaps, t->gaps[i].seq);
    array_end(&gaps);
    bool ok = gaps.failed
                  ? err_nomem(err)
                  : db_exec(db, newer_sql, 2, (const char *[]){newest, buf_text(&gaps)}, &r, err);
    buf_free(&gaps);
    if (!ok)
        return false;
    *missed = take_stock(t, r);
    *count = (size_t)PQntuples(r);
    for (size_t i = 0; i < *count; i++)
        read_event(r, (int)(*count - 1 - i), &out[i]);
    PQclear(r);
    return true;
}
