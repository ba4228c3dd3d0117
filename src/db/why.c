/* The look of `postroom why`: the row by its id, its open request, the workers and lane that could
 * take it, and how many messages go before it, in one statement and so of one moment; the lane's
 * quotas in a second one. Called by the thread that owns the struct db. */
#include "db/why.h"

#include "base/clock.h"
#include "base/str.h"
#include "db/document.h"
#include "db/guided.h"
#include "db/lane.h"

#include <string.h>

/* clang-format off */

/* Microseconds; null for what no screen can show ('infinity' included). */
#define US(t) \
    "CASE WHEN " t " BETWEEN '1970-01-01' AND '9999-01-01'" \
    " THEN (extract(epoch FROM " t ") * 1000000)::bigint END"
#define TIME(column) "${m." column "}::timestamptz"

#define LIST(column) "CASE json_typeof(to_json(${m." column "})) WHEN 'array' THEN to_json(${m." column "}) END"

#define ME \
    "me AS MATERIALIZED (SELECT ${m.id} AS id, ${m.status}::text AS status," \
    "  ${m.error_code} AS error_code, left(${m.error_message}, 300) AS error_message," \
    "  ${m.delivery} AS delivery, " TIME("delivery_at") " AS delivery_at," \
    "  ${m.bounce_type} AS bounce_type, ${m.to_email} AS to_email, " LIST("cc") " AS cc," \
    "  " LIST("bcc") " AS bcc, lower(${m.kind}) = 'marketing' AS marketing," \
    "  " TIME("sent_at") " AS sent_at," \
    "  " TIME("updated_at") " AS updated_at, ${m.rank} AS rank, ${m.due} AS due," \
    "  " TIME("next_attempt_at") " AS next_attempt_at, ${m.retry_count} AS retry_count," \
    "  ${m.max_attempts} AS max_attempts, ${m.unfinished_claims} AS unfinished," \
    "  ${m.claimed_by} AS claimed_by, " TIME("lease_expires_at") " AS lease_expires_at," \
    "  ${m.request_id} AS request_id FROM ${messages} m WHERE ${m.id} = $1::${id_type})"

#define REQUEST \
    "request AS MATERIALIZED (SELECT q.* FROM me JOIN postroom.requests q ON q.id = me.request_id" \
    "  WHERE q.state = 'open' AND me.status <> 'sent')"

/* When it may go: with its request, at its next attempt, or when it is due. */
#define GOES \
    "goes AS MATERIALIZED (SELECT me.*, q.id IS NOT NULL AS request_open," \
    "  q.id IS NOT NULL AND q.next_try_at IS NULL AS on_wire, q.worker, q.stored_at, q.attempts," \
    "  coalesce(q.lease_expires_at, me.lease_expires_at) AS lease," \
    "  CASE WHEN q.id IS NOT NULL THEN q.next_try_at WHEN me.status = 'pending' THEN me.due" \
    "   WHEN me.status = 'failed' THEN me.next_attempt_at END AS at" \
    "  FROM me LEFT JOIN request q ON true)"

/* A member of an open request can go through its lane only. */
#define CREW \
    "crew AS MATERIALIZED (SELECT w.*," \
    "   w.heard_at > now() - interval '30 s' AND w.state <> 'stopped' AS up" \
    "  FROM postroom.workers w WHERE w.lane = coalesce((SELECT lane FROM request), w.lane))," \
    " held AS MATERIALIZED (SELECT * FROM crew WHERE up AND paused_at IS NOT NULL" \
    "  ORDER BY paused_at DESC LIMIT 1)," \
    " lane AS MATERIALIZED (SELECT * FROM postroom.lanes l WHERE l.name IN" \
    "   (SELECT lane FROM crew WHERE up AND paused_at IS NULL UNION ALL SELECT lane FROM request)" \
    "  ORDER BY l.parked_reason IS NOT NULL, l.parked_until, l.next_slot LIMIT 1)"

/* As the claim takes them: rank by rank, retries before newer mail, oldest first. */
#define BELOW(condition) \
    "SELECT 1 FROM generate_series(0, goes.rank - 1) AS r (rank), LATERAL (SELECT 1" \
    "  FROM ${messages} m WHERE ${m.rank} = r.rank AND " condition \
    "  LIMIT " COUNT_CAP " + 1) x"
