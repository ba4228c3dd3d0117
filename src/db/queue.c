/* The queue's statements: claim, finish, renew, sweep. */
#include "db/queue.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "db/guided.h"
#include "db/internal.h"
#include "db/rows.h"
#include "db/suppress.h"

#include <string.h>

#define ARRAY_MAX ((size_t)256 * 1024 * 1024)

/* Nothing may be lost by a crash of the server here: the effect outside depends on it. */
#define ON_DISK "durable AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true) AS s)"
/* A lost claim costs nothing, because request_store comes on disk after it, before anything is
 * sent: one wait for the disk less. */
#define RELAXED                                                                                    \
    "relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS s)"

#define NO_OPEN_REQUEST                                                                            \
    "(m.${request_id} IS NULL OR NOT EXISTS (SELECT FROM postroom.requests q"                      \
    " WHERE q.id = m.${request_id}))"

#define SUSPECT_AFTER "2" /* PLAN_ALONE_AFTER in worker/plan.h */

/* A message whose claims ended twice without any outcome is claimed alone (SPEC 2, poison): what
 * dies with it must not be blamed. */
#define SUSPECT " coalesce(m.${unfinished_claims}, 0) >= " SUSPECT_AFTER " AS suspect"

/* Rank by rank, the nested loop stops when enough rows are locked, so that no more are; retries
 * before newer mail of the same rank. Rows beyond the byte budget are let go at commit. The ctid
 * is that of the row locked here, so no second look-up by id. */
static const char CLAIM[] =
    "WITH " RELAXED ","
    " ranks AS (SELECT * FROM unnest($2::int[], $3::timestamptz[]) AS r(rank, floor), relaxed "
    "ORDER BY rank),"
    " due AS MATERIALIZED ("
    "  SELECT d.ref, d.part, d.bytes, d.suspect, r.rank FROM ranks r CROSS JOIN LATERAL ("
    "   SELECT * FROM (SELECT m.ctid AS ref, m.tableoid AS part, " ROWS_BYTES " AS bytes," SUSPECT
    "    FROM ${messages} m WHERE m.${status} = 'failed' AND m.${next_attempt_at} <= now()"
    "     AND m.${next_attempt_at} IS NOT NULL AND ${m.rank} = r.rank AND " NO_OPEN_REQUEST
    "    ORDER BY m.${next_attempt_at} LIMIT $4 FOR UPDATE OF m SKIP LOCKED) a"
    "   UNION ALL"
    "   SELECT * FROM (SELECT m.ctid AS ref, m.tableoid AS part, " ROWS_BYTES " AS bytes," SUSPECT
    "    FROM ${messages} m WHERE m.${status} = 'pending' AND ${m.rank} = r.rank"
    "     AND ${m.due} >= r.floor AND ${m.due} <= now() AND " NO_OPEN_REQUEST
    "    ORDER BY ${m.due}, m.${id} LIMIT $4 FOR UPDATE OF m SKIP LOCKED) b"
    "  ) d LIMIT $4),"
    " numbered AS (SELECT *, row_number() OVER () AS n FROM (SELECT *, row_number() OVER () AS "
    "line,"
    "   first_value(suspect) OVER () AS alone FROM due) d"
    "  WHERE line = 1 OR NOT (suspect OR alone)),"
    " taken AS (SELECT *, (SELECT count(*) FROM due) AS seen FROM (SELECT *, sum("
    "   CASE WHEN bytes > 41943040 THEN 0 ELSE bytes END) OVER (ORDER BY n) AS so_far"
    "   FROM numbered) s"
    "  WHERE so_far <= $5 OR n = 1) "
    "UPDATE ${messages} m SET ${status} = 'processing', ${claimed_by} = $1,"
    " ${claim_token} = coalesce(m.${claim_token}, 0) + 1,"
    " ${lease_expires_at} = clock_timestamp() + $6::bigint * interval '1 ms',"
    " ${unfinished_claims} = coalesce(m.${unfinished_claims}, 0) + 1,"
    " ${request_id} = ($7::uuid[])[(1 + (t.n - 1) / $8::int)::int] "
    "FROM taken t WHERE m.ctid = t.ref AND m.tableoid = t.part "
    "RETURNING t.n, t.seen, (SELECT EXISTS (SELECT FROM postroom.suppressions)), ";

