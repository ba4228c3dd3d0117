/* Pages of messages by key. Each list is one index, read from the key on; what is read is filtered
 * afterwards, so that a filter costs at most LOOK rows at a time. */
#include "db/page.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "db/codes.h"
#include "db/fate.h"
#include "db/guided.h"
#include "db/page_one.h"
#include "db/pattern.h"
#include "db/why.h"

#include <stdlib.h>
#include <string.h>

#define LOOK "2000"                      /* rows read per statement where most may not fit */
#define PATIENCE_US (1500 * USEC_PER_MS) /* for as many statements as a page may take */

/* clang-format off */

/* $1 rows to read, $2 rows wanted; the key of the row before: $3 its time (microseconds), $4 its
 * rank, $5 its id; null: the first page. The filter: $6 error code, $7 until (microseconds), and
 * patterns: $8 recipient, $9 any text, $10 error, $11 id. $12 attempts where the row names none. */
#define GIVEN \
    "WITH given AS (SELECT $1::int, $2::int, $3::bigint, $4::int, $5::text, $6::text, $7::bigint," \
    "  $8::text, $9::text, $10::text, $11::text, $12::int)"
#define AT(n) "(timestamptz 'epoch' + " n "::bigint * interval '1 us')"
#define KEY_ID "$5::text::${id_type}"
#define COLUMNS(at) \
    "${m.id} AS id, " at "::timestamptz AS at, ${m.rank} AS rank, ${m.to_email} AS to_email," \
    " left(${m.subject}, 200) AS subject, ${m.status}::text AS status," \
    " ${m.error_code} AS error_code, left(${m.error_message}, 400) AS error_message," \
    " ${m.retry_count} AS retry_count, coalesce(${m.max_attempts}, $12::int) AS max_attempts"
#define UNTIL(at) " AND ($7::bigint IS NULL OR " at " <= " AT("$7") ")"

/* Newest first, behind the key. */
#define DOWN(at, where) \
    "(SELECT " COLUMNS(at) " FROM ${messages} m WHERE " where UNTIL(at) \
    " AND ($3::bigint IS NULL OR " at " <= " AT("$3") ")" \
    " AND ($5::text IS NULL OR (" at ", ${m.id}) < (" AT("$3") ", " KEY_ID "))" \
    " ORDER BY " at " DESC, ${m.id} DESC LIMIT $1::int)"
/* Next first, behind the key. */
#define UP(at, where) \
    "(SELECT " COLUMNS(at) " FROM ${messages} m WHERE " where UNTIL(at) \
    " AND ($3::bigint IS NULL OR " at " >= " AT("$3") ")" \
    " AND ($5::text IS NULL OR (" at ", ${m.id}) > (" AT("$3") ", " KEY_ID "))" \
    " ORDER BY " at ", ${m.id} LIMIT $1::int)"
/* Next first, rank by rank: a rank below the key's is done with, one above it is whole. */
#define RANKED(at, where) \
    "(SELECT p.* FROM generate_series(coalesce($4::int, 0), 9) AS r (rank), LATERAL (SELECT " \
    COLUMNS(at) " FROM ${messages} m WHERE ${m.rank} = r.rank AND " where UNTIL(at) \
    " AND ($5::text IS NULL OR r.rank > $4::int" \
    "  OR (" at ", ${m.id}) > (" AT("$3") ", " KEY_ID "))" \
    " ORDER BY " at ", ${m.id} LIMIT $1::int) p ORDER BY rank, at, id LIMIT $1::int)"
#define EACH_RANK(at, where) \
    "(SELECT p.* FROM generate_series(0, 9) AS r (rank), LATERAL " \
    UP(at, "${m.rank} = r.rank AND " where) " p ORDER BY at, id LIMIT $1::int)"
/* applications may fail a message without saying when: those come last */
#define UNDATED(where) \
    "(SELECT " COLUMNS("${m.failed_at}") " FROM ${messages} m WHERE " where \
    " AND ${m.failed_at} IS NULL AND $7::bigint IS NULL" \
    " AND ($5::text IS NULL OR $3::bigint IS NOT NULL OR ${m.id} > " KEY_ID ")" \
    " ORDER BY ${m.id} LIMIT $1::int)"
#define FAILED(where) \
    "(SELECT * FROM (" DOWN("${m.failed_at}", where " AND ${m.failed_at} IS NOT NULL" \
        " AND ($5::text IS NULL OR $3::bigint IS NOT NULL)") \
    " UNION ALL " UNDATED(where) ") f ORDER BY at DESC NULLS LAST, id DESC LIMIT $1::int)"
#define OF_CODE(condition) "${m.status} = 'failed' AND " condition

#define HOLDS(text, pattern) text " ILIKE " pattern
#define FITS \
    "($8::text IS NULL OR " HOLDS("to_email", "$8") ")" \
    " AND ($9::text IS NULL OR " HOLDS("to_email", "$9") " OR " HOLDS("subject", "$9") \
    "  OR " HOLDS("error_message", "$9") ")" \
    " AND ($10::text IS NULL OR " HOLDS("error_code", "$10") \
    "  OR " HOLDS("error_message", "$10") ")" \
    " AND ($11::text IS NULL OR id::text LIKE $11)"
