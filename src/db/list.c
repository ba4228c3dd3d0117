/* Pages of messages, one message, the state of one. What is not sent is found through its status'
 * partial index; sent messages, which have none, through their attempts, newest first.
 * Called by the thread that owns the struct db. */
#include "db/list.h"

#include "base/str.h"
#include "db/codes.h"
#include "db/guided.h"
#include "db/pattern.h"
#include "db/rows.h"

#include <string.h>

#define SENT_CHUNK 5000 /* attempts looked through per statement */

/* clang-format off */

#define TIME(column) "${m." column "}::timestamptz"

/* A row of the list, in SPEC's words. */
#define ROW(at) \
    "json_build_object('id', ${m.id}::text, 'status', CASE" \
    "  WHEN ${m.status} = 'pending' AND ${m.due} > now() THEN 'scheduled'" \
    "  WHEN ${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL THEN 'retrying'" \
    "  WHEN ${m.status} = 'failed' AND ${m.error_code} = 'uncertain' THEN 'uncertain'" \
    "  ELSE ${m.status}::text END," \
    "  'to', ${m.to_email}, 'subject', ${m.subject}, 'kind', ${m.kind}," \
    "  'priority', ${m.priority}, 'created_at', " TIME("created_at") ", 'at', " at "," \
    "  'scheduled_at', " TIME("scheduled_at") ", 'sent_at', " TIME("sent_at") "," \
    "  'failed_at', " TIME("failed_at") ", 'next_attempt_at', " TIME("next_attempt_at") "," \
    "  'retry_count', ${m.retry_count}, 'error_code', ${m.error_code}," \
    "  'error_message', ${m.error_message}," \
    "  'provider_message_id', ${m.provider_message_id})::text AS row, " at " AS at"

/* $1 error code, $2 pattern of the recipient, $3 since (microseconds), $4 limit; null = any. */
#define WANTED \
    " AND ($1::text IS NULL OR coalesce(${m.error_code}, '" NO_ERROR_CODE "') = $1)" \
    " AND ($2::text IS NULL OR ${m.to_email} ILIKE $2)" \
    " AND ($3::bigint IS NULL OR " TIME("created_at") \
    "  >= timestamptz 'epoch' + $3::bigint * interval '1 us')"
#define PAGE(at, condition, order) \
    "(SELECT " ROW(at) " FROM ${messages} m WHERE " condition WANTED " ORDER BY " order \
    " LIMIT $4::bigint)"
#define BY_RANK(at, condition, order) \
    "(SELECT p.* FROM generate_series(0, 9) AS r (rank), LATERAL " \
    PAGE(at, "${m.rank} = r.rank AND " condition, order) " p)"

#define PENDING_NEWEST \
    BY_RANK(TIME("created_at"), "${m.status} = 'pending' AND ${m.due} <= now()", \
            "${m.due} DESC, ${m.id} DESC")
#define SCHEDULED \
    BY_RANK(TIME("created_at"), "${m.status} = 'pending' AND ${m.due} > now()", "${m.due}, ${m.id}")
#define PROCESSING \
    PAGE(TIME("updated_at"), "${m.status} = 'processing'", "${m.lease_expires_at}")
#define CANCELLED \
    PAGE(TIME("updated_at"), "${m.status} = 'cancelled'", "${m.updated_at} DESC")
#define FAILED(condition) \
    PAGE(TIME("failed_at"), "${m.status} = 'failed' AND " condition, "${m.failed_at} DESC")

/* Each error code's newest. */
#define CODES "WITH RECURSIVE " ERROR_CODES " "
#define FAILED_ANY \
    "(SELECT p.* FROM error_codes, LATERAL " FAILED("${m.error_code} = error_codes.code") " p)" \
    " UNION ALL " FAILED("${m.error_code} IS NULL")
#define SELECT_ROWS "SELECT row, (extract(epoch FROM at) * 1000000)::bigint FROM ("
#define NEWEST ") x ORDER BY at DESC NULLS LAST LIMIT $4::bigint"
#define SOONEST ") x ORDER BY at LIMIT $4::bigint"
#define AS_IT_IS ") x LIMIT $4::bigint"