enum {
    CLAIM_SCREEN = 2, /* this column: there are addresses that must not be mailed */
    CLAIM_ROW
};

static void floor_arrays(const struct queue_ask *ask, struct buf *ranks, struct buf *floors) {
    array_begin(ranks);
    array_begin(floors);
    for (int i = 0; i < QUEUE_RANKS && i <= ask->max_rank; i++) {
        char at[40] = "-infinity";
        array_int(ranks, i);
        if (ask->floor.due_us[i] != INT64_MIN)
            clock_format_utc(at, sizeof at, ask->floor.due_us[i]);
        array_text(floors, at);
    }
    array_end(ranks);
    array_end(floors);
}

static void request_ids(const struct queue_ask *ask, struct buf *out) {
    array_begin(out);
    for (int i = 0; i < ask->rows; i += ask->per_request) {
        char id[UUID_TEXT];
        rand_uuid(id);
        array_text(out, id);
    }
    array_end(out);
}

static void drop(struct message *list, int n) {
    for (int i = 0; list && i < n; i++)
        message_done(&list[i]);
    mem_free(list);
}

/* RETURNING comes in no promised order: column 0 is the place. */
static bool read_claimed(const PGresult *r, int asked, struct message **out, int *n, bool *more,
                         struct err *err) {
    int rows = PQntuples(r);
    *out = NULL;
    *n = 0;
    *more = false;
    if (rows == 0)
        return true; /* no list that the caller would have to free */
    struct message *list = mem_array((size_t)rows, sizeof *list);
    bool ok = list != NULL || err_nomem(err);
    for (int i = 0; ok && i < rows; i++)
        ok = rows_read(r, i, CLAIM_ROW, &list[cell_int(r, i, 0, i + 1) - 1], err);
    if (!ok) {
        drop(list, rows);
        return false;
    }
    int64_t seen = cell_int(r, 0, 1, 0);
    *out = list;
    *n = rows;
    *more = seen == asked || seen > rows;
    return true;
}

bool queue_claim(struct db *db, const struct queue_ask *ask, struct message **out, int *n,
                 bool *more, struct err *err) {
    struct buf ranks, floors, ids, sql;
    char rows[24], bytes[24], lease[24], per[24];
    PGresult *r = NULL;
    buf_init(&ranks, 1024);
    buf_init(&floors, 4096);
    buf_init(&ids, ARRAY_MAX);
    buf_init(&sql, 64 * 1024);
    floor_arrays(ask, &ranks, &floors);
    request_ids(ask, &ids);
    buf_puts(&sql, CLAIM);
    buf_puts(&sql, ROWS_COLUMNS);
    str_format(rows, sizeof rows, "%d", ask->rows);
    str_format(bytes, sizeof bytes, "%lld", (long long)ask->max_bytes);
    str_format(lease, sizeof lease, "%lld", (long long)ask->lease_ms);
    str_format(per, sizeof per, "%d", ask->per_request);
    const char *params[] = {
        ask->worker, buf_text(&ranks), buf_text(&floors), rows, bytes, lease, buf_text(&ids), per};
    bool ok = !(ranks.failed || floors.failed || ids.failed || sql.failed) || err_nomem(err);
    ok = ok && guided_rows(db, buf_text(&sql), 8, params, &r, err) &&
         read_claimed(r, ask->rows, out, n, more, err);
    bool screen = ok && *n > 0 && cell_bool(r, 0, CLAIM_SCREEN);
    PQclear(r);
    if (screen && !suppress_screen(db, *out, *n, err)) {
        drop(*out, *n);
        *out = NULL;
        *n = 0;
        ok = false;
    }
    buf_free(&ranks);
    buf_free(&floors);
    buf_free(&ids);
    buf_free(&sql);
    return ok;
}

/* --- finish ------------------------------------------------------------------------------------
 */

/* What an earlier send's delivery came to is not this one's. */
#define AFRESH(column)                                                                             \
    " ${" column "} = CASE WHEN o.status = 'sent' THEN NULL ELSE m.${" column "} END"
#define DELIVERY_AFRESH                                                                            \
    AFRESH("delivery")                                                                             \
    "," AFRESH("delivery_at") "," AFRESH("delivered_at") "," AFRESH("bounced_at") "," AFRESH(      \
        "complained_at") "," AFRESH("bounce_type")