#define MICROS(t) "(extract(epoch FROM " t ") * 1000000)::bigint"
#define KEY_OF(row) \
    "coalesce((SELECT concat_ws('|', coalesce(" MICROS("at") "::text, '-'), rank, id)" \
    "  FROM " row " ORDER BY n DESC LIMIT 1), '')"

/* What was read, what of it fits, and where the next page starts. */
#define PAGE_OF(source, order) \
    ", source AS MATERIALIZED " source "," \
    " looked AS MATERIALIZED (SELECT s.*, row_number() OVER (ORDER BY " order ") AS n FROM source s)," \
    " found AS MATERIALIZED (SELECT * FROM looked WHERE " FITS " ORDER BY n LIMIT $2::int)" \
    " SELECT json_build_object('now_us', " MICROS("now()") ", 'rows', coalesce((SELECT json_agg(" \
    "  json_build_object('id', id::text, 'at', " MICROS("at") ", 'to_email', to_email," \
    "   'subject', subject, 'status', status, 'error_code', error_code," \
    "   'error_message', error_message, 'retry_count', retry_count," \
    "   'max_attempts', max_attempts) ORDER BY n) FROM found), '[]'::json)," \
    "  'more', (SELECT count(*) FROM found) = $2::int OR (SELECT count(*) FROM looked) = $1::int," \
    "  'after', CASE WHEN (SELECT count(*) FROM found) = $2::int THEN " KEY_OF("found") \
    "   ELSE " KEY_OF("looked") " END)::text"
#define NEWEST "at DESC NULLS LAST, id DESC"
#define SOONEST "at, id"
#define IN_TURN "rank, at, id"

static const struct source {
    const char *status, *sql;
} sources[] = {
    {"pending", GIVEN PAGE_OF(
        RANKED("${m.due}", "${m.status} = 'pending' AND ${m.due} <= now()"), IN_TURN)},
    {"scheduled", GIVEN PAGE_OF(
        EACH_RANK("${m.due}", "${m.status} = 'pending' AND ${m.due} > now()"), SOONEST)},
    {"processing", GIVEN PAGE_OF(
        UP("${m.lease_expires_at}", "${m.status} = 'processing'"), SOONEST)},
    {"retrying", GIVEN PAGE_OF(EACH_RANK("${m.next_attempt_at}",
        "${m.status} = 'failed' AND ${m.next_attempt_at} IS NOT NULL"), SOONEST)},
    {"uncertain", GIVEN PAGE_OF(FAILED(OF_CODE("${m.error_code} = 'uncertain'")), NEWEST)},
    {"cancelled", GIVEN PAGE_OF(DOWN("${m.updated_at}", "${m.status} = 'cancelled'"), NEWEST)},
};

static const char of_code[] = GIVEN PAGE_OF(FAILED(OF_CODE("${m.error_code} = $6::text")), NEWEST);
static const char of_no_code[] = GIVEN PAGE_OF(FAILED(OF_CODE("${m.error_code} IS NULL")), NEWEST);

/* Each code's newest, and of these the newest. */
static const char of_any_code[] =
    "WITH RECURSIVE given AS (SELECT $1::int, $2::int, $3::bigint, $4::int, $5::text, $6::text,"
    "  $7::bigint, $8::text, $9::text, $10::text, $11::text, $12::int), " ERROR_CODES
    PAGE_OF("(SELECT * FROM (SELECT p.* FROM error_codes, LATERAL "
        DOWN("${m.failed_at}", OF_CODE("${m.error_code} = error_codes.code")
             " AND ${m.failed_at} IS NOT NULL") " p"
        " UNION ALL " DOWN("${m.failed_at}", OF_CODE("${m.error_code} IS NULL")
             " AND ${m.failed_at} IS NOT NULL")
        ") f ORDER BY at DESC, id DESC LIMIT $1::int)", NEWEST);

/* Sent messages have no index of their own: they are found through their attempts, whose number
 * is the key ($3). */
static const char of_sent[] =
    GIVEN ", source AS MATERIALIZED (SELECT a.seq, a.message_id, a.at, a.outcome"
    "  FROM postroom.attempts a WHERE ($3::bigint IS NULL OR a.seq < $3::bigint)"
    UNTIL("a.at") " ORDER BY a.seq DESC LIMIT $1::int),"
    " looked AS MATERIALIZED (SELECT s.seq AS n, m.* FROM source s, LATERAL (SELECT "
    COLUMNS("s.at") " FROM ${messages} m WHERE ${m.id} = s.message_id::${id_type}"
    "  AND ${m.status} = 'sent') m WHERE s.outcome = 'sent'),"
    " found AS MATERIALIZED (SELECT * FROM looked WHERE " FITS " ORDER BY n DESC LIMIT $2::int)"
    " SELECT json_build_object('now_us', " MICROS("now()") ", 'rows', coalesce((SELECT json_agg("
    "  json_build_object('id', id::text, 'at', " MICROS("at") ", 'to_email', to_email,"
    "   'subject', subject, 'status', status, 'error_code', error_code,"
    "   'error_message', error_message, 'retry_count', retry_count,"
    "   'max_attempts', max_attempts) ORDER BY n DESC) FROM found), '[]'::json),"
    "  'more', (SELECT count(*) FROM source) = $1::int,"
    "  'after', CASE WHEN (SELECT count(*) FROM found) = $2::int"
    "   THEN (SELECT min(n) FROM found)::text ELSE (SELECT min(seq) FROM source)::text END"
    "   || '|0|-')::text";

