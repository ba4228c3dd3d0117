/* The lane's statements. Each is one short commit; the row is changed a few times a second at
 * most, whatever the rate. */
#include "db/lane.h"

#include "base/str.h"
#include "db/guided.h"
#include "db/internal.h"

#define DOWN_AFTER "5" /* failures of the provider in a row (SPEC 2) */

bool lane_register(struct db *db, const struct lane_setup *setup, struct err *err) {
    char rate[32], start[32], batch[16], daily[24], monthly[24];
    str_format(rate, sizeof rate, "%.17g", setup->rate);
    str_format(start, sizeof start, "%.17g", setup->start_rate);
    str_format(batch, sizeof batch, "%d", setup->batch_size);
    str_format(daily, sizeof daily, "%lld", (long long)setup->daily_quota);
    str_format(monthly, sizeof monthly, "%lld", (long long)setup->monthly_quota);
    return db_exec(
        db,
        "INSERT INTO postroom.lanes AS l (name, rate, batch_size, daily_quota, monthly_quota)"
        " VALUES ($1, CASE WHEN $2::float8 > 0 THEN $2::float8 ELSE $3::float8 END, $4::int,"
        "  nullif($5::bigint, 0), nullif($6::bigint, 0))"
        " ON CONFLICT (name) DO UPDATE SET"
        "  rate = CASE WHEN $2::float8 > 0 THEN $2::float8 ELSE l.rate END,"
        "  batch_size = excluded.batch_size, daily_quota = excluded.daily_quota,"
        "  monthly_quota = excluded.monthly_quota,"
        "  parked_until = CASE WHEN l.parked_reason IN ('key', 'sender', 'suspended')"
        "   THEN now() ELSE l.parked_until END",
        6, (const char *[]){setup->name, rate, start, batch, daily, monthly}, NULL, err);
}

/* While a draw is lost with the server's crash nothing was sent on its slots yet that a second
 * could not outlive: no wait for the disk. */
static const char DRAW[] =
    "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s),"
    " c AS (SELECT c.trigger_at, c.paused_at IS NOT NULL OR EXISTS (SELECT FROM postroom.workers w"
    "   WHERE w.id = $2 AND w.paused_at IS NOT NULL) AS paused FROM postroom.control c, relaxed),"
    " drawn AS (UPDATE postroom.lanes l SET"
    "   next_slot = greatest(l.next_slot, clock_timestamp()) + CASE WHEN l.rate > 0"
    "    THEN (CASE WHEN l.parked_reason IS NULL THEN $3::int ELSE 1 END)"
    "     / (l.rate * $5::float8) * interval '1 s' ELSE interval '0' END,"
    "   parked_until = CASE WHEN l.parked_reason IS NULL THEN NULL"
    "    ELSE clock_timestamp() + $4::bigint * interval '1 ms' END"
    "  FROM c WHERE l.name = $1 AND NOT c.paused"
    "   AND (l.parked_reason IS NULL OR l.parked_until <= clock_timestamp())"
    "  RETURNING l.rate, l.parked_reason IS NOT NULL AS probe,"
    "   (extract(epoch FROM l.next_slot - clock_timestamp()) * 1000000)::bigint AS end_us,"
    "   l.next_slot, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us) "
    "SELECT d.end_us, d.probe, c.paused, l.parked_reason,"
    " (extract(epoch FROM l.parked_until - clock_timestamp()) * 1000000)::bigint, l.rate,"
    " l.failures, (extract(epoch FROM c.trigger_at) * 1000000)::bigint, d.next_slot, "
    "l.parked_text, d.now_us"
    " FROM c LEFT JOIN postroom.lanes l ON l.name = $1 LEFT JOIN drawn d ON true";