/* Ours is what carries our token and our name: the number alone would not do, because a claim lost
 * in a crash of the server is made again by somebody else with the same one. A request is closed
 * only by its last taker (attempts): another may have it on the wire. A finished row's lease is
 * null: so a second run of the same rows changes nothing. These conditions are written as
 * comparisons with o, so that statistics taken while nothing was claimed cannot make the planner
 * think that one of them leaves one row (then it reads the whole table, row by row against all of
 * o). Counters are by worker, so that no worker waits for another's commit. */
static const char FINISH[] =
    "WITH " ON_DISK ","
    " o AS (SELECT * FROM unnest($3::text[]::${id_type}[], $4::bigint[], $5::text[], $6::int[],"
    "   $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::int[],"
    "   $14::int[], $15::bigint[], $16::int[], $17::int[]) WITH ORDINALITY"
    "  AS o(id, token, status, counts, next_ms, code, error, provider_id, answer, request_id,"
    "   position, members, ms, attempt, attempted, n), durable),"
    " done AS (UPDATE ${messages} m SET"
    "   ${status} = o.status::${status_type},"
    "   ${sent_at} = CASE WHEN o.status = 'sent' THEN clock_timestamp() ELSE m.${sent_at} END,"
    "   ${failed_at} = CASE o.status WHEN 'failed' THEN clock_timestamp() WHEN 'sent' THEN NULL"
    "     ELSE m.${failed_at} END,"
    "   ${retry_count} = coalesce(m.${retry_count}, 0) + o.counts,"
    "   ${last_retry_at} = CASE WHEN o.counts = 1 THEN clock_timestamp()"
    "     ELSE m.${last_retry_at} END,"
    "   ${next_attempt_at} = clock_timestamp() + o.next_ms * interval '1 ms',"
    "   ${error_code} = CASE WHEN o.status IN ('sent', 'failed') THEN o.code"
    "     ELSE m.${error_code} END,"
    "   ${error_message} = CASE WHEN o.status IN ('sent', 'failed') THEN o.error"
    "     ELSE m.${error_message} END,"
    "   ${provider} = CASE WHEN o.attempted = 1 THEN $2 ELSE m.${provider} END,"
    "   ${provider_message_id} = coalesce(o.provider_id, m.${provider_message_id}),"
    "   ${provider_response} = coalesce(o.answer::jsonb, CASE WHEN o.status = 'sent'"
    "     THEN jsonb_build_object('id', o.provider_id) END, m.${provider_response}),"
    "   ${claimed_by} = CASE WHEN o.status = 'pending' THEN NULL ELSE m.${claimed_by} END,"
    "   ${lease_expires_at} = NULL, ${unfinished_claims} = 0, ${updated_at} = "
    "clock_timestamp()," DELIVERY_AFRESH
    "  FROM o WHERE m.${id} = o.id AND m.${claim_token} = o.token"
    "   AND (m.${claimed_by} = $1) = (o.n > 0)"
    "   AND (m.${lease_expires_at} IS NOT NULL) = (o.n > 0)"
    "  RETURNING o.n, o.id::text AS message_id, o.status, o.code, o.error, o.provider_id,"
    "   o.request_id, o.position, o.members, o.ms, o.attempt, o.attempted),"
    " attempts AS (INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, request_id,"
    "   position, members, ms, error_code, error, provider_id)"
    "  SELECT message_id, status, attempt, $1, request_id, position, members, ms, code, error,"
    "   provider_id FROM done WHERE attempted = 1 ORDER BY n),"
    " minutes AS (INSERT INTO postroom.minutes AS t (minute, worker, sent, failed)"
    "  SELECT date_trunc('minute', clock_timestamp()), $1, count(*) FILTER (WHERE status = 'sent'),"
    "   count(*) FILTER (WHERE status = 'failed') FROM done WHERE attempted = 1 HAVING count(*) > 0"
    "  ON CONFLICT (minute, worker) DO UPDATE SET sent = t.sent + excluded.sent,"
    "   failed = t.failed + excluded.failed),"
    " errors AS (INSERT INTO postroom.minute_errors AS t (minute, worker, error_code, failed)"
    "  SELECT date_trunc('minute', clock_timestamp()), $1, coalesce(code, ''), count(*) FROM done"
    "  WHERE status = 'failed' AND attempted = 1 GROUP BY code"
    "  ON CONFLICT (minute, worker, error_code) DO UPDATE SET failed = t.failed + excluded.failed),"
    " usage AS (INSERT INTO postroom.usage AS t (lane, day, worker, messages)"
    "  SELECT $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, $1, count(*) FROM done"
    "  WHERE status = 'sent' HAVING count(*) > 0"
    "  ON CONFLICT (lane, day, worker) DO UPDATE SET messages = t.messages + excluded.messages),"
    " k AS (SELECT * FROM unnest($18::uuid[], $19::int[], $20::bigint[]) AS k(id, attempts, ms)),"
    " answered AS (DELETE FROM postroom.requests q USING k WHERE q.id = k.id"
    "  AND q.attempts = k.attempts AND k.ms IS NULL),"
    " again AS (UPDATE postroom.requests q SET lease_expires_at = NULL,"
    "   next_try_at = clock_timestamp() + k.ms * interval '1 ms'"
    "  FROM k WHERE q.id = k.id AND q.attempts = k.attempts AND k.ms IS NOT NULL) "
    "SELECT n FROM done";

