/* Pause, resume, trigger: each one transaction with its journal entry, and a NOTIFY so that
 * workers need not poll for it. Called by the thread that owns the struct db. */
#include "db/admin.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/figures.h"
#include "db/document.h"
#include "db/guided.h"
#include "db/journal.h"

#include <string.h>

#define HEARD "heard_at > now() - interval '30 s' AND state <> 'stopped'"

/* --- pause and resume --------------------------------------------------------------------------
 */

/* clang-format off */

#define US(time) "(extract(epoch FROM " time ") * 1000000)::bigint"

/* Who held it before, who holds it now: rows (was paused, reason changed, by, reason, since, now,
 * in flight). $1 who, $2 reason. `these` names the workers (by $3) or the control row. */
#define PAUSE(table, key, these) \
    "UPDATE " table " t SET paused_at = coalesce(was.paused_at, now())," \
    "  paused_by = CASE WHEN was.paused_at IS NULL THEN $1 ELSE was.paused_by END," \
    "  paused_reason = CASE WHEN was.paused_at IS NULL OR (was.paused_by = $1 AND $2 <> '')" \
    "    THEN nullif($2, '') ELSE was.paused_reason END" \
    " FROM (SELECT * FROM " table " WHERE " these " ORDER BY " key " FOR UPDATE) was" \
    " WHERE t." key " = was." key \
    " RETURNING was.paused_at IS NOT NULL, was.paused_reason IS DISTINCT FROM t.paused_reason," \
    "  t.paused_by, t.paused_reason, " US("t.paused_at") ", " US("now()") "," \
    "  (SELECT coalesce(sum(in_flight), 0) FROM postroom.workers WHERE " HEARD ")"

#define RESUME(table, key, these) \
    "UPDATE " table " t SET paused_at = NULL, paused_by = NULL, paused_reason = NULL" \
    " FROM (SELECT * FROM " table " WHERE " these " ORDER BY " key " FOR UPDATE) was" \
    " WHERE t." key " = was." key \
    " RETURNING was.paused_at IS NOT NULL, false, was.paused_by, was.paused_reason," \
    "  " US("was.paused_at") ", " US("now()") ", 0"

#define ALL "$3 = ''"
#define NAMED "(name = $3 OR id = $3) AND " HEARD

/* clang-format on */

static bool no_such_worker(struct db *db, const char *worker, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db,
                 "SELECT coalesce('those here: ' || string_agg(DISTINCT name, ', '),"
                 " 'none is running') FROM postroom.workers WHERE " HEARD,
                 0, NULL, &r, err))
        return false;
    err_set(err, ERR_NOTFOUND, "no worker is called %s; %s", worker, cell_text(r, 0, 0));
    PQclear(r);
    return false;
}

static void copy_cell(char *dst, size_t size, const PGresult *r, int col) {
    const char *s = cell_text(r, 0, col);
    str_copy(dst, size, s ? s : "");
}

static void read_pause(const PGresult *r, struct admin_pause *out) {
    copy_cell(out->by, sizeof out->by, r, 2);
    copy_cell(out->reason, sizeof out->reason, r, 3);
    out->since_us = cell_int(r, 0, 4, -1);
    out->now_us = cell_int(r, 0, 5, -1);
    out->in_flight = cell_int(r, 0, 6, 0);
}

/* Runs PAUSE or RESUME inside the open transaction; *r has at least one row. */
static bool change_pause(struct db *db, const char *sql, const char *who, const char *reason,
                         const char *worker, PGresult **r, struct err *err) {
    /* RESUME names neither who nor why */
    char template[2048];
    if (!str_format(template, sizeof template,
                    "WITH given AS (SELECT $1::text, $2::text, $3::text) %s", sql))
        return err_set(err, ERR_DB, "a statement is too long");
    if (!db_exec(db, template, 3, (const char *[]){who, reason, worker}, r, err))
        return false;
    return PQntuples(*r) > 0 || no_such_worker(db, worker, err);
}

