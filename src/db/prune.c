/* Pruning: see prune.h. No index serves the age of finished mail, and none has to: the table is
 * walked once, a few pages at a time by their numbers (TID range scans), so that each transaction
 * is short and the whole costs one reading of the table. */
#include "db/prune.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/figures.h"
#include "db/internal.h"
#include "db/journal.h"

#include <time.h>

#define PAGES 500            /* of a batch: 4 MB, some thousand messages */
#define PATIENCE_MS 120000   /* for one statement */
#define LOCK_TRIES 30        /* x 2 s lock_timeout, for a partition */
#define LOCK_REFUSED "55P03" /* lock_not_available */

/* $1: how old, ms. */
#define OLD                                                                                        \
    "((m.${status} IN ('sent', 'cancelled') OR (m.${status} = 'failed'"                            \
    "   AND m.${next_attempt_at} IS NULL AND m.${error_code} IS DISTINCT FROM 'uncertain'))"       \
    "  AND coalesce(m.${sent_at}, m.${failed_at}, m.${updated_at}, m.${created_at})"               \
    "   < now() - $1::bigint * interval '1 ms'"                                                    \
    "  AND (m.${request_id} IS NULL OR NOT EXISTS (SELECT FROM postroom.requests q"                \
    "   WHERE q.id = m.${request_id})))"

/* Each partition's upper bound is the text behind TO; a default partition has none. */
static const char AGED_PARTITIONS[] =
    "SELECT part FROM (SELECT c.oid::regclass::text AS part, substring(pg_get_expr(c.relpartbound,"
    "   c.oid) FROM 'TO \\(''([^'']+)''\\)')::timestamptz AS upper"
    "  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    "  JOIN pg_partitioned_table p ON p.partrelid = i.inhparent"
    "  JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]"
    "  WHERE i.inhparent = to_regclass($1) AND p.partstrat = 'r' AND p.partnatts = 1"
    "   AND a.attname = $2 AND a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype,"
    "    'date'::regtype)) x"
    " WHERE upper < now() - $3::bigint * interval '1 ms' ORDER BY upper";

static const char LEAVES[] =
    "SELECT relid::regclass::text, pg_relation_size(relid) / current_setting('block_size')::int"
    " FROM (SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf"
    "  UNION ALL SELECT to_regclass($1) WHERE NOT EXISTS"
    "   (SELECT FROM pg_partition_tree(to_regclass($1)))) t";

/* --- partitions ------------------------------------------------------------------------------- */

struct task {
    struct db *db;
    const struct prune_options *o;
    struct prune_totals *totals;
    char age[24];
    int detached;
};

/* Whether all of it is old and finished. In a transaction that holds the partition this stays so.
 */
static bool is_finished(struct task *t, const char *partition, bool *yes, struct err *err) {
    struct buf sql;
    PGresult *r = NULL;
    buf_init(&sql, 16 * 1024);
    buf_printf(&sql, "SELECT NOT EXISTS (SELECT FROM %s m WHERE (" OLD ") IS NOT TRUE)", partition);
    bool ok = !sql.failed ? db_exec(t->db, buf_text(&sql), 1, (const char *[]){t->age}, &r, err)
                          : err_nomem(err);
    *yes = ok && cell_bool(r, 0, 0);
    PQclear(r);
    buf_free(&sql);
    return ok;
}

static bool take_out(struct task *t, const char *partition, bool *done, struct err *err) {
    struct buf sql;
    buf_init(&sql, 4096);
    buf_printf(&sql, "LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", partition);
    bool ok = db_exec_with(t->db, "set_config('lock_timeout', '2s', true)", buf_text(&sql), 0, NULL,
                           NULL, err) &&
              is_finished(t, partition, done, err);
    buf_clear(&sql);
    buf_printf(&sql, "ALTER TABLE ${messages} DETACH PARTITION %s", partition);
    ok = ok && (!*done || db_run(t->db, buf_text(&sql), err));
    buf_clear(&sql);
    buf_printf(&sql, "DROP TABLE %s", partition);
    ok = ok && (!*done || !t->o->drop || db_run(t->db, buf_text(&sql), err));
    buf_free(&sql);
    return ok;
}