bool lane_draw(struct db *db, const char *lane, const char *worker, int want, int64_t guard_ms,
               struct lane_grant *out, struct err *err) {
    char n[16], guard[24], spare[32];
    PGresult *r = NULL;
    str_format(n, sizeof n, "%d", want);
    str_format(guard, sizeof guard, "%lld", (long long)guard_ms);
    str_format(spare, sizeof spare, "%.17g", LANE_SPARE);
    if (!db_exec(db, DRAW, 5, (const char *[]){lane, worker, n, guard, spare}, &r, err))
        return false;
    *out = (struct lane_grant){0};
    if (PQntuples(r) == 0) {
        PQclear(r);
        return err_set(err, ERR_SCHEMA,
                       "postroom.control is empty: run `postroom migrate` to mend it");
    }
    out->probe = cell_bool(r, 0, 1);
    out->paused = cell_bool(r, 0, 2);
    out->rate = cell_double(r, 0, 5, 0);
    out->failures = cell_int(r, 0, 6, 0);
    out->trigger_us = cell_int(r, 0, 7, 0);
    out->parked = out->probe ? LANE_OK : lane_fault_from(cell_text(r, 0, 3));
    const char *text = cell_text(r, 0, 9);
    str_copy(out->parked_text, sizeof out->parked_text, text ? text : "");
    out->parked_for_us = cell_int(r, 0, 4, INT64_MAX);
    out->spacing_us = out->rate > 0 ? (int64_t)(1e6 / (out->rate * LANE_SPARE)) : 0;
    if (cell_text(r, 0, 0)) {
        out->slots = out->probe ? 1 : want;
        str_copy(out->end, sizeof out->end, cell_text(r, 0, 8));
        out->now_us = cell_int(r, 0, 10, 0);
        out->first_in_us = cell_int(r, 0, 0, 0) - out->slots * out->spacing_us;
    }
    PQclear(r);
    return true;
}

/* Only where nobody drew after us: slots that others hold are fixed points in time. */
bool lane_give_back(struct db *db, const char *lane, const struct lane_grant *grant, int slots,
                    struct err *err) {
    char back[32];
    str_format(back, sizeof back, "%lld", (long long)(grant->spacing_us * slots));
    return db_exec(db,
                   "WITH relaxed AS MATERIALIZED"
                   " (SELECT set_config('synchronous_commit', 'off', true) AS s) "
                   "UPDATE postroom.lanes SET next_slot = CASE WHEN next_slot = $2::timestamptz"
                   "  THEN next_slot - $3::bigint * interval '1 us' ELSE next_slot END,"
                   " parked_until = CASE WHEN $4::boolean THEN now() ELSE parked_until END"
                   " FROM relaxed WHERE name = $1 AND (next_slot = $2::timestamptz OR $4::boolean)",
                   4, (const char *[]){lane, grant->end, back, grant->probe ? "t" : "f"}, NULL,
                   err);
}

bool lane_lock(struct db *db, const char *lane, struct err *err) {
    return db_exec(db, "SELECT FROM postroom.lanes WHERE name = $1 FOR UPDATE", 1,
                   (const char *[]){lane}, NULL, err);
}

bool lane_quota(struct db *db, const char *lane, struct lane_quota *out, struct err *err) {
    PGresult *r = NULL;
    if (!guided_rows(
            db,
            "WITH t AS (SELECT (now() AT TIME ZONE 'UTC')::date AS today),"
            " u AS (SELECT coalesce(sum(messages) FILTER (WHERE day = today), 0) AS d,"
            "  coalesce(sum(messages), 0) AS m FROM t LEFT JOIN postroom.usage"
            "  ON lane = $1 AND day >= date_trunc('month', today)) "
            "SELECT l.daily_quota, l.monthly_quota,"
            " greatest(u.d, CASE WHEN (l.told_daily_at AT TIME ZONE 'UTC')::date = t.today"
            "  THEN l.told_daily END),"
            " greatest(u.m, CASE WHEN date_trunc('month', l.told_monthly_at AT TIME ZONE 'UTC')"
            "  = date_trunc('month', t.today) THEN l.told_monthly END),"
            " CASE WHEN coalesce(l.daily_quota, l.monthly_quota) IS NULL THEN 0 ELSE"
            "  (SELECT count(*) FROM (SELECT FROM ${messages} m WHERE m.${status} = 'processing'"
            "   LIMIT 10000) x) END"
            " FROM t, u, postroom.lanes l WHERE l.name = $1",
            1, (const char *[]){lane}, &r, err))
        return false;
    bool there = PQntuples(r) == 1;
    out->daily_limit = there ? cell_int(r, 0, 0, 0) : 0;
    out->monthly_limit = there ? cell_int(r, 0, 1, 0) : 0;
    out->daily_left = out->daily_limit ? out->daily_limit - cell_int(r, 0, 2, 0) : INT64_MAX;
    out->monthly_left = out->monthly_limit ? out->monthly_limit - cell_int(r, 0, 3, 0) : INT64_MAX;
    out->in_flight = there ? cell_int(r, 0, 4, 0) : 0;
    PQclear(r);
    return true;
}