bool admin_pause(struct db *db, const char *who, const char *worker, const char *reason,
                 struct admin_pause *out, struct err *err) {
    PGresult *r = NULL;
    char what[400];
    const char *sql =
        worker[0] ? PAUSE("postroom.workers", "id", NAMED) : PAUSE("postroom.control", "one", ALL);
    memset(out, 0, sizeof *out);
    if (!journal_begin(db, err))
        return false;
    bool ok = change_pause(db, sql, who, reason, worker, &r, err);
    if (ok) {
        read_pause(r, out);
        out->changed = !cell_bool(r, 0, 0) || cell_bool(r, 0, 1);
        str_format(what, sizeof what, "paused %s%s%s%s%s", worker[0] ? "worker " : "all workers",
                   worker, out->reason[0] ? ": \"" : "", out->reason, out->reason[0] ? "\"" : "");
        ok = !out->changed || journal_write(db, who, what, "control", err);
    }
    PQclear(r);
    return journal_end(db, ok, err);
}

bool admin_resume(struct db *db, const char *who, const char *worker, struct admin_pause *out,
                  struct err *err) {
    PGresult *r = NULL;
    char what[300];
    const char *sql = worker[0] ? RESUME("postroom.workers", "id", NAMED)
                                : RESUME("postroom.control", "one", ALL);
    memset(out, 0, sizeof *out);
    if (!journal_begin(db, err))
        return false;
    bool ok = change_pause(db, sql, who, "", worker, &r, err);
    if (ok) {
        read_pause(r, out);
        out->changed = cell_bool(r, 0, 0);
        str_format(what, sizeof what, "resumed %s%s (was paused %s)",
                   worker[0] ? "worker " : "sending", worker,
                   figure_age(out->now_us - out->since_us).text);
        ok = !out->changed || journal_write(db, who, what, "control", err);
    }
    PQclear(r);
    return journal_end(db, ok, err);
}

/* --- trigger -----------------------------------------------------------------------------------
 */

/* clang-format off */

#define DUE(time, condition) \
    "(SELECT count(*) FROM (SELECT 1 FROM generate_series(0, 9) AS r (rank), LATERAL (" \
    "  SELECT 1 FROM ${messages} m WHERE ${m.rank} = r.rank AND " condition \
    "  AND " time " <= now() ORDER BY " time " LIMIT " COUNT_CAP " + 1) x" \
    "  LIMIT " COUNT_CAP " + 1) x)"

static const char trigger_sql[] =
    "WITH asked AS (UPDATE postroom.control SET trigger_at = clock_timestamp()"
    "  RETURNING paused_at),"
    " opened AS (UPDATE postroom.lanes SET parked_until = now() WHERE parked_reason IS NOT NULL"
    "  RETURNING 1),"
    " written AS (INSERT INTO postroom.journal (who, what) VALUES ($1, 'asked to process now'))"
    " SELECT " DUE("${m.due}", "${m.status} = 'pending'")
    " + " DUE("${m.next_attempt_at}",
              "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL") ","
    " (SELECT count(*) FROM postroom.workers WHERE " HEARD "), (SELECT count(*) FROM opened),"
    " (SELECT paused_at IS NOT NULL FROM asked), pg_notify('postroom', 'control')";

/* clang-format on */

bool admin_trigger(struct db *db, const char *who, struct admin_trigger *out, struct err *err) {
    PGresult *r = NULL;
    if (!guided_exec(db, trigger_sql, 1, (const char *[]){who}, &r, err))
        return false;
    int64_t due = cell_int(r, 0, 0, 0);
    int64_t cap = 0;
    out->capped = str_to_int64(COUNT_CAP, &cap) && due > cap;
    out->due = out->capped ? cap : due;
    out->workers = cell_int(r, 0, 1, 0);
    out->opened = cell_int(r, 0, 2, 0);
    out->paused = cell_bool(r, 0, 3);
    PQclear(r);
    return true;
}