enum {
    FINISH_ARRAYS = 18
}; /* $3 .. $20 */

static const char *or_null(const char *s) {
    return s && s[0] ? s : NULL;
}

static void add_row(struct buf *a, const struct finish_row *f) {
    array_text(&a[0], f->id);
    array_int(&a[1], f->token);
    array_text(&a[2], f->status);
    array_int(&a[3], f->counts);
    if (f->next_ms >= 0)
        array_int(&a[4], f->next_ms);
    else
        array_text(&a[4], NULL);
    array_text(&a[5], or_null(f->error_code));
    array_text(&a[6], or_null(f->error));
    array_text(&a[7], or_null(f->provider_id));
    array_text(&a[8], or_null(f->answer));
    array_text(&a[9], or_null(f->request_id));
    array_int(&a[10], f->position);
    array_int(&a[11], f->members);
    array_int(&a[12], f->ms);
    array_int(&a[13], f->attempt);
    array_int(&a[14], f->attempted);
}

static void add_request(struct buf *a, const struct finish_request *q) {
    array_text(&a[15], q->id);
    array_int(&a[16], q->attempts);
    if (q->again_ms >= 0)
        array_int(&a[17], q->again_ms);
    else
        array_text(&a[17], NULL);
}

/* Of a row that carries our token and is in nobody's hands. */
static enum finish_end end_of(const struct finish_row *row, bool ours, bool sent) {
    if (sent && !(ours && str_eq(row->status, "sent")))
        return FINISH_SETTLED;
    return ours ? FINISH_ALREADY : FINISH_LOST;
}

/* Which of the rows that were not written are already as we wanted them (an answer was lost), and
 * which are somebody else's now. */
static bool read_back(struct db *db, struct finish *f, struct err *err) {
    struct buf ids;
    PGresult *r = NULL;
    buf_init(&ids, ARRAY_MAX);
    array_begin(&ids);
    for (int i = 0; i < f->row_count; i++)
        if (f->rows[i].end == FINISH_LOST)
            array_text(&ids, f->rows[i].id);
    array_end(&ids);
    bool ok = guided_rows(db,
                          "SELECT m.${id}::text, m.${claim_token}, m.${lease_expires_at} IS NULL,"
                          "  coalesce(m.${claimed_by}, $2) = $2, m.${status} = 'sent'"
                          " FROM ${messages} m WHERE m.${id} = ANY($1::text[]::${id_type}[])",
                          2, (const char *[]){buf_text(&ids), f->worker}, &r, err);
    for (int k = 0; ok && k < PQntuples(r); k++)
        for (int i = 0; i < f->row_count; i++)
            if (f->rows[i].end == FINISH_LOST && str_eq(f->rows[i].id, cell_text(r, k, 0)) &&
                f->rows[i].token == cell_int(r, k, 1, -1) && cell_bool(r, k, 2))
                f->rows[i].end = end_of(&f->rows[i], cell_bool(r, k, 3), cell_bool(r, k, 4));
    PQclear(r);
    buf_free(&ids);
    return ok;
}

static bool note_written(struct db *db, struct finish *f, const PGresult *r, struct err *err) {
    for (int i = 0; i < f->row_count; i++)
        f->rows[i].end = FINISH_LOST;
    for (int k = 0; k < PQntuples(r); k++)
        f->rows[cell_int(r, k, 0, 1) - 1].end = FINISH_WRITTEN;
    return PQntuples(r) == f->row_count || read_back(db, f, err);
}

