/* One message as a window shows it: its row by its id, what was tried and done, newest first, and
 * what it waits for; and the journal, page by page. */
#include "db/page_one.h"

#include "base/json.h"
#include "base/str.h"
#include "db/internal.h"
#include "db/pattern.h"
#include "db/why.h"

#include <string.h>

/* clang-format off */

#define BODY "131072"     /* characters of a body that are shown */
#define ATTEMPTS "100"    /* the newest ones */
#define JOURNAL "10000"   /* entries looked through for those of one message */
#define JOURNAL_LOOK "20000" /* the same for a filter */
#define MICROS(t) "(extract(epoch FROM " t ") * 1000000)::bigint"
#define TIME(column) "'" column "', " MICROS("${m." column "}::timestamptz")
#define JSON(column) "'" column "', to_json(${m." column "})"

/* $1 the id */
static const char one_sql[] =
    "SELECT json_build_object('id', ${m.id}::text, " JSON("status") ", " JSON("from_email") ", "
    JSON("to_email") ", " JSON("cc") ", " JSON("bcc") ", " JSON("reply_to") ", " JSON("subject") ","
    " 'html', left(${m.html}, " BODY "), 'text', left(${m.text}, " BODY "),"
    " 'cut', coalesce(length(${m.html}) > " BODY ", false)"
    "  OR coalesce(length(${m.text}) > " BODY ", false),"
    " 'bytes', coalesce(octet_length(${m.html}), 0) + coalesce(octet_length(${m.text}), 0)"
    "  + coalesce(files.bytes, 0), " JSON("headers") ", 'attachments', files.list, "
    JSON("tags") ", " JSON("kind") ", " JSON("priority") ", " JSON("dedupe_key") ","
    " 'scheduled_at', ${m.scheduled_at}, " TIME("created_at") ", " TIME("failed_at") ", "
    TIME("sent_at") ", " JSON("retry_count") ", 'max_attempts', ${m.max_attempts}, "
    JSON("error_code") ", " JSON("error_message") ", " JSON("provider") ", "
    JSON("provider_message_id") ", " JSON("provider_response") ", " JSON("delivery") ","
    " 'history', (SELECT json_agg(h.step ORDER BY h.at DESC, h.seq DESC) FROM ("
    "   (SELECT a.at, a.seq, json_build_object('at', " MICROS("a.at") ", 'attempt', a.attempt,"
    "     'seconds', a.ms / 1000.0, 'worker', a.worker, 'error', a.error,"
    "     'request', a.request_id, 'position', a.position, 'of', a.members,"
    "     'provider_id', a.provider_id) AS step FROM postroom.attempts a"
    "    WHERE a.message_id = ${m.id}::text ORDER BY a.seq DESC LIMIT " ATTEMPTS ")"
    "   UNION ALL (SELECT j.at, j.seq, json_build_object('at', " MICROS("j.at") ", 'who', j.who,"
    "     'what', CASE WHEN strpos(j.what, ${m.id}::text) > 0"
    "       THEN replace(j.what, ${m.id}::text, 'it') ELSE j.what END)"
    "    FROM (SELECT * FROM postroom.journal ORDER BY seq DESC LIMIT " JOURNAL ") j"
    "    WHERE j.filter -> 'ids' ? ${m.id}::text)"
    "   UNION ALL (SELECT ${m.created_at}::timestamptz, 0, json_build_object('at', "
    MICROS("${m.created_at}::timestamptz") ", 'who', NULL,"
    "     'what', 'created by the application') WHERE ${m.created_at} IS NOT NULL)) h))::text"
    " FROM ${messages} m, LATERAL (SELECT json_agg(json_build_object('filename', f ->> 'filename',"
    "   'content_type', f ->> 'content_type',"
    "   'bytes', length(rtrim(f ->> 'content', '=')) * 3 / 4)) AS list,"
    "   sum(length(f ->> 'content') * 3 / 4) AS bytes"
    "  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(to_jsonb(${m.attachments})) = 'array'"
    "   THEN to_jsonb(${m.attachments}) END) f) files"
    " WHERE ${m.id} = $1::${id_type}";

/* $1 entries wanted, $2 the number of the last one of the page before (null: the first page),
 * $3 a pattern */
static const char journal_sql[] =
    "WITH looked AS MATERIALIZED (SELECT * FROM postroom.journal"
    "  WHERE ($2::bigint IS NULL OR seq < $2::bigint) ORDER BY seq DESC"
    "  LIMIT CASE WHEN $3::text IS NULL THEN $1::int ELSE " JOURNAL_LOOK " END),"
    " found AS MATERIALIZED (SELECT * FROM looked WHERE $3::text IS NULL OR who ILIKE $3"
    "  OR what ILIKE $3 ORDER BY seq DESC LIMIT $1::int)"
    " SELECT json_build_object('now_us', " MICROS("now()") ", 'journal', coalesce((SELECT json_agg("
    "  json_build_object('at', " MICROS("at") ", 'who', who, 'what', left(what, 600))"
    "  ORDER BY seq DESC) FROM found), '[]'::json),"
    " 'more', (SELECT count(*) FROM found) = $1::int, 'after',"
    " coalesce((SELECT min(seq) FROM found)::text, ''))::text";

/* clang-format on */

static void add_why(struct buf *out, int64_t now_us, const char *message, const char *text) {
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_kv_int(&w, "now_us", now_us);
    jw_key(&w, "message");
    jw_raw(&w, message);
    jw_object_end(&w);
    if (out->failed || out->len < 3)
        return;
    out->len -= 2; /* the message's '}' and the page's, for what it waits for */
    buf_addc(out, ',');
    struct buf why;
    buf_init(&why, 16 * 1024);
    jw_init(&w, &why);
    jw_object(&w);
    jw_kv_text(&w, "why", text);
    jw_object_end(&w);
    buf_puts(out, why.len > 0 ? buf_text(&why) + 1 : "}");
    buf_addc(out, '}');
    buf_free(&why);
}

bool page_one_read(struct db *db, const char *id, struct buf *out, struct err *err) {
    PGresult *r = NULL;
    struct why w;
    struct why_answer why;
    if (!why_read(db, id, &w, err) ||
        !db_exec_one(db, db_exec, one_sql, 1, (const char *[]){id}, &r, err))
        return false;
    w.window = true;
    why_of(&w, &why);
    add_why(out, w.now_us, cell_text(r, 0, 0), why.text);
    PQclear(r);
    return out->failed ? err_nomem(err) : true;
}

bool page_journal_read(struct db *db, const struct page_want *want, struct buf *out,
                       struct err *err) {
    PGresult *r = NULL;
    char limit[12], pattern[PATTERN_MAX];
    str_format(limit, sizeof limit, "%d", want->limit);
    pattern_containing(pattern, sizeof pattern, want->filter.text);
    if (!db_exec(db, journal_sql, 3,
                 (const char *[]){limit, want->after[0] ? want->after : NULL,
                                  want->filter.text[0] ? pattern : NULL},
                 &r, err))
        return false;
    buf_puts(out, cell_text(r, 0, 0));
    PQclear(r);
    return out->failed ? err_nomem(err) : true;
}
