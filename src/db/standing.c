/* What metrics show of the database, in two statements: the messages and workers, then the lanes.
 * As for the screen nothing is counted that an index does not count: what waits or failed up to
 * COUNT_CAP, what was sent by the small table of usage. */
#include "db/standing.h"

#include "base/str.h"
#include "db/document.h"
#include "db/guided.h"

#include <unistd.h>

/* clang-format off */

#define HEARD "heard_at > now() - interval '30 s' AND state <> 'stopped'"

#define COUNT(status) \
    "(SELECT count(*) FROM (SELECT 1 FROM ${messages} m WHERE ${m.status} = '" status "'" \
    "  LIMIT " COUNT_CAP ") x)"

/* The first by time of those with a time, rank by rank, as both indexes go. */
#define FIRST(time, condition) \
    "(SELECT min(x.at) FROM generate_series(0, 9) AS r (rank), LATERAL (" \
    "  SELECT " time " AS at FROM ${messages} m WHERE ${m.rank} = r.rank AND " condition \
    "  AND " time " > '-infinity' AND " time " <= now() ORDER BY " time " LIMIT 1) x)"

/* $1, $2: the name and process of this process's worker. */
static const char messages_sql[] =
    "SELECT " COUNT("pending") ", " COUNT("processing") ", " COUNT("failed") ", "
    COUNT("cancelled") ","
    " (SELECT coalesce(sum(messages), 0)::bigint FROM postroom.usage),"
    " extract(epoch FROM now() - least("
    FIRST("${m.due}", "${m.status} = 'pending'") ", "
    FIRST("${m.next_attempt_at}", "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL")
    "))::float8,"
    " (SELECT paused_at IS NOT NULL FROM postroom.control) OR EXISTS (SELECT FROM postroom.workers"
    "  WHERE name = $1 AND pid = $2::int AND paused_at IS NOT NULL AND " HEARD "),"
    " (SELECT count(*) FROM postroom.workers WHERE " HEARD ")";

#define UTC_NOW "(now() AT TIME ZONE 'UTC')"
#define MONTH "date_trunc('month', " UTC_NOW ")"

/* A lane that was asked to slow down is open again when that time is over; others stay parked until
 * a request went well. The provider counts what other programs sent, too: the higher number is
 * right. */
static const char lanes_sql[] =
    "SELECT l.name,"
    " CASE WHEN l.parked_reason <> 'rate' OR l.parked_until > now() THEN l.parked_reason END,"
    " l.rate, (SELECT coalesce(sum(requests_10s), 0) / 10.0 FROM postroom.workers w"
    "  WHERE w.lane = l.name AND " HEARD ")::float8,"
    " l.daily_quota, l.monthly_quota,"
    " greatest(u.day, CASE WHEN (l.told_daily_at AT TIME ZONE 'UTC')::date = " UTC_NOW "::date"
    "  THEN l.told_daily END),"
    " greatest(u.month, CASE WHEN date_trunc('month', l.told_monthly_at AT TIME ZONE 'UTC')"
    "  = " MONTH " THEN l.told_monthly END)"
    " FROM postroom.lanes l, LATERAL (SELECT coalesce(sum(messages), 0)::bigint AS month,"
    "  coalesce(sum(messages) FILTER (WHERE day = " UTC_NOW "::date), 0)::bigint AS day"
    "  FROM postroom.usage u WHERE u.lane = l.name AND u.day >= " MONTH "::date) u"
    " ORDER BY l.name";

/* clang-format on */

static void read_lane(const PGresult *r, int row, struct standing_lane *l) {
    const char *name = cell_text(r, row, 0);
    str_copy_line(l->provider, sizeof l->provider, name ? name : "");
    l->parked = lane_fault_from(cell_text(r, row, 1));
    l->allowed = cell_double(r, row, 2, 0);
    l->used = cell_double(r, row, 3, 0);
    l->daily_allowed = cell_int(r, row, 4, 0);
    l->monthly_allowed = cell_int(r, row, 5, 0);
    l->daily_used = cell_int(r, row, 6, 0);
    l->monthly_used = cell_int(r, row, 7, 0);
}

static bool read_lanes(struct db *db, struct standing *out, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, lanes_sql, 0, NULL, &r, err))
        return false;
    for (int i = 0; i < PQntuples(r) && i < STANDING_LANES; i++)
        read_lane(r, i, &out->lanes[out->lane_count++]);
    PQclear(r);
    return true;
}

bool standing_read(struct db *db, struct standing *out, struct err *err) {
    char pid[16];
    PGresult *r = NULL;
    str_format(pid, sizeof pid, "%d", (int)getpid());
    *out = (struct standing){0};
    if (!guided_exec(db, messages_sql, 2, (const char *[]){db_settings(db)->worker_name, pid}, &r,
                     err))
        return false;
    out->pending = cell_int(r, 0, 0, 0);
    out->processing = cell_int(r, 0, 1, 0);
    out->failed = cell_int(r, 0, 2, 0);
    out->cancelled = cell_int(r, 0, 3, 0);
    out->sent = cell_int(r, 0, 4, 0);
    out->oldest_due_s = cell_double(r, 0, 5, 0);
    out->paused = cell_bool(r, 0, 6);
    out->workers = cell_int(r, 0, 7, 0);
    PQclear(r);
    return read_lanes(db, out, err);
}