static const struct source {
    const char *status; /* "" : everything but the sent ones */
    const char *sql;    /* NULL: found through the attempts */
} sources[] = {
    {"", CODES SELECT_ROWS PENDING_NEWEST " UNION ALL " SCHEDULED " UNION ALL " PROCESSING
         " UNION ALL " CANCELLED " UNION ALL " FAILED_ANY NEWEST},
    {"pending", SELECT_ROWS PAGE(TIME("created_at"),
        "${m.status} = 'pending' AND ${m.due} <= now()", "${m.rank}, ${m.due}, ${m.id}") AS_IT_IS},
    {"scheduled", SELECT_ROWS BY_RANK("${m.due}", "${m.status} = 'pending' AND ${m.due} > now()",
        "${m.due}, ${m.id}") SOONEST},
    {"processing", SELECT_ROWS PROCESSING AS_IT_IS},
    {"retrying", SELECT_ROWS BY_RANK(TIME("next_attempt_at"), "${m.status} = 'failed'"
        " AND ${m.next_attempt_at} IS NOT NULL", "${m.next_attempt_at}") SOONEST},
    {"failed", CODES SELECT_ROWS FAILED_ANY NEWEST},
    {"uncertain", SELECT_ROWS FAILED("${m.next_attempt_at} IS NULL"
        " AND ${m.error_code} = 'uncertain'") AS_IT_IS},
    {"sent", NULL},
    {"cancelled", SELECT_ROWS CANCELLED AS_IT_IS},
};

/* $5 the highest number looked at, $6 the one below the lowest. A message sent twice shows once. */
static const char sent_sql[] =
    "SELECT s.row, (extract(epoch FROM s.at) * 1000000)::bigint"
    " FROM postroom.attempts a, LATERAL (SELECT " ROW(TIME("sent_at")) " FROM ${messages} m"
    "  WHERE ${m.id} = a.message_id::${id_type} AND ${m.status} = 'sent'" WANTED ") s"
    " WHERE a.outcome = 'sent' AND a.seq <= $5::bigint AND a.seq > $6::bigint"
    " AND NOT EXISTS (SELECT FROM postroom.attempts b WHERE b.message_id = a.message_id"
    "  AND b.seq > a.seq AND b.outcome = 'sent')"
    " ORDER BY a.seq DESC LIMIT $4::bigint";

/* clang-format on */

#define ROW_PARAMS 4

struct wanted {
    char pattern[PATTERN_MAX];
    char since[24];
    char limit[24];
    const char *params[ROW_PARAMS + 2]; /* two more for sent_sql */
};

static void fill_wanted(struct wanted *w, const struct list_query *q) {
    memset(w, 0, sizeof *w);
    str_format(w->limit, sizeof w->limit, "%d", q->limit);
    str_format(w->since, sizeof w->since, "%lld", (long long)q->since_us);
    if (q->to)
        pattern_containing(w->pattern, sizeof w->pattern, q->to);
    w->params[0] = q->error_code;
    w->params[1] = q->to ? w->pattern : NULL;
    w->params[2] = q->since_us ? w->since : NULL;
    w->params[3] = w->limit;
}

/* --- sent messages, chunk by chunk -------------------------------------------------------------
 */

struct sent {
    int64_t next; /* the highest number not looked at yet */
    int64_t low;  /* nothing below */
    PGresult *rows;
    int row;
};

static bool sent_start(struct db *db, struct sent *s, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db,
                 "SELECT coalesce(max(seq), 0), coalesce(min(seq), 1) - 1 FROM postroom.attempts",
                 0, NULL, &r, err))
        return false;
    s->next = cell_int(r, 0, 0, 0);
    s->low = cell_int(r, 0, 1, 0);
    PQclear(r);
    return true;
}

/* Nothing created since then can have been sent before it: the search may end. */
static bool sent_end_at_since(struct db *db, struct sent *s, const char *since, struct err *err) {
    char next[24];
    PGresult *r = NULL;
    str_format(next, sizeof next, "%lld", (long long)s->next);
    if (!db_exec(db,
                 "SELECT at < timestamptz 'epoch' + $2::bigint * interval '1 us'"
                 " FROM postroom.attempts WHERE seq <= $1::bigint ORDER BY seq DESC LIMIT 1",
                 2, (const char *[]){next, since}, &r, err))
        return false;
    if (PQntuples(r) == 0 || cell_bool(r, 0, 0))
        s->next = s->low;
    PQclear(r);
    return true;
}

