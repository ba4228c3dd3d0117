/* The document as windows read it: the stored one, or a new one by whoever finds it old; the
 * window's own keys added; parsed for the screen. And this window's place among the operators.
 * Called by the thread that owns the struct db. */
#include "db/view.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "db/document.h"
#include "db/guided.h"

#define DOCUMENT_MAX ((size_t)4 * 1024 * 1024)
#define FRESH_MS 900    /* less than a second: a window that looks once a second folds each time */
#define LATE_MS 1500    /* beyond this another than the last publisher folds the next one */
#define TOO_OLD_MS 2000 /* a window that may not store folds for itself beyond this */
#define FOLD_SHARE 5    /* about a fifth of the time goes into folding, */
#define FOLD_LONGEST_US (5 * USEC_PER_SEC) /* but nobody waits longer for a new one */

/* --- the document ----------------------------------------------------------------------------- */

/* The document with what only this window knows before it. */
static bool add_own_keys(struct db *db, const struct view_window *w, const char *doc,
                         struct buf *out, struct err *err) {
    struct json_writer j;
    buf_clear(out);
    jw_init(&j, out);
    jw_object(&j);
    jw_kv_text(&j, "database", db_display_name(db));
    jw_kv_text(&j, "operator", w->operator_name);
    jw_key(&j, "read_only");
    jw_bool(&j, w->read_only);
    buf_addc(out, ',');
    buf_puts(out, doc + 1); /* behind its '{' */
    return out->failed ? err_nomem(err) : true;
}

static bool use_row(struct db *db, const struct view_window *w, PGresult *r, struct buf *out,
                    int64_t *now_us, struct err *err) {
    if (now_us)
        *now_us = cell_int(r, 0, 1, -1);
    bool ok = add_own_keys(db, w, cell_text(r, 0, 0), out, err);
    PQclear(r);
    return ok;
}

/* 1: used; 0: there was nothing to do; -1: failed. */
static int publish(struct db *db, struct view_window *w, struct buf *out, int64_t *now_us,
                   struct err *err) {
    PGresult *r = NULL;
    int64_t began = clock_boot_us();
    if (!w->outdated && began < w->fold_at_us)
        return 0;
    if (!document_publish(db, w->outdated ? 0 : FRESH_MS, &w->held, &r, err))
        return -1;
    w->outdated = false;
    w->publisher = PQntuples(r) == 1;
    int64_t pause = (clock_boot_us() - began) * FOLD_SHARE;
    w->fold_at_us = began + (pause < FOLD_LONGEST_US ? pause : FOLD_LONGEST_US);
    if (w->publisher)
        return use_row(db, w, r, out, now_us, err) ? 1 : -1;
    PQclear(r);
    return 0;
}

static bool fold_alone(struct db *db, const struct view_window *w, struct buf *out, int64_t *now_us,
                       struct err *err) {
    PGresult *r = NULL;
    return document_fold(db, &w->held, &r, err) && use_row(db, w, r, out, now_us, err);
}

/* The stored document, or NULL in *r: none is there, or (on a standby) none can be read. */
static bool read_stored(struct db *db, PGresult **r, int64_t *age_ms, struct err *err) {
    struct err why;
    *age_ms = INT64_MAX;
    if (!document_read(db, r, &why)) {
        *r = NULL;
        bool standby = why.code == ERR_DB && str_eq(why.sqlstate, "0A000");
        return standby || err_set(err, why.code, "%s", why.text);
    }
    if (PQntuples(*r) == 1) {
        *age_ms = cell_int(*r, 0, 2, INT64_MAX);
        return true;
    }
    PQclear(*r);
    *r = NULL;
    return true;
}

bool view_document(struct db *db, struct view_window *w, struct buf *out, int64_t *now_us,
                   struct err *err) {
    PGresult *stored = NULL;
    int64_t age_ms;
    if ((w->publisher || w->outdated) && !w->read_only) {
        int done = publish(db, w, out, now_us, err);
        if (done != 0)
            return done > 0;
    }
    if (!read_stored(db, &stored, &age_ms, err))
        return false;
    if (age_ms > LATE_MS && !w->read_only) {
        int done = publish(db, w, out, now_us, err);
        if (done != 0) {
            PQclear(stored);
            return done > 0;
        }
    }
    if (stored && (age_ms <= TOO_OLD_MS || !w->read_only)) /* else: another is at it just now */
        return use_row(db, w, stored, out, now_us, err);
    PQclear(stored);
    return fold_alone(db, w, out, now_us, err);
}