#define RETRIES "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL"
#define PENDING "${m.status} = 'pending'"
#define BEHIND \
    "(SELECT count(*) FROM (" \
      BELOW(RETRIES " AND ${m.next_attempt_at} <= now()") \
    " UNION ALL " BELOW(PENDING " AND ${m.due} <= now()") \
    " UNION ALL SELECT 1 FROM ${messages} m WHERE " RETRIES " AND ${m.rank} = goes.rank" \
    "  AND ${m.next_attempt_at} < CASE goes.status WHEN 'failed' THEN goes.at ELSE now() END" \
    " UNION ALL SELECT 1 FROM ${messages} m WHERE goes.status = 'pending' AND " PENDING \
    "  AND ${m.rank} = goes.rank AND (${m.due}, ${m.id}) < (goes.due, goes.id)" \
    " LIMIT " COUNT_CAP " + 1) x)"

/* What webhooks told last of the state it is in, and the recipient that is not mailed any more. */
#define BARE(mailbox) "lower(coalesce(substring(" mailbox " FROM '<([^<>]*)>[[:space:]]*$'), trim(" mailbox ")))"
#define AFTERWARDS \
    "told AS MATERIALIZED (SELECT e.detail FROM me JOIN postroom.events e" \
    "  ON e.message_id = me.id::text AND e.event = me.delivery ORDER BY e.at DESC LIMIT 1)," \
    " refused AS MATERIALIZED (SELECT s.* FROM me, LATERAL (SELECT me.to_email AS mailbox" \
    "   UNION ALL SELECT json_array_elements_text(me.cc)" \
    "   UNION ALL SELECT json_array_elements_text(me.bcc)) a, postroom.suppressions s" \
    "  WHERE lower(s.email) = " BARE("a.mailbox") " AND (s.scope = 'all' OR me.marketing)" \
    "  ORDER BY s.scope LIMIT 1)"

#define UTC_END(unit) \
    US("((date_trunc('" unit "', now() AT TIME ZONE 'UTC') + interval '1 " unit "')" \
       " AT TIME ZONE 'UTC')")

static const char look[] =
    "WITH " ME ", " REQUEST ", " GOES ", " CREW ", " AFTERWARDS
    " SELECT " US("now()") ", goes.status, goes.error_code, goes.error_message, goes.delivery,"
    " goes.bounce_type, told.detail, refused.email, refused.reason, " US("goes.delivery_at") ","
    " " US("refused.created_at") ", " US("goes.sent_at") ", " US("goes.updated_at") ", goes.rank, goes.retry_count,"
    " goes.max_attempts, goes.unfinished, goes.status = 'failed' AND goes.at IS NOT NULL,"
    " coalesce((SELECT name FROM postroom.workers w"
    "   WHERE w.id = coalesce(goes.worker, goes.claimed_by)),"
    "  split_part(coalesce(goes.worker, goes.claimed_by), '/', 1)),"
    " " US("goes.lease") ", goes.request_open, goes.on_wire, " US("goes.stored_at") ","
    " goes.attempts, goes.at <= now(), " US("goes.at") ","
    " CASE WHEN goes.at <= now() AND NOT goes.request_open THEN " BEHIND " END,"
    " control.paused_at IS NOT NULL, control.paused_by, control.paused_reason,"
    " " US("control.paused_at") ","
    " (SELECT count(*) FROM crew WHERE up),"
    " (SELECT count(*) FROM crew WHERE up AND paused_at IS NOT NULL),"
    " (SELECT " US("max(heard_at)") " FROM crew),"
    " held.name, held.paused_by, held.paused_reason, " US("held.paused_at") ","
    " lane.name, lane.parked_reason, lane.parked_text, " US("lane.parked_until") ","
    " " US("lane.next_slot") ", lane.rate, lane.batch_size,"
    " " UTC_END("day") ", " UTC_END("month")
    " FROM goes LEFT JOIN postroom.control ON true LEFT JOIN held ON true LEFT JOIN lane ON true"
    " LEFT JOIN told ON true LEFT JOIN refused ON true";

/* clang-format on */

/* The columns of one row, read from left to right. */
struct cells {
    const PGresult *r;
    int next;
};

static void take_text(struct cells *c, char *dst, size_t size) {
    const char *s = cell_text(c->r, 0, c->next++);
    str_copy_line(dst, size, s ? s : "");
}

static int64_t take_int(struct cells *c, int64_t fallback) {
    return cell_int(c->r, 0, c->next++, fallback);
}