/* The next row stands in rows at row; *done where there is none. */
static bool sent_step(struct db *db, struct sent *s, struct wanted *w, bool *done,
                      struct err *err) {
    while (!s->rows || s->row >= PQntuples(s->rows)) {
        char high[24], low[24];
        PQclear(s->rows);
        s->rows = NULL;
        s->row = 0;
        *done = s->next <= s->low;
        if (*done)
            return true;
        str_format(high, sizeof high, "%lld", (long long)s->next);
        str_format(low, sizeof low, "%lld", (long long)(s->next - SENT_CHUNK));
        w->params[4] = high;
        w->params[5] = low;
        if (!guided_exec(db, sent_sql, ROW_PARAMS + 2, w->params, &s->rows, err))
            return false;
        s->next -= SENT_CHUNK;
        if (w->params[2] && !sent_end_at_since(db, s, w->params[2], err))
            return false;
    }
    *done = false;
    return true;
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct source *find_source(const struct list_query *q, struct err *err) {
    const char *status = q->status ? q->status : q->error_code ? "failed" : "";
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (str_eq(sources[i].status, status))
            return &sources[i];
    err_set(err, ERR_USAGE,
            "there is no status \"%s\": say pending, scheduled, processing, retrying, failed, "
            "uncertain, sent or cancelled",
            status);
    return NULL;
}

/* Two lists, each in its order, become one, newest first; either may be missing. */
static bool merge(struct db *db, struct wanted *w, const PGresult *others, struct sent *sent,
                  int limit, list_row_fn *row, void *ctx, struct err *err) {
    int at = 0;
    int count = others ? PQntuples(others) : 0;
    bool no_sent = sent == NULL;
    for (int n = 0; n < limit; n++) {
        if (!no_sent && !sent_step(db, sent, w, &no_sent, err))
            return false;
        bool take_sent = !no_sent && (at >= count || cell_int(sent->rows, sent->row, 1, 0) >
                                                         cell_int(others, at, 1, INT64_MIN));
        if (!take_sent && at >= count)
            return true;
        const char *json =
            take_sent ? cell_text(sent->rows, sent->row++, 0) : cell_text(others, at++, 0);
        if (!row(ctx, json))
            return true;
    }
    return true;
}

bool list_messages(struct db *db, const struct list_query *q, list_row_fn *row, void *ctx,
                   struct err *err) {
    struct wanted w;
    struct sent sent = {.rows = NULL};
    PGresult *others = NULL;
    const struct source *source = find_source(q, err);
    if (!source)
        return false;
    fill_wanted(&w, q);
    bool with_sent = !source->sql || source->status[0] == '\0';
    bool ok = !source->sql || guided_exec(db, source->sql, ROW_PARAMS, w.params, &others, err);
    ok = ok && (!with_sent || sent_start(db, &sent, err)) &&
         merge(db, &w, others, with_sent ? &sent : NULL, q->limit, row, ctx, err);
    PQclear(others);
    PQclear(sent.rows);
    return ok;
}

/* --- one message ------------------------------------------------------------------------------ */

/* clang-format off */

#define AS_JSON(column) "'" column "', to_json(${m." column "})"
#define AS_TIME(column) "'" column "', " TIME(column)

static const char show_sql[] =
    "SELECT json_build_object('id', ${m.id}::text, " AS_JSON("status") ", "
    AS_JSON("from_email") ", "
    AS_JSON("to_email") ", " AS_JSON("cc") ", " AS_JSON("bcc") ", " AS_JSON("reply_to") ", "
    AS_JSON("subject") ", 'html_bytes', octet_length(${m.html}),"
    " 'text_bytes', octet_length(${m.text}), " AS_JSON("headers") ","
    " 'attachments', files.list, " AS_JSON("tags") ", " AS_JSON("kind") ", "
    AS_JSON("priority") ", " AS_TIME("scheduled_at") ", " AS_JSON("max_attempts") ", "
    AS_JSON("dedupe_key") ", " AS_TIME("created_at") ", " AS_TIME("updated_at") ", "
    AS_TIME("sent_at") ", " AS_TIME("failed_at") ", " AS_TIME("last_retry_at") ", "
    AS_TIME("next_attempt_at") ", " AS_JSON("retry_count") ", " AS_JSON("error_code") ", "
    AS_JSON("error_message") ", " AS_JSON("provider") ", " AS_JSON("provider_message_id") ", "
    AS_JSON("provider_response") ", " AS_JSON("delivery") ", " AS_TIME("delivery_at") ", "
    AS_JSON("bounce_type") ", " AS_TIME("delivered_at") ", " AS_TIME("bounced_at") ", "
    AS_TIME("complained_at") ", " AS_JSON("claimed_by") ", "
    AS_JSON("claim_token") ", " AS_TIME("lease_expires_at") ", " AS_JSON("request_id") ","
    " 'attempts', tries.list, 'events', news.list, 'journal', deeds.list)::text,"
    " CASE WHEN $2::boolean"
    "  THEN json_build_object(" AS_JSON("html") ", " AS_JSON("text") ")::text END"
    " FROM ${messages} m,"
    " LATERAL (SELECT json_agg(json_build_object('filename', f ->> 'filename',"
    "  'content_type', f ->> 'content_type', 'content_id', f ->> 'content_id',"
    "  'bytes', length(rtrim(f ->> 'content', '=')) * 3 / 4)) AS list"
    "  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(to_jsonb(${m.attachments})) = 'array'"
    "   THEN to_jsonb(${m.attachments}) END) f) files,"
    " LATERAL (SELECT coalesce(json_agg(json_build_object('at', at, 'attempt', attempt,"
    "  'outcome', outcome, 'ms', ms, 'worker', worker, 'request_id', request_id,"
    "  'position', position, 'members', members, 'error_code', error_code, 'error', error,"
    "  'provider_id', provider_id) ORDER BY seq DESC), '[]') AS list FROM (SELECT *"
    "  FROM postroom.attempts WHERE message_id = ${m.id}::text ORDER BY seq DESC"
    "  LIMIT 200) a) tries,"
    " LATERAL (SELECT coalesce(json_agg(json_build_object('at', at, 'event', event,"
    "  'bounce_type', bounce_type, 'recipient', recipient, 'detail', detail,"
    "  'provider', provider, 'provider_id', provider_id, 'received_at', received_at)"
    "  ORDER BY at DESC, received_at DESC), '[]') AS list FROM (SELECT * FROM postroom.events"
    "  WHERE message_id = ${m.id}::text ORDER BY at DESC LIMIT 200) e) news,"
    " LATERAL (SELECT coalesce(json_agg(json_build_object('at', at, 'who', who, 'what', what)"
    "  ORDER BY seq DESC), '[]') AS list FROM (SELECT * FROM postroom.journal ORDER BY seq DESC"
    "  LIMIT 10000) j WHERE filter -> 'ids' ? ${m.id}::text) deeds"
    " WHERE ${m.id} = $1::${id_type}";

#define MESSAGE_SQL \
    "SELECT (extract(epoch FROM CASE WHEN isfinite(" TIME("created_at") ") THEN " \
    TIME("created_at") " ELSE now() END) * 1000000)::bigint, %s FROM ${messages} m" \
    " WHERE ${m.id} = $1::${id_type}"

static const char follow_sql[] =
    "SELECT ${m.status}::text, ${m.status} IN ('sent', 'cancelled')"
    "  OR (${m.status} = 'failed' AND ${m.next_attempt_at} IS NULL),"
    " coalesce(${m.error_message}, ${m.error_code}), " TIME("next_attempt_at") "::text,"
    " ${m.provider_message_id} FROM ${messages} m WHERE ${m.id} = $1::${id_type}";

/* clang-format on */

bool list_show(struct db *db, const char *id, bool bodies, struct buf *out, struct err *err) {
    PGresult *r = NULL;
    buf_clear(out);
    if (!db_exec_one(db, db_exec, show_sql, 2, (const char *[]){id, bodies ? "true" : "false"}, &r,
                     err))
        return false;
    const char *texts = cell_text(r, 0, 1);
    buf_puts(out, cell_text(r, 0, 0));
    if (texts) {
        out->len--; /* its '}', for the bodies behind it */
        buf_addc(out, ',');
        buf_puts(out, texts + 1);
    }
    PQclear(r);
    return out->failed ? err_nomem(err) : true;
}

bool list_message(struct db *db, const char *id, struct message *out, int64_t *created_us,
                  struct err *err) {
    struct buf sql;
    PGresult *r = NULL;
    memset(out, 0, sizeof *out);
    buf_init(&sql, 64 * 1024);
    buf_printf(&sql, MESSAGE_SQL, ROWS_COLUMNS);
    bool ok = !sql.failed || err_nomem(err);
    ok = ok && db_exec_one(db, db_exec, buf_text(&sql), 1, (const char *[]){id}, &r, err) &&
         rows_read(r, 0, 1, out, err);
    if (ok)
        *created_us = cell_int(r, 0, 0, 0);
    PQclear(r);
    buf_free(&sql);
    return ok;
}

static void copy_cell(char *dst, size_t size, const PGresult *r, int col) {
    const char *s = cell_text(r, 0, col);
    str_copy(dst, size, s ? s : "");
}

bool list_follow(struct db *db, const char *id, struct list_state *out, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec_one(db, db_exec, follow_sql, 1, (const char *[]){id}, &r, err))
        return false;
    copy_cell(out->status, sizeof out->status, r, 0);
    out->ended = cell_bool(r, 0, 1);
    copy_cell(out->error, sizeof out->error, r, 2);
    copy_cell(out->next_attempt, sizeof out->next_attempt, r, 3);
    copy_cell(out->provider_id, sizeof out->provider_id, r, 4);
    PQclear(r);
    return true;
}
