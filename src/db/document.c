/* The document (keys: core/snapshot.h) as one SQL statement, so that all its numbers are of one
 * moment. It must stay cheap with ten million rows: what waits or failed is counted by index up to
 * COUNT_CAP, everything else comes from the small tables of schema postroom. Below, the statement
 * stands in pieces, one per topic, put together at the end. Called by the thread that owns the
 * struct db.
 *
 * Rates weigh the minute that the last 60 s cover only in part by that part. */
#include "db/document.h"

#include "db/codes.h"
#include "db/guided.h"

/* clang-format off */

#define LIMIT_COUNT "LIMIT " COUNT_CAP " + 1"

/* Applications may write any time, 'infinity' included: what no screen can show is unknown. */
#define TIME(t) \
    "CASE WHEN " t " BETWEEN '1970-01-01' AND '9999-01-01' THEN (" t ")::timestamptz END"

/* The share of a row of minutes that lies in the last `w`. */
#define SHARE(w) \
    "greatest(0, least(1, extract(epoch FROM minute + interval '1 min' - now()" \
    " + interval '" w "') / 60))"

/* Rows of one status, found rank by rank: both indexes start with the rank. */
#define BY_RANK(time, condition) \
    "SELECT count(*) AS n, min(x.at) AS at FROM (" \
    "  SELECT x.at FROM generate_series(0, 9) AS r (rank), LATERAL (" \
    "    SELECT " time " AS at FROM ${messages} m" \
    "    WHERE ${m.rank} = r.rank AND " condition " ORDER BY " time " " LIMIT_COUNT ") x" \
    "  " LIMIT_COUNT ") x"

static const char queue_sql[] =
    "pending AS MATERIALIZED ("
        BY_RANK("${m.due}", "${m.status} = 'pending' AND ${m.due} <= now()") "),"
    "scheduled AS MATERIALIZED ("
        BY_RANK("${m.due}", "${m.status} = 'pending' AND ${m.due} > now()") "),"
    "retrying AS MATERIALIZED ("
        BY_RANK("${m.next_attempt_at}",
                "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL") "),"
    "processing AS MATERIALIZED (SELECT count(*) AS n,"
    "  (SELECT min(stored_at) FROM postroom.requests WHERE lease_expires_at IS NOT NULL) AS at"
    "  FROM (SELECT 1 FROM ${messages} m WHERE ${m.status} = 'processing'"
    "  ORDER BY ${m.lease_expires_at} " LIMIT_COUNT ") x),"
    "uncertain AS MATERIALIZED ("
    "  SELECT count(*) FILTER (WHERE next IS NULL) AS n,"
    "  min(at) FILTER (WHERE next IS NULL) AS at FROM ("
    "    SELECT ${m.failed_at} AS at, ${m.next_attempt_at} AS next FROM ${messages} m"
    "    WHERE ${m.status} = 'failed' AND ${m.error_code} = 'uncertain'"
    "    ORDER BY ${m.failed_at} " LIMIT_COUNT ") x),"
    "cancelled AS MATERIALIZED (SELECT count(*) AS n, max(at) AS at FROM ("
    "  SELECT ${m.updated_at} AS at FROM ${messages} m WHERE ${m.status} = 'cancelled'"
    "  ORDER BY ${m.updated_at} DESC " LIMIT_COUNT ") x),";

/* The error codes among the failed are walked, each by one probe; then each group is counted, all
 * together some 20,000 rows at most, and its newest and oldest message looked up. */
#define FAILED_BY(condition) \
    "FROM ${messages} m WHERE ${m.status} = 'failed' AND " condition
#define GROUP(code, share, condition) \
    "SELECT " code " AS code, c.n, c.n >= " share " AS capped, c.retrying," \
    "  newest.text, newest.at AS last, oldest.at AS first FROM" \
    "  (SELECT count(*) AS n, count(next) AS retrying FROM (" \
    "    SELECT ${m.next_attempt_at} AS next " FAILED_BY(condition) " LIMIT " share ") x) c" \
    "  LEFT JOIN LATERAL (" \
    "    SELECT left(${m.error_message}, 300) AS text, ${m.failed_at} AS at " \
         FAILED_BY(condition) \
    "    AND ${m.failed_at} IS NOT NULL ORDER BY ${m.failed_at} DESC LIMIT 1) newest ON true" \
    "  LEFT JOIN LATERAL (SELECT ${m.failed_at} AS at " FAILED_BY(condition) \
    "    AND ${m.failed_at} IS NOT NULL ORDER BY ${m.failed_at} LIMIT 1) oldest ON true"