bool queue_finish(struct db *db, struct finish *f, struct err *err) {
    struct buf a[FINISH_ARRAYS];
    const char *params[2 + FINISH_ARRAYS] = {f->worker, f->lane};
    PGresult *r = NULL;
    bool failed = false;
    for (int i = 0; i < FINISH_ARRAYS; i++) {
        buf_init(&a[i], ARRAY_MAX);
        array_begin(&a[i]);
    }
    for (int i = 0; i < f->row_count; i++)
        add_row(a, &f->rows[i]);
    for (int i = 0; i < f->request_count; i++)
        add_request(a, &f->requests[i]);
    for (int i = 0; i < FINISH_ARRAYS; i++) {
        array_end(&a[i]);
        failed = failed || a[i].failed;
        params[2 + i] = buf_text(&a[i]);
    }
    bool ok = !failed || err_nomem(err);
    ok = ok && guided_rows(db, FINISH, 2 + FINISH_ARRAYS, params, &r, err) &&
         note_written(db, f, r, err);
    PQclear(r);
    for (int i = 0; i < FINISH_ARRAYS; i++)
        buf_free(&a[i]);
    return ok;
}

/* --- leases ------------------------------------------------------------------------------------
 */

bool queue_renew(struct db *db, const char *worker, const char *const *requests, int n,
                 int64_t lease_ms, struct err *err) {
    struct buf ids;
    char lease[24];
    str_format(lease, sizeof lease, "%lld", (long long)lease_ms);
    buf_init(&ids, ARRAY_MAX);
    array_begin(&ids);
    for (int i = 0; i < n; i++)
        array_text(&ids, requests[i]);
    array_end(&ids);
    bool ok = !ids.failed || err_nomem(err);
    ok = ok &&
         guided_rows(db,
                     "WITH q AS (UPDATE postroom.requests SET"
                     "  lease_expires_at = clock_timestamp() + $2::bigint * interval '1 ms'"
                     "  WHERE id = ANY($3::uuid[]) AND worker = $1 AND lease_expires_at > now()) "
                     "UPDATE ${messages} SET"
                     " ${lease_expires_at} = clock_timestamp() + $2::bigint * interval '1 ms'"
                     " WHERE ${status} = 'processing' AND ${claimed_by} = $1"
                     " AND ${request_id} = ANY($3::uuid[]) AND ${lease_expires_at} > now()",
                     3, (const char *[]){worker, lease, buf_text(&ids)}, NULL, err);
    buf_free(&ids);
    return ok;
}

bool queue_sweep(struct db *db, int64_t *n, struct err *err) {
    PGresult *r = NULL;
    if (!guided_rows(db,
                     "WITH late AS MATERIALIZED (SELECT m.ctid AS ref, m.tableoid AS part"
                     "  FROM ${messages} m WHERE m.${status} = 'processing'"
                     "  AND m.${lease_expires_at} < now() AND " NO_OPEN_REQUEST
                     "  ORDER BY m.${lease_expires_at} LIMIT 1000 FOR UPDATE OF m SKIP LOCKED) "
                     "UPDATE ${messages} m SET ${status} = 'pending', ${claimed_by} = NULL,"
                     " ${lease_expires_at} = NULL, ${updated_at} = now()"
                     " FROM late WHERE m.ctid = late.ref AND m.tableoid = late.part RETURNING 1",
                     0, NULL, &r, err))
        return false;
    *n = PQntuples(r);
    PQclear(r);
    return true;
}