/* --- what answers tell -------------------------------------------------------------------------
 */

/* Until when a fault parks the lane; $3 in ms is retry-after for a rate (-1: not told), and for a
 * daily quota how long until it is looked at again (0: its window turns at midnight). */
#define UNTIL                                                                                      \
    "CASE $2 WHEN 'rate' THEN clock_timestamp() + greatest($3::bigint, 1000) * interval '1 ms'"    \
    " WHEN 'daily' THEN CASE WHEN $3::bigint > 0"                                                  \
    "  THEN clock_timestamp() + $3::bigint * interval '1 ms'"                                      \
    "  ELSE (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day')"                      \
    "  AT TIME ZONE 'UTC' END"                                                                     \
    " WHEN 'monthly' THEN (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')"    \
    "  AT TIME ZONE 'UTC' END"

/* A probe's answer turns one park into another in one step: were the lane open in between, others
 * would send. A pause that another answer named (there may be several on the wire) is not cut
 * short: only a probe, which asked after its end, knows better. */
static const char PARK[] =
    "WITH p AS (UPDATE postroom.lanes l SET"
    "  parked_since = CASE WHEN l.parked_reason = $2 THEN l.parked_since ELSE now() END,"
    "  parked_reason = $2, parked_text = $4, parked_until = greatest(" UNTIL ","
    "   CASE WHEN $2 = 'rate' AND NOT $5::boolean THEN l.parked_until END),"
    "  next_slot = greatest(l.next_slot, CASE WHEN $2 = 'rate' THEN " UNTIL " END),"
    "  failures = CASE WHEN $2 = 'rate' AND $5::boolean THEN 0 ELSE l.failures END,"
    "  probes = CASE WHEN $2 = 'rate' AND $5::boolean THEN 0 ELSE l.probes END"
    "  WHERE l.name = $1 AND ($5::boolean OR NOT (l.parked_reason IS NOT NULL AND $2 = 'rate'"
    "   AND l.parked_reason <> 'rate'))"
    "  RETURNING parked_until,"
    "   (SELECT o.parked_reason FROM postroom.lanes o WHERE o.name = $1) AS before),"
    " j AS (INSERT INTO postroom.journal (who, what) SELECT 'postroom',"
    "   CASE WHEN $2 = 'rate' THEN 'opened lane ' || $1 || ' (was parked: ' || before || ')'"
    "   ELSE 'parked lane ' || $1 || ': ' || $4 || CASE WHEN parked_until IS NULL"
    "    THEN ', until somebody acts' ELSE ', until '"
    "    || to_char(parked_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' END END"
    "  FROM p WHERE CASE WHEN $2 = 'rate' THEN before <> 'rate' ELSE before IS DISTINCT FROM $2 "
    "END) "
    "SELECT pg_notify('postroom', 'control') FROM p";

static bool park(struct db *db, const char *lane, enum lane_fault fault, int64_t after_ms,
                 const char *text, bool probe, struct err *err) {
    char after[24];
    str_format(after, sizeof after, "%lld", (long long)after_ms);
    return db_exec(db, PARK, 5,
                   (const char *[]){lane, lane_fault_name(fault), after, text, probe ? "t" : "f"},
                   NULL, err);
}

/* One more failure in a row; the fifth parks, and each failed probe doubles the wait to 60 s. */
static bool count_failure(struct db *db, const char *lane, const char *text, bool probe,
                          struct err *err) {
    return db_exec(
        db,
        "WITH f AS (UPDATE postroom.lanes l SET failures = l.failures + 1,"
        "  probes = CASE WHEN $3::boolean THEN l.probes + 1 ELSE l.probes END,"
        "  parked_since = CASE WHEN l.parked_reason IS NULL AND l.failures + 1 >= " DOWN_AFTER
        "   THEN now() ELSE l.parked_since END,"
        "  parked_text = CASE WHEN l.failures + 1 >= " DOWN_AFTER " THEN $2 ELSE l.parked_text END,"
        "  parked_until = CASE WHEN l.parked_reason IS NOT NULL AND NOT $3::boolean"
        "   THEN l.parked_until WHEN l.failures + 1 >= " DOWN_AFTER " THEN clock_timestamp()"
        "   + least(60, 5 * power(2, least(l.probes + CASE WHEN $3::boolean THEN 1 ELSE 0 END, 4)))"
        "   * interval '1 s' ELSE l.parked_until END,"
        "  parked_reason = CASE WHEN l.parked_reason IS NULL AND l.failures + 1 >= " DOWN_AFTER
        "   THEN 'down' ELSE l.parked_reason END"
        "  WHERE l.name = $1 RETURNING l.failures),"
        " j AS (INSERT INTO postroom.journal (who, what) SELECT 'postroom', 'parked lane ' || $1"
        "   || ': ' || $2 || ', probing' FROM f WHERE failures = " DOWN_AFTER ") "
        "SELECT pg_notify('postroom', 'control') FROM f WHERE failures = " DOWN_AFTER,
        3, (const char *[]){lane, text, probe ? "t" : "f"}, NULL, err);
}