static const char errors_sql[] =
    ERROR_CODES ","
    "codes AS MATERIALIZED ("
    "  SELECT code, least(" COUNT_CAP " + 1, 20000 / count(*) OVER ()) AS share"
    "  FROM (SELECT code FROM error_codes WHERE code IS NOT NULL LIMIT 50) x),"
    "groups AS MATERIALIZED ("
    "  SELECT g.* FROM codes, LATERAL ("
         GROUP("codes.code", "codes.share", "${m.error_code} = codes.code") ") g"
    "  UNION ALL SELECT g.* FROM ("
         GROUP("'" NO_ERROR_CODE "'", COUNT_CAP, "${m.error_code} IS NULL") ") g WHERE g.n > 0),"
    "final AS MATERIALIZED ("
    "  SELECT coalesce(sum(n - retrying), 0) AS n,"
    "  coalesce(bool_or(capped), false) OR count(*) >= 50 AS capped,"
    "  min(first) FILTER (WHERE n > retrying) AS at FROM groups WHERE code <> 'uncertain'),"
    "error_rates AS MATERIALIZED ("
    "  SELECT coalesce(nullif(error_code, ''), '" NO_ERROR_CODE "') AS code,"
    "  round(sum(failed * " SHARE("1 min") ")) AS n FROM postroom.minute_errors"
    "  WHERE minute > now() - interval '2 min' GROUP BY 1),"
    "errors AS MATERIALIZED ("
    "  SELECT g.*, coalesce(r.n, 0) AS per_min FROM groups g"
    "  LEFT JOIN error_rates r USING (code)),";

#define RATE(column, w) "coalesce(round(sum(" column " * " SHARE(w) ")), 0)"

static const char minutes_sql[] =
    "by_minute AS MATERIALIZED ("
    "  SELECT minute, sum(sent) AS sent, sum(failed) AS failed FROM postroom.minutes"
    "  WHERE minute > now() - interval '61 min' GROUP BY minute),"
    "rates AS MATERIALIZED (SELECT"
    "  " RATE("sent", "1 min") " AS sent_1m, " RATE("failed", "1 min") " AS failed_1m,"
    "  " RATE("sent", "2 min") " AS sent_2m, " RATE("failed", "2 min") " AS failed_2m,"
    "  " RATE("sent", "5 min") " AS sent_5m, " RATE("failed", "5 min") " AS failed_5m,"
    "  sum(sent) / nullif(extract(epoch FROM now() - min(minute)), 0) AS per_second"
    "  FROM by_minute),"
    "graph AS MATERIALIZED ("
    "  SELECT min(g.minute) AS first,"
    "  jsonb_agg(coalesce(b.sent, 0) ORDER BY g.minute) AS sent,"
    "  jsonb_agg(coalesce(b.failed, 0) ORDER BY g.minute) AS failed,"
    "  jsonb_agg(w.waiting ORDER BY g.minute) AS waiting,"
    "  percentile_disc(0.5) WITHIN GROUP (ORDER BY coalesce(b.sent, 0)) AS usual"
    "  FROM generate_series(date_trunc('minute', now()) - interval '50 min',"
    "  date_trunc('minute', now()) - interval '1 min', interval '1 min') AS g (minute)"
    "  LEFT JOIN by_minute b USING (minute) LEFT JOIN postroom.waiting w USING (minute)),"
    "attempted AS MATERIALIZED ("
    "  SELECT at, outcome FROM postroom.attempts ORDER BY seq DESC LIMIT 1000),"
    "last_sent AS MATERIALIZED (SELECT coalesce("
    "  (SELECT max(at) FROM attempted WHERE outcome = 'sent'),"
    "  (SELECT minute + interval '59 s' FROM postroom.minutes WHERE sent > 0"
    "  ORDER BY minute DESC LIMIT 1)) AS at),";

/* How the backlog moves: against a sample 30 to 60 s old, handed on from document to document. */
static const char was_stored_sql[] =
    "was AS MATERIALIZED (SELECT doc FROM (SELECT 1) one"
    "  LEFT JOIN postroom.published p ON p.at > now() - interval '2 min'),";
static const char was_nothing_sql[] = "was AS MATERIALIZED (SELECT NULL::jsonb AS doc),";