struct snapshot *view_snapshot(struct db *db, struct view_window *w, struct err *err) {
    struct buf text;
    struct snapshot *s = NULL;
    int64_t now_us = -1;
    buf_init(&text, DOCUMENT_MAX);
    int64_t boot_us = clock_boot_us();
    if (view_document(db, w, &text, &now_us, err))
        s = snapshot_parse(buf_text(&text), text.len, err);
    if (s) {
        s->now_us = now_us;
        s->read_boot_us = boot_us;
        verdict_note(s, &w->held);
    }
    buf_free(&text);
    return s;
}

/* --- all that was sent ------------------------------------------------------------------------ */

/* A table of up to 2 MB is counted in a blink; of a larger one the planner's statistics know the
 * share of sent rows. */
static const char size_sql[] =
    "SELECT sum(pg_relation_size(c.oid)) <= 2 * 1048576,"
    " (sum(nullif(c.reltuples, -1)) * (SELECT f.freq FROM pg_stats s,"
    " unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS f (value, freq)"
    " WHERE to_regclass(format('%I.%I', s.schemaname, s.tablename)) = to_regclass($1)"
    " AND s.attname = $2 AND f.value = 'sent' LIMIT 1))::bigint"
    " FROM pg_class c WHERE c.oid = to_regclass($1)"
    " OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass($1)))";

static bool count_sent(struct db *db, int64_t *n, bool *estimate, struct err *err) {
    PGresult *r = NULL;
    const char *params[] = {db_map(db)->table, db_settings(db)->columns[COL_STATUS]};
    if (!db_exec(db, size_sql, 2, params, &r, err))
        return false;
    *estimate = !cell_bool(r, 0, 0);
    *n = cell_int(r, 0, 1, -1);
    PQclear(r);
    if (*estimate)
        return true;
    if (!guided_exec(db, "SELECT count(*) FROM ${messages} WHERE ${status} = 'sent'", 0, NULL, &r,
                     err))
        return false;
    *n = cell_int(r, 0, 0, -1);
    PQclear(r);
    return true;
}

bool view_status(struct db *db, struct view_window *w, struct buf *out, struct err *err) {
    int64_t n = -1;
    bool estimate = false;
    if (!count_sent(db, &n, &estimate, err) || !view_document(db, w, out, NULL, err))
        return false;
    out->len--; /* its '}' */
    if (n >= 0)
        buf_printf(out, ",\"sent\":{\"n\":%lld,\"estimate\":%s}}", (long long)n,
                   estimate ? "true" : "false");
    else
        buf_puts(out, ",\"sent\":{\"n\":null,\"estimate\":true}}");
    return out->failed ? err_nomem(err) : true;
}

/* --- this window among the operators ---------------------------------------------------------- */

bool view_here(struct db *db, const char *id, const char *name, const char *did, struct err *err) {
    return db_exec(db,
                   "WITH gone AS (DELETE FROM postroom.operators"
                   "  WHERE heard_at < now() - interval '1 hour' AND id <> $1::uuid),"
                   " here AS (INSERT INTO postroom.operators AS o (id, name, did)"
                   "  VALUES ($1::uuid, $2, coalesce($3, 'opened this window'))"
                   "  ON CONFLICT (id) DO UPDATE SET heard_at = now(),"
                   "  did = coalesce($3, o.did),"
                   "  did_at = CASE WHEN $3 IS NULL THEN o.did_at ELSE now() END"
                   "  RETURNING xmax = 0 AS first)"
                   "INSERT INTO postroom.journal (who, what)"
                   " SELECT $2, 'opened a window' FROM here WHERE first",
                   3, (const char *[]){id, name, did}, NULL, err);
}

bool view_gone(struct db *db, const char *id, struct err *err) {
    return db_exec(db, "DELETE FROM postroom.operators WHERE id = $1::uuid", 1,
                   (const char *[]){id}, NULL, err);
}