static bool take_bool(struct cells *c) {
    return cell_bool(c->r, 0, c->next++);
}

static void take_row(struct cells *c, int usual_attempts, struct why *w) {
    take_text(c, w->status, sizeof w->status);
    take_text(c, w->error_code, sizeof w->error_code);
    take_text(c, w->error, sizeof w->error);
    take_text(c, w->delivery, sizeof w->delivery);
    take_text(c, w->bounce_type, sizeof w->bounce_type);
    take_text(c, w->told, sizeof w->told);
    take_text(c, w->suppressed, sizeof w->suppressed);
    take_text(c, w->suppressed_why, sizeof w->suppressed_why);
    w->delivery_us = take_int(c, -1);
    w->suppressed_us = take_int(c, -1);
    w->sent_us = take_int(c, -1);
    w->updated_us = take_int(c, -1);
    w->rank = (int)take_int(c, 5);
    w->retry_count = (int)take_int(c, 0);
    int own = (int)take_int(c, 0);
    w->max_attempts = own > 0 ? own : usual_attempts;
    w->unfinished = (int)take_int(c, 0);
    w->retrying = take_bool(c);
}

static void take_request(struct cells *c, struct why *w) {
    take_text(c, w->worker, sizeof w->worker);
    w->lease_us = take_int(c, -1);
    w->request_open = take_bool(c);
    w->on_wire = take_bool(c);
    w->request_stored_us = take_int(c, -1);
    w->request_attempts = (int)take_int(c, 1);
    w->due = take_bool(c);
    w->go_us = take_int(c, -1);
    int64_t cap = 0;
    w->behind = take_int(c, -1);
    w->behind_capped = str_to_int64(COUNT_CAP, &cap) && w->behind > cap;
    if (w->behind_capped)
        w->behind = cap;
}

static void take_pause(struct cells *c, struct why_pause *p) {
    take_text(c, p->by, sizeof p->by);
    take_text(c, p->reason, sizeof p->reason);
    p->since_us = take_int(c, -1);
}

static void take_crew(struct cells *c, struct why *w) {
    w->all_paused.holds = take_bool(c);
    take_pause(c, &w->all_paused);
    w->workers_up = (int)take_int(c, 0);
    w->workers_paused = (int)take_int(c, 0);
    w->heard_us = take_int(c, -1);
    take_text(c, w->worker_paused.worker, sizeof w->worker_paused.worker);
    take_pause(c, &w->worker_paused);
    w->worker_paused.holds = w->workers_paused > 0;
}

static void take_lane(struct cells *c, struct why *w) {
    take_text(c, w->lane, sizeof w->lane);
    take_text(c, w->parked_reason, sizeof w->parked_reason);
    take_text(c, w->parked_text, sizeof w->parked_text);
    w->parked_until_us = take_int(c, -1);
    w->next_slot_us = take_int(c, -1);
    double rate = cell_double(c->r, 0, c->next++, 0);
    w->spacing_us = rate > 0 ? (int64_t)(USEC_PER_SEC / (rate * LANE_SPARE)) : 0;
    w->batch_size = (int)take_int(c, 1);
    w->day_ends_us = take_int(c, -1);
    w->month_ends_us = take_int(c, -1);
}

static bool read_quota(struct db *db, struct why *w, struct err *err) {
    struct lane_quota q = {.daily_left = INT64_MAX, .monthly_left = INT64_MAX};
    bool asked = w->lane[0] != '\0';
    if (asked && !lane_quota(db, w->lane, &q, err))
        return false;
    w->daily_left = q.daily_left;
    w->monthly_left = q.monthly_left;
    w->daily_limit = q.daily_limit;
    w->monthly_limit = q.monthly_limit;
    w->quota_reserve = db_settings(db)->quota_reserve;
    return true;
}

bool why_read(struct db *db, const char *id, struct why *out, struct err *err) {
    PGresult *r = NULL;
    memset(out, 0, sizeof *out);
    if (!db_exec_one(db, guided_exec, look, 1, (const char *[]){id}, &r, err))
        return false;
    struct cells c = {.r = r};
    out->now_us = take_int(&c, 0);
    take_row(&c, db_settings(db)->max_attempts, out);
    take_request(&c, out);
    take_crew(&c, out);
    take_lane(&c, out);
    PQclear(r);
    return read_quota(db, out, err);
}