static const char trend_sql[] =
    "sample AS MATERIALIZED ("
    "  SELECT (doc #>> '{trend,at}')::timestamptz AS at, (doc #>> '{trend,n}')::bigint AS n,"
    "  (doc #>> '{trend,next_at}')::timestamptz AS next_at,"
    "  (doc #>> '{trend,next_n}')::bigint AS next_n,"
    "  (doc #>> '{trend,next_at}')::timestamptz <= now() - interval '30 s' AS ripe FROM was),"
    "trend AS MATERIALIZED ("
    "  SELECT CASE WHEN ripe THEN next_at ELSE at END AS at,"
    "  CASE WHEN ripe THEN next_n ELSE n END AS n,"
    "  CASE WHEN ripe OR next_at IS NULL THEN now() ELSE next_at END AS next_at,"
    "  CASE WHEN ripe OR next_at IS NULL THEN (SELECT n FROM pending) ELSE next_n END AS next_n"
    "  FROM sample),"
    "growth AS MATERIALIZED ("
    "  SELECT round((p.n - t.n) / extract(epoch FROM now() - t.at) * 60) AS per_min"
    "  FROM trend t, pending p WHERE t.at < now() - interval '15 s'"
    "  AND p.n <= " COUNT_CAP " AND t.n <= " COUNT_CAP "),";

#define UTC_NOW "(now() AT TIME ZONE 'UTC')"

static const char lanes_sql[] =
    "heard AS MATERIALIZED ("
    "  SELECT * FROM postroom.workers WHERE heard_at > now() - interval '30 s'"
    "  AND state <> 'stopped' ORDER BY name, pid LIMIT 100),"
    "lane AS MATERIALIZED ("
    "  SELECT l.*, h.*, u.*,"
    "  date_trunc('day', " UTC_NOW ") AT TIME ZONE 'UTC' + interval '1 day' AS resets,"
    "  (SELECT e ->> 'empty_since' FROM was, jsonb_array_elements(doc -> 'lanes') e"
    "  WHERE e ->> 'name' = l.name)::timestamptz AS emptied"
    "  FROM postroom.lanes l,"
    "  LATERAL (SELECT sum(requests_10s) / 10.0 AS rate_used,"
    "    sum(messages_1m)::numeric / nullif(sum(requests_1m), 0) AS per_request,"
    "    max(empty_60s) AS empty_60s FROM heard WHERE heard.lane = l.name) h,"
    "  LATERAL (SELECT coalesce(sum(messages), 0) AS month_used,"
    "    coalesce(sum(messages) FILTER (WHERE day = " UTC_NOW "::date), 0) AS today_used"
    "    FROM postroom.usage WHERE usage.lane = l.name"
    "    AND day >= date_trunc('month', " UTC_NOW ")::date) u"
    "  ORDER BY l.name LIMIT 20),"
    /* the provider counts what other programs sent, too: the higher number is right */
    "used AS MATERIALIZED ("
    "  SELECT lane.*, CASE WHEN told_daily_at >= resets - interval '1 day'"
    "  THEN greatest(told_daily, today_used) ELSE today_used END AS today,"
    "  CASE WHEN told_monthly_at AT TIME ZONE 'UTC' >= date_trunc('month', " UTC_NOW ")"
    "  THEN greatest(told_monthly, month_used) ELSE month_used END AS month FROM lane)";

/* When the backlog will be gone: at the pace at which it shrinks now, and where that needs more than
 * is left of today's quota, so many whole days later as the rest takes. */
#define GONE_AT \
    "(SELECT CASE" \
    "  WHEN daily_quota IS NULL OR p.n <= daily_quota - today" \
    "    THEN now() + make_interval(secs => (p.n * 60 / -g.per_min)::float8)" \
    "  WHEN daily_quota > 0 THEN resets" \
    "    + div(p.n - greatest(daily_quota - today, 0) - 1, daily_quota)::int * interval '1 day'" \
    "    + make_interval(secs => (((p.n - greatest(daily_quota - today, 0) - 1) % daily_quota + 1)" \
    "      * 60 / -g.per_min)::float8) END" \
    "  FROM pending p, growth g WHERE g.per_min < 0 AND p.n > 0)"

