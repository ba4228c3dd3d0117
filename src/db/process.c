/* The statements behind "process now". Workers are woken as by an INSERT: they look at the queue
 * and keep the slots they have drawn. Only where a parked lane is to be tried they are told to look
 * at everything anew. */
#include "db/process.h"

#include "base/str.h"
#include "db/document.h"
#include "db/guided.h"

/* clang-format off */

#define US(time) "(extract(epoch FROM " time ") * 1000000)::bigint"
#define LIMIT_COUNT "LIMIT " COUNT_CAP " + 1"

/* Due at `until`: rank by rank, as both indexes go. */
#define BY_RANK(time, condition, until) \
    "(SELECT count(*) FROM (SELECT 1 FROM generate_series(0, 9) AS r (rank), LATERAL (" \
    "  SELECT 1 FROM ${messages} m WHERE ${m.rank} = r.rank AND " condition \
    "  AND " time " <= " until " ORDER BY " time " " LIMIT_COUNT ") x " LIMIT_COUNT ") x)"
#define DUE(until) \
    "(" BY_RANK("${m.due}", "${m.status} = 'pending'", until) " + " \
        BY_RANK("${m.next_attempt_at}", \
                "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL", until) ")"

static const char trigger_sql[] =
    "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s),"
    " was AS MATERIALIZED (SELECT c.trigger_at FROM postroom.control c, relaxed),"
    " asked AS (UPDATE postroom.control SET trigger_at = clock_timestamp() FROM was),"
    " opened AS (UPDATE postroom.lanes SET parked_until = now() FROM was"
    "  WHERE parked_reason IS NOT NULL"
    "  AND (was.trigger_at IS NULL OR was.trigger_at < clock_timestamp() - interval '1 s')"
    "  RETURNING name),"
    " written AS (INSERT INTO postroom.journal (who, what) SELECT 'http',"
    "  'asked to process now; tries lane ' || string_agg(name, ', ' ORDER BY name) FROM opened"
    "  HAVING count(*) > 0)"
    " SELECT " US("now()") ", (SELECT coalesce(max(seq), 0) FROM postroom.attempts), "
    DUE("now()") ", pg_notify('postroom',"
    "  CASE WHEN EXISTS (SELECT FROM opened) THEN 'control' ELSE '' END)";

#define THEN "(timestamptz 'epoch' + $1::bigint * interval '1 us')"

static const char progress_sql[] =
    "SELECT count(*) FILTER (WHERE outcome = 'sent'), count(*) FILTER (WHERE outcome = 'failed'), "
    DUE(THEN) " + (SELECT count(*) FROM (SELECT 1 FROM ${messages} m"
    "  WHERE ${m.status} = 'processing' AND ${m.due} <= " THEN " " LIMIT_COUNT ") x)"
    " FROM postroom.attempts WHERE seq > $2::bigint";

/* clang-format on */

static int64_t capped(int64_t n) {
    int64_t cap = 0;
    return str_to_int64(COUNT_CAP, &cap) && n > cap ? cap : n;
}

bool process_trigger(struct db *db, struct errand *e, struct err *err) {
    PGresult *r = NULL;
    if (!guided_exec(db, trigger_sql, 0, NULL, &r, err))
        return false;
    e->since_us = cell_int(r, 0, 0, 0);
    e->since_seq = cell_int(r, 0, 1, 0);
    e->due = capped(cell_int(r, 0, 2, 0));
    PQclear(r);
    return true;
}

bool process_progress(struct db *db, struct errand *e, struct err *err) {
    char since[24], seq[24];
    PGresult *r = NULL;
    str_format(since, sizeof since, "%lld", (long long)e->since_us);
    str_format(seq, sizeof seq, "%lld", (long long)e->since_seq);
    if (!guided_exec(db, progress_sql, 2, (const char *[]){since, seq}, &r, err))
        return false;
    e->sent = cell_int(r, 0, 0, 0);
    e->failed = cell_int(r, 0, 1, 0);
    e->remaining = capped(cell_int(r, 0, 2, 0));
    PQclear(r);
    return true;
}