/* Whoever waits for a lock makes others queue behind it: give up soon, let them through, try again.
 */
static bool detach(struct task *t, const char *partition, bool *done, struct err *err) {
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!db_begin(t->db, err))
            return false;
        if (take_out(t, partition, done, err) && db_commit(t->db, err))
            return true;
        db_rollback(t->db);
        *done = false;
        if (!str_eq(err->sqlstate, LOCK_REFUSED))
            return false;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return err_set(err, ERR_DB,
                   "somebody holds a lock on the table for minutes: end that transaction, then run"
                   " `postroom prune` again (what is done stays done)");
}

static bool detach_aged(struct task *t, struct err *err) {
    PGresult *r = NULL;
    const char *created = db_settings(t->db)->columns[COL_CREATED_AT];
    if (!db_exec(t->db, AGED_PARTITIONS, 3, (const char *[]){db_map(t->db)->table, created, t->age},
                 &r, err))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const char *partition = cell_text(r, i, 0);
        bool done = false;
        ok = is_finished(t, partition, &done, err);
        if (ok && done && !t->o->dry_run)
            ok = detach(t, partition, &done, err);
        if (ok && done) {
            t->detached++;
            t->o->detached(t->o->arg, partition);
        }
    }
    PQclear(r);
    return ok;
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool prune_pages(struct task *t, const char *leaf, int64_t from, struct err *err) {
    struct buf sql;
    char low[32], high[32];
    PGresult *r = NULL;
    buf_init(&sql, 16 * 1024);
    str_format(low, sizeof low, "(%lld,0)", (long long)from);
    str_format(high, sizeof high, "(%lld,0)", (long long)from + PAGES);
    buf_printf(&sql,
               "WITH gone AS (%s %s m WHERE m.ctid >= $2::tid AND m.ctid < $3::tid AND " OLD "%s)"
               " SELECT count(*) FROM gone",
               t->o->dry_run ? "SELECT FROM" : "DELETE FROM", leaf,
               t->o->dry_run ? "" : " RETURNING 1");
    bool ok = !sql.failed
                  ? db_exec(t->db, buf_text(&sql), 3, (const char *[]){t->age, low, high}, &r, err)
                  : err_nomem(err);
    if (ok)
        t->totals->messages += cell_int(r, 0, 0, 0);
    PQclear(r);
    buf_free(&sql);
    return ok;
}

static bool prune_leaf(struct task *t, const char *leaf, int64_t pages, struct err *err) {
    for (int64_t from = 0; from < pages; from += PAGES) {
        if (!prune_pages(t, leaf, from, err))
            return false;
        t->totals->blocks += pages - from < PAGES ? pages - from : PAGES;
        t->o->progress(t->o->arg, t->totals);
    }
    return true;
}

static bool prune_rows(struct task *t, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(t->db, LEAVES, 1, (const char *[]){db_map(t->db)->table}, &r, err))
        return false;
    bool ok = true;
    for (int i = 0; i < PQntuples(r); i++)
        t->totals->blocks_of += cell_int(r, i, 1, 0);
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = prune_leaf(t, cell_text(r, i, 0), cell_int(r, i, 1, 0), err);
    PQclear(r);
    return ok;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool note(struct task *t, const char *who, struct err *err) {
    char what[200];
    if (t->o->dry_run || (t->totals->messages == 0 && t->detached == 0))
        return true;
    str_format(what, sizeof what, "pruned %s messages and %d partitions older than %lld hours",
               figure_count(t->totals->messages).text, t->detached,
               (long long)(t->o->older_than_ms / 3600000));
    return journal_write(t->db, who, what, NULL, err);
}

bool prune(struct db *db, const char *who, const struct prune_options *o, struct prune_totals *out,
           struct err *err) {
    struct task t = {.db = db, .o = o, .totals = out};
    *out = (struct prune_totals){0};
    str_format(t.age, sizeof t.age, "%lld", (long long)o->older_than_ms);
    db_set_deadline_ms(db, PATIENCE_MS);
    return detach_aged(&t, err) && prune_rows(&t, err) && note(&t, who, err);
}