bool queue_next_due(struct db *db, int64_t *due_us, int64_t *now_us, struct err *err) {
    PGresult *r = NULL;
    if (!guided_rows(
            db,
            "SELECT (extract(epoch FROM least("
            "  (SELECT min(d) FROM generate_series(0, 9) AS r(rank) CROSS JOIN LATERAL ("
            "    SELECT ${m.due} AS d FROM ${messages} m WHERE m.${status} = 'pending'"
            "     AND ${m.rank} = r.rank AND ${m.due} > now() ORDER BY ${m.due} LIMIT 1) p),"
            "  (SELECT min(d) FROM generate_series(0, 9) AS r(rank) CROSS JOIN LATERAL ("
            "    SELECT m.${next_attempt_at} AS d FROM ${messages} m"
            "     WHERE m.${status} = 'failed' AND m.${next_attempt_at} IS NOT NULL"
            "     AND ${m.rank} = r.rank AND m.${next_attempt_at} > now()"
            "     ORDER BY m.${next_attempt_at} LIMIT 1) f),"
            "  (SELECT min(coalesce(next_try_at, lease_expires_at)) FROM postroom.requests"
            "    WHERE state = 'open' AND coalesce(next_try_at, lease_expires_at) > now())))"
            "  * 1000000)::bigint,"
            " (extract(epoch FROM now()) * 1000000)::bigint",
            0, NULL, &r, err))
        return false;
    *due_us = cell_int(r, 0, 0, INT64_MAX);
    *now_us = cell_int(r, 0, 1, 0);
    PQclear(r);
    return true;
}

bool queue_is_due(struct db *db, bool *yes, struct err *err) {
    PGresult *r = NULL;
    if (!guided_rows(
            db,
            "SELECT EXISTS (SELECT FROM generate_series(0, 9) AS r(rank) CROSS JOIN LATERAL ("
            "   SELECT FROM ${messages} m WHERE m.${status} = 'pending'"
            "    AND ${m.rank} = r.rank AND ${m.due} <= now() LIMIT 1) p)"
            " OR EXISTS (SELECT FROM generate_series(0, 9) AS r(rank) CROSS JOIN LATERAL ("
            "   SELECT FROM ${messages} m WHERE m.${status} = 'failed'"
            "    AND m.${next_attempt_at} IS NOT NULL AND ${m.rank} = r.rank"
            "    AND m.${next_attempt_at} <= now() LIMIT 1) f)",
            0, NULL, &r, err))
        return false;
    *yes = cell_bool(r, 0, 0);
    PQclear(r);
    return true;
}

bool queue_count_due(struct db *db, int64_t *n, struct err *err) {
    PGresult *r = NULL;
    if (!guided_rows(db,
                     "SELECT (SELECT count(*) FROM (SELECT 1 FROM ${messages} m"
                     "  WHERE m.${status} = 'pending' AND ${m.due} <= now() LIMIT 10000) p)"
                     " + (SELECT count(*) FROM (SELECT 1 FROM ${messages} m"
                     "  WHERE m.${status} = 'failed' AND m.${next_attempt_at} IS NOT NULL"
                     "  AND m.${next_attempt_at} <= now() LIMIT 10000) f)",
                     0, NULL, &r, err))
        return false;
    *n = cell_int(r, 0, 0, 0);
    PQclear(r);
    return true;
}

/* --- content again -----------------------------------------------------------------------------
 */

bool queue_reload(struct db *db, struct message *messages, int n, struct err *err) {
    struct buf ids, sql;
    PGresult *r = NULL;
    buf_init(&ids, ARRAY_MAX);
    buf_init(&sql, 64 * 1024);
    array_begin(&ids);
    for (int i = 0; i < n; i++)
        array_text(&ids, messages[i].id);
    array_end(&ids);
    buf_printf(&sql,
               "SELECT o.n, %s FROM unnest($1::text[]::${id_type}[]) WITH ORDINALITY AS o(id, n)"
               " JOIN ${messages} m ON m.${id} = o.id",
               ROWS_COLUMNS);
    bool ok = !(ids.failed || sql.failed) || err_nomem(err);
    ok = ok && guided_rows(db, buf_text(&sql), 1, (const char *[]){buf_text(&ids)}, &r, err);
    if (ok && PQntuples(r) != n)
        ok = err_set(err, ERR_NOTFOUND, "a message was deleted while it was being sent");
    for (int i = 0; ok && i < n; i++) {
        struct message *m = &messages[cell_int(r, i, 0, i + 1) - 1];
        int64_t token = m->token;
        int unfinished = m->unfinished;
        message_done(m);
        memset(m, 0, sizeof *m);
        ok = rows_read(r, i, 1, m, err);
        m->unfinished = unfinished;
        if (ok && m->token != token)
            ok = err_set(err, ERR_NOTFOUND, "message %s was claimed by somebody else", m->id);
    }
    PQclear(r);
    buf_free(&ids);
    buf_free(&sql);
    return ok;
}