static bool open_lane(struct db *db, const char *lane, struct err *err) {
    return db_exec(
        db,
        "WITH was AS (SELECT parked_reason FROM postroom.lanes WHERE name = $1),"
        " o AS (UPDATE postroom.lanes SET failures = 0, probes = 0, parked_reason = NULL,"
        "  parked_text = NULL, parked_since = NULL, parked_until = NULL WHERE name = $1"
        "  RETURNING 1),"
        " j AS (INSERT INTO postroom.journal (who, what) SELECT 'postroom', 'opened lane ' || $1"
        "  || ' (was parked: ' || parked_reason || ')' FROM was, o"
        "  WHERE parked_reason IS NOT NULL AND parked_reason <> 'rate') "
        "SELECT pg_notify('postroom', 'control') FROM was, o WHERE parked_reason IS NOT NULL",
        1, (const char *[]){lane}, NULL, err);
}

/* A success after failures: the row is clean again, but a park by another worker stays. */
static bool forget_failures(struct db *db, const char *lane, struct err *err) {
    return db_exec(db,
                   "UPDATE postroom.lanes SET failures = 0, probes = 0"
                   " WHERE name = $1 AND parked_reason IS NULL AND failures > 0",
                   1, (const char *[]){lane}, NULL, err);
}

bool lane_rate_differs(double a, double b) {
    return a < b * 0.999 || a > b * 1.001;
}

bool lane_rate_is_told(double told, double configured) {
    return told > 0 && (configured <= 0 || told < configured);
}

/* Where the provider tells another rate, slots drawn before are void: whoever holds some is told,
 * and drops them. The new pace begins a slot's length after all have heard: towards a lower rate
 * that is a second, which is how far the provider looks back; towards a higher one a quarter, in
 * which the old slots lie further apart than the new ones anyway. A rate that is ours voids
 * nothing: workers that are given different ones, while they are restarted, would void each other's
 * all the time. */
static const char LEARN[] =
    "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s),"
    " was AS MATERIALIZED (SELECT l.name, l.rate, $2::float8 > 0"
    "   AND abs($2::float8 - l.rate) > 0.001 * l.rate AS changes, $6::boolean AS told"
    "  FROM postroom.lanes l, relaxed WHERE l.name = $1 FOR UPDATE OF l),"
    " learnt AS (UPDATE postroom.lanes l SET"
    "  rate = CASE WHEN w.changes THEN $2::float8 ELSE l.rate END,"
    "  next_slot = CASE WHEN NOT (w.changes AND w.told) THEN l.next_slot"
    "   ELSE clock_timestamp() + interval '1 s' / (nullif($2::float8, 0) * $7::float8)"
    "    + CASE WHEN w.rate > 0 AND w.rate < $2::float8 THEN interval '250 ms'"
    "     ELSE interval '1 s' END END,"
    "  daily_quota = CASE WHEN $5::bigint = 0 THEN l.daily_quota"
    "   WHEN $5::bigint > 0 THEN $5::bigint END,"
    "  told_daily = CASE WHEN $3::bigint >= 0 THEN $3::bigint ELSE l.told_daily END,"
    "  told_daily_at = CASE WHEN $3::bigint >= 0 THEN now() ELSE l.told_daily_at END,"
    "  told_monthly = CASE WHEN $4::bigint >= 0 THEN $4::bigint ELSE l.told_monthly END,"
    "  told_monthly_at = CASE WHEN $4::bigint >= 0 THEN now() ELSE l.told_monthly_at END"
    "  FROM was w WHERE l.name = w.name RETURNING w.changes AND w.told AS voids) "
    "SELECT pg_notify('postroom', 'control') FROM learnt WHERE voids";