/* clang-format on */

/* --- parameters ------------------------------------------------------------------------------- */

enum {
    PARAMS = 12
};

struct params {
    const char *all[PARAMS];
    char look[12], limit[12], until[24], attempts[12];
    char key[sizeof((struct page_want *)0)->after];
    char to[PATTERN_MAX], text[PATTERN_MAX], error[PATTERN_MAX], id[PATTERN_MAX];
};

/* "at|rank|id", as KEY_OF writes it; what is something else starts from the beginning. */
static void set_key(struct params *p, const char *after) {
    int64_t number;
    str_copy(p->key, sizeof p->key, after);
    char *rank = strchr(p->key, '|'), *id = rank == NULL ? NULL : strchr(rank + 1, '|');
    if (id == NULL)
        return;
    *rank++ = '\0';
    *id++ = '\0';
    p->all[2] = str_to_int64(p->key, &number) ? p->key : NULL;
    p->all[3] = str_to_int64(rank, &number) ? rank : NULL;
    p->all[4] = id;
}

static const char *pattern(char dst[PATTERN_MAX], const char *part) {
    pattern_containing(dst, PATTERN_MAX, part);
    return part[0] != '\0' ? dst : NULL;
}

static void fill(struct params *p, struct db *db, const struct page_want *want) {
    const struct filter *f = &want->filter;
    bool finds = f->to[0] || f->text[0] || f->error[0] || f->id[0];
    memset(p, 0, sizeof *p);
    str_format(p->limit, sizeof p->limit, "%d", want->limit);
    str_format(p->until, sizeof p->until, "%lld", (long long)f->until_us);
    str_format(p->attempts, sizeof p->attempts, "%d", db_settings(db)->max_attempts);
    p->all[0] = finds ? LOOK : p->limit;
    p->all[1] = p->limit;
    p->all[5] = f->error_code[0] ? f->error_code : NULL;
    p->all[6] = f->until_us ? p->until : NULL;
    p->all[7] = pattern(p->to, f->to);
    p->all[8] = pattern(p->text, f->text);
    p->all[9] = pattern(p->error, f->error);
    p->all[10] = pattern(p->id, f->id) ? p->id + 1 : NULL; /* how it begins */
    p->all[11] = p->attempts;
    set_key(p, want->after);
    if (str_eq(f->status, "sent")) /* attempts of all kinds are read for them */
        p->all[0] = LOOK;
}

static const char *sql_of(const struct page_want *want, struct err *err) {
    const struct filter *f = &want->filter;
    if (str_eq(f->status, "sent"))
        return of_sent;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (str_eq(sources[i].status, f->status))
            return sources[i].sql;
    if (f->status[0] && !str_eq(f->status, "failed")) {
        err_set(err, ERR_USAGE, "there is no list of %s messages", f->status);
        return NULL;
    }
    return f->error_code[0] == '\0'               ? of_any_code
           : str_eq(f->error_code, NO_ERROR_CODE) ? of_no_code
                                                  : of_code;
}

/* --- a page ----------------------------------------------------------------------------------- */

/* Where nothing of what was read fits, the next rows are read, for a while. */
static bool read_list(struct db *db, const struct page_want *want, struct buf *out,
                      struct err *err) {
    struct params p;
    char after[sizeof want->after];
    const char *sql = sql_of(want, err);
    int64_t until = clock_boot_us() + PATIENCE_US;
    fill(&p, db, want);
    for (bool again = sql != NULL; again;) {
        PGresult *r = NULL;
        if (!guided_rows(db, sql, PARAMS, p.all, &r, err))
            return false;
        buf_clear(out);
        buf_puts(out, cell_text(r, 0, 0));
        PQclear(r);
        struct json *page = json_parse(buf_text(out), out->len, out->max, err);
        if (page == NULL)
            return false;
        const char *next = json_get_text(page, "after");
        again = json_size(json_get(page, "rows")) == 0 && json_get_bool(page, "more", false) &&
                next != NULL && next[0] != '\0' && clock_boot_us() < until;
        str_copy(after, sizeof after, next == NULL ? "" : next);
        json_free(page);
        set_key(&p, after);
    }
    return sql != NULL;
}

bool page_read(struct db *db, const struct page_want *want, struct buf *out, struct err *err) {
    buf_clear(out);
    switch (want->kind) {
    case PAGE_MESSAGE:
        return page_one_read(db, want->id, out, err);
    case PAGE_JOURNAL:
        return page_journal_read(db, want, out, err);
    case PAGE_FATE:
        return page_fate_read(db, want, out, err);
    default:
        return read_list(db, want, out, err);
    }
}