static const char lanes_doc[] =
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('name', name,"
    "  'state', CASE WHEN parked_reason IS NULL THEN 'open' ELSE 'parked' END,"
    "  'reason', parked_reason, 'text', left(parked_text, 300), 'since', parked_since,"
    "  'until', " TIME("parked_until") ", 'rate_used', round(rate_used, 1),"
    "  'rate_allowed', nullif(round(rate::numeric, 2), 0), 'empty_60s', empty_60s,"
    "  'empty_since', CASE WHEN empty_60s >= 48"
    "    THEN coalesce(emptied, now() - make_interval(secs => empty_60s)) END,"
    "  'per_request', round(per_request, 1), 'per_request_max', batch_size,"
    "  'today_used', today, 'today_allowed', daily_quota, 'today_resets_at', resets,"
    "  'full_at', CASE WHEN today < daily_quota"
    "    AND today + per_second * extract(epoch FROM resets - now()) > daily_quota"
    "    THEN now() + make_interval(secs =>"
    "      ((daily_quota - today) / nullif(per_second, 0))::float8) END,"
    "  'month_used', month, 'month_allowed', monthly_quota,"
    "  'gone_at', " GONE_AT ") ORDER BY name), '[]') FROM used, rates)";

#define QUEUE_ROW(source, per_min) \
    "(SELECT jsonb_build_object('n', least(n, " COUNT_CAP "), 'capped', n > " COUNT_CAP "," \
    "  'per_min', " per_min ", 'at', " TIME("at") ") FROM " source ")"
#define UNCERTAIN_RATE "coalesce((SELECT r.n FROM error_rates r WHERE code = 'uncertain'), 0)"

static const char queue_doc[] =
    "jsonb_build_object("
    "  'pending', " QUEUE_ROW("pending", "(SELECT per_min FROM growth)") ","
    "  'scheduled', " QUEUE_ROW("scheduled", "NULL::bigint") ","
    "  'processing', " QUEUE_ROW("processing", "NULL::bigint") ","
    "  'retrying', " QUEUE_ROW("retrying", "NULL::bigint") ","
    "  'failed', (SELECT jsonb_build_object('n', least(n, " COUNT_CAP "),"
    "    'capped', capped OR n > " COUNT_CAP ","
    "    'per_min', greatest(failed_1m - " UNCERTAIN_RATE ", 0), 'at', " TIME("at") ")"
    "    FROM final, rates),"
    "  'uncertain', " QUEUE_ROW("uncertain", UNCERTAIN_RATE) ","
    "  'sent_today', (SELECT jsonb_build_object('n', coalesce(sum(today_used), 0),"
    "    'per_min', (SELECT sent_1m FROM rates), 'at', (SELECT at FROM last_sent)) FROM lane),"
    "  'cancelled', " QUEUE_ROW("cancelled", "NULL::bigint") ")";

static const char attempts_doc[] =
    "(SELECT jsonb_build_object('all_5m', sent_5m + failed_5m, 'failed_5m', failed_5m,"
    "  'failed_2m', failed_2m, 'ok_2m', sent_2m, 'sent_1m', sent_1m,"
    "  'sent_1m_usual', (SELECT usual FROM graph), 'last_at', (SELECT max(at) FROM attempted),"
    "  'last_sent_at', (SELECT at FROM last_sent)) FROM rates)";

static const char errors_doc[] =
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'text', coalesce(text, code),"
    "  'n', least(n, " COUNT_CAP "), 'capped', capped,"
    "  'retrying', least(retrying, " COUNT_CAP "), 'per_min', per_min,"
    "  'last_at', " TIME("last") ", 'first_at', " TIME("first") ")"
    "  ORDER BY per_min DESC, n DESC, code), '[]') FROM errors)";

static const char people_doc[] =
    "'paused', (SELECT jsonb_build_object('by', paused_by, 'at', paused_at,"
    "  'reason', paused_reason) FROM postroom.control WHERE paused_at IS NOT NULL),"
    "'workers', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'pid', pid,"
    "  'state', CASE WHEN paused_at IS NULL THEN state"
    "    ELSE 'paused by ' || coalesce(paused_by, '?') END,"
    "  'in_flight', in_flight, 'sent_1m', sent_1m, 'failed_1m', failed_1m,"
    "  'heard_at', heard_at, 'started_at', started_at) ORDER BY name, pid), '[]') FROM heard),"
    "'last_heard_at', (SELECT max(heard_at) FROM postroom.workers),"
    "'operators', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'at', did_at,"
    "  'did', did) ORDER BY did_at DESC), '[]') FROM (SELECT * FROM postroom.operators"
    "  WHERE heard_at > now() - interval '30 s' ORDER BY did_at DESC LIMIT 50) o),"
    "'journal', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', at, 'who', who,"
    "  'what', left(what, 300)) ORDER BY seq DESC), '[]') FROM (SELECT * FROM postroom.journal"
    "  ORDER BY seq DESC LIMIT 50) j)";

/* Under the graphs: when it was paused, and since when the worst error is there. */
static const char minutes_doc[] =
    "(SELECT jsonb_build_object('first', first, 'sent', sent, 'failed', failed,"
    "  'waiting', waiting, 'marks', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', at,"
    "  'text', text) ORDER BY at), '[]') FROM ("
    "    (SELECT at, 'pause' AS text FROM"
    "      (SELECT at, what FROM postroom.journal ORDER BY seq DESC LIMIT 200) j"
    "      WHERE at >= first AND what LIKE 'paused all%' ORDER BY at DESC LIMIT 5)"
    "    UNION ALL SELECT e.first, to_char(e.first AT TIME ZONE 'UTC', 'HH24:MI') FROM"
    "      (SELECT * FROM errors WHERE per_min > 0 ORDER BY per_min DESC, n DESC, code LIMIT 1) e"
    "      WHERE e.first >= graph.first) m)) FROM graph)";

#define NOW_US "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

/* clang-format on */

#define TEMPLATE_MAX ((size_t)48 * 1024)

static void put_sources(struct buf *b, const char *was) {
    const char *const pieces[] = {queue_sql, errors_sql, minutes_sql, was, trend_sql, lanes_sql};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        buf_puts(b, pieces[i]);
}

/* What the caller knows, else what was stored. */
static void put_held(struct buf *b, const struct verdict_held *held) {
    static const char *const keys[HELD_STATES] = {"failing", "throttled", "slow"};
    if (!held->known) {
        buf_puts(b, "(SELECT doc -> 'held' FROM was)");
        return;
    }
    buf_puts(b, "jsonb_build_object(");
    for (int i = 0; i < HELD_STATES; i++)
        buf_printf(b, "%s'%s', to_timestamp(nullif(%lld, -1) / 1e6)", i > 0 ? ", " : "", keys[i],
                   (long long)held->us[i]);
    buf_puts(b, ")");
}

static void put_document(struct buf *b, const struct verdict_held *held) {
    buf_printf(b, " jsonb_build_object('published_at', now(), 'queue', %s, 'attempts', %s,",
               queue_doc, attempts_doc);
    buf_printf(b, "'lanes', %s, 'errors', %s, %s, 'minutes', %s,", lanes_doc, errors_doc,
               people_doc, minutes_doc);
    buf_puts(b, "'trend', (SELECT to_jsonb(trend) FROM trend), 'held', ");
    put_held(b, held);
    buf_puts(b, ")");
}

static bool run(struct db *db, struct buf *template, PGresult **out, struct err *err) {
    bool ok =
        template->failed ? err_nomem(err) : guided_exec(db, buf_text(template), 0, NULL, out, err);
    buf_free(template);
    return ok;
}

/* The gate: the stored one is old, and the lock is ours. Behind the WHEREs that ask it nothing is
 * computed without it. */
bool document_publish(struct db *db, int max_age_ms, const struct verdict_held *held,
                      PGresult **out, struct err *err) {
    struct buf b;
    buf_init(&b, TEMPLATE_MAX);
    buf_printf(&b,
               "WITH RECURSIVE gate AS MATERIALIZED (SELECT CASE WHEN NOT EXISTS (SELECT"
               " FROM postroom.published WHERE at > clock_timestamp() - interval '%d ms')"
               " THEN pg_try_advisory_xact_lock(hashtext('postroom.published')) ELSE false END"
               " AS mine),",
               max_age_ms);
    put_sources(&b, was_stored_sql);
    buf_puts(&b, ", noted AS (INSERT INTO postroom.waiting (minute, waiting)"
                 " SELECT date_trunc('minute', now()), n FROM pending"
                 " WHERE (SELECT mine FROM gate) ON CONFLICT DO NOTHING),"
                 " pruned AS (DELETE FROM postroom.waiting WHERE (SELECT mine FROM gate)"
                 " AND minute < now() - interval '1 day') "
                 "INSERT INTO postroom.published AS p (at, doc) SELECT now(),");
    put_document(&b, held);
    buf_puts(&b, " WHERE (SELECT mine FROM gate) ON CONFLICT (one) DO UPDATE"
                 " SET at = excluded.at, doc = excluded.doc RETURNING p.doc::text, " NOW_US);
    return run(db, &b, out, err);
}

bool document_fold(struct db *db, const struct verdict_held *held, PGresult **out,
                   struct err *err) {
    struct buf b;
    buf_init(&b, TEMPLATE_MAX);
    buf_puts(&b, "WITH RECURSIVE ");
    put_sources(&b, was_nothing_sql);
    buf_puts(&b, " SELECT (");
    put_document(&b, held);
    buf_puts(&b, ")::text, " NOW_US);
    return run(db, &b, out, err);
}

bool document_read(struct db *db, PGresult **out, struct err *err) {
    return db_exec(db,
                   "SELECT doc::text, " NOW_US ","
                   " (extract(epoch FROM clock_timestamp() - at) * 1000)::bigint"
                   " FROM postroom.published",
                   0, NULL, out, err);
}