static bool learn(struct db *db, const char *lane, const struct lane_report *report,
                  struct err *err) {
    const struct lane_news *news = report->news;
    double rate = news->rate;
    if (report->configured_rate > 0 && (rate <= 0 || rate > report->configured_rate))
        rate = report->configured_rate;
    bool new_rate = rate > 0 && lane_rate_differs(rate, report->rate);
    if (!new_rate && news->daily_used < 0 && news->monthly_used < 0 && report->daily_limit == 0)
        return true;
    char text[32], daily[24], monthly[24], limit[24], spare[32];
    str_format(spare, sizeof spare, "%.17g", LANE_SPARE);
    str_format(limit, sizeof limit, "%lld", (long long)report->daily_limit);
    str_format(text, sizeof text, "%.17g", new_rate ? rate : 0.0);
    str_format(daily, sizeof daily, "%lld", (long long)news->daily_used);
    str_format(monthly, sizeof monthly, "%lld", (long long)news->monthly_used);
    const char *told = lane_rate_is_told(news->rate, report->configured_rate) ? "t" : "f";
    return db_exec(db, LEARN, 7, (const char *[]){lane, text, daily, monthly, limit, told, spare},
                   NULL, err);
}

bool lane_report(struct db *db, const char *lane, const struct lane_report *report,
                 struct err *err) {
    const struct lane_news *news = report->news;
    if (!learn(db, lane, report, err))
        return false;
    switch (news->fault) {
    case LANE_OK:
        if (report->probe)
            return open_lane(db, lane, err);
        return !report->had_failures || forget_failures(db, lane, err);
    case LANE_DOWN:
        return count_failure(db, lane, news->text, report->probe, err);
    case LANE_RATE: /* throttled, so it is up again */
        return park(db, lane, news->fault, news->retry_after_ms, news->text, report->probe, err);
    default:
        return park(db, lane, news->fault, report->quota_look_ms, news->text, report->probe, err);
    }
}

bool lane_park_quota(struct db *db, const char *lane, enum lane_fault which, int64_t look_ms,
                     struct err *err) {
    return park(db, lane, which, look_ms,
                which == LANE_DAILY ? "the daily quota is used up" : "the monthly quota is used up",
                false, err);
}

/* --- this worker's row ---------------------------------------------------------------------------
 */

bool presence_arrive(struct db *db, const struct presence *p, struct err *err) {
    return db_exec(db,
                   "WITH old AS (DELETE FROM postroom.workers"
                   "  WHERE heard_at < now() - interval '1 day' AND id <> $1),"
                   " here AS (INSERT INTO postroom.workers (id, name, pid, version, lane)"
                   "  VALUES ($1, $2, split_part($1, '/', 2)::int, $3, $4)"
                   "  ON CONFLICT (id) DO UPDATE SET heard_at = now() RETURNING xmax = 0 AS first) "
                   "INSERT INTO postroom.journal (who, what)"
                   " SELECT $2, 'started' FROM here WHERE first",
                   4, (const char *[]){p->id, p->name, p->version, p->lane}, NULL, err);
}

bool presence_write(struct db *db, const struct presence *p, struct err *err) {
    char n[8][24];
    const int64_t values[] = {p->in_flight, p->requests_10s, p->requests_1m, p->messages_1m,
                              p->sent_1m,   p->failed_1m,    p->empty_60s,   p->stall_ms};
    for (int i = 0; i < 8; i++)
        str_format(n[i], sizeof n[i], "%lld", (long long)values[i]);
    return db_exec(
        db,
        "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s) "
        "UPDATE postroom.workers SET heard_at = clock_timestamp(), state = $2, in_flight = $3::int,"
        " requests_10s = $4::int, requests_1m = $5::int, messages_1m = $6::int, sent_1m = $7::int,"
        " failed_1m = $8::int, empty_60s = $9::int, stall_ms = $10::int"
        " FROM relaxed WHERE id = $1",
        10, (const char *[]){p->id, p->state, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]}, NULL,
        err);
}

bool presence_leave(struct db *db, const char *id, struct err *err) {
    return db_exec(db,
                   "WITH j AS (INSERT INTO postroom.journal (who, what) SELECT name, 'stopped'"
                   "  FROM postroom.workers WHERE id = $1) "
                   "DELETE FROM postroom.workers WHERE id = $1",
                   1, (const char *[]){id}, NULL, err);
}
