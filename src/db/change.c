/* Retry, cancel, mark sent. A choice is turned into pages of ids (by key, through the index of
 * their status), and each page is changed by one short statement that looks again under lock, so
 * that whatever somebody else took meanwhile is left alone and counted as taken. Called by the
 * thread that owns the struct db. */
#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"
#include "db/admin.h"
#include "db/codes.h"
#include "db/guided.h"
#include "db/journal.h"
#include "db/pattern.h"
#include "db/undo.h"

#include <string.h>

#define BATCH 500
#define PAGE_LIMIT " LIMIT 500"
#define UNCERTAIN "uncertain"
#define PATIENCE_MS 120000 /* counting millions may take its time */
#define IDS_MAX ((size_t)16 * 1024 * 1024)

/* clang-format off */

/* $1 ids, $2 the states they may be in, $3 may uncertain ones be taken? Locked in the order of
 * their ids; who holds a lock is changing the row. */
#define UNLESS_UNCERTAIN \
    "($3::boolean OR c.status <> 'failed' OR c.code IS DISTINCT FROM '" UNCERTAIN "')"
#define ONLY_UNCERTAIN "($3::boolean AND c.code = '" UNCERTAIN "')"
#define CHANGE(which, set) \
    "WITH chosen AS MATERIALIZED (SELECT ${m.id} AS id, ${m.status}::text AS status," \
    "  ${m.error_code} AS code, ${m.next_attempt_at} AS next" \
    "  FROM ${messages} m WHERE ${m.id} = ANY ($1::text[]::${id_type}[])" \
    "  ORDER BY ${m.id} FOR UPDATE SKIP LOCKED)," \
    " changed AS (UPDATE ${messages} m SET " set ", ${next_attempt_at} = NULL," \
    "  ${updated_at} = now() FROM chosen c WHERE ${m.id} = c.id" \
    "  AND c.status = ANY ($2::text[]) AND " which \
    "  RETURNING ${m.id} AS id, c.status AS was, c.next, ${m.claim_token} AS token," \
    "   ${m.request_id} AS request)"
/* How many, and for undoing: ids, what they were, when they were to be tried again, and the token
 * of their last claim. */
#define CHANGED(also) \
    " SELECT count(*), array_agg(id::text)::text, array_agg(was)::text," \
    " array_agg((extract(epoch FROM next) * 1000000)::bigint)::text, array_agg(token)::text" also \
    " FROM changed"

/* A member of an open request is made again with it, the same bytes under the same key: that
 * request is due now. An uncertain one whose request is closed goes into a new one. */
static const char retry_sql[] =
    CHANGE(UNLESS_UNCERTAIN, "${status} = 'pending',"
           " ${unfinished_claims} = CASE WHEN c.code = '" UNCERTAIN "' THEN 0"
           "  ELSE ${m.unfinished_claims} END,"
           " ${request_id} = CASE WHEN c.code = '" UNCERTAIN "' AND NOT EXISTS (SELECT FROM"
           "  postroom.requests q WHERE q.id = ${m.request_id}) THEN NULL ELSE ${m.request_id} END")
    ", again AS (UPDATE postroom.requests q SET next_try_at = now()"
    "  WHERE q.id IN (SELECT request FROM changed) AND q.state = 'open' AND q.next_try_at > now())"
    CHANGED(", CASE WHEN count(*) > 0 THEN pg_notify('postroom', '') END");

/* A member of an open request may be cancelled too; the request's frozen content stays as it is. */
static const char cancel_sql[] =
    CHANGE(UNLESS_UNCERTAIN, "${status} = 'cancelled'") CHANGED("");

/* Only what is uncertain: of anything else it is known what became of it. */
static const char mark_sent_sql[] =
    CHANGE(ONLY_UNCERTAIN,
           "${status} = 'sent', ${sent_at} = coalesce(${m.failed_at}, now()), ${failed_at} = NULL,"
           " ${error_code} = NULL, ${error_message} = NULL") CHANGED("");

/* $1 recipient, $2 since, $3 until, $4 error code, $5 any text, $6 error, $7 id, $8 list; null =
 * any. */
#define US(n) "(timestamptz 'epoch' + " n "::bigint * interval '1 us')"
#define WANTED \
    " AND ($1::text IS NULL OR ${m.to_email} ILIKE $1)" \
    " AND ($2::bigint IS NULL OR ${m.created_at} >= " US("$2") ")" \
    " AND ($5::text IS NULL OR ${m.to_email} ILIKE $5 OR ${m.subject} ILIKE $5" \
    "  OR ${m.error_message} ILIKE $5)" \
    " AND ($6::text IS NULL OR ${m.error_code} ILIKE $6 OR ${m.error_message} ILIKE $6)" \
    " AND ($7::text IS NULL OR ${m.id}::text LIKE $7)"
#define FAILED \
    " FROM ${messages} m WHERE ${m.status} = 'failed' AND CASE WHEN $4 = '" NO_ERROR_CODE "'" \
    "  THEN ${m.error_code} IS NULL ELSE ${m.error_code} = $4 END" WANTED \
    " AND ($8::text IS DISTINCT FROM 'retrying' OR ${m.next_attempt_at} IS NOT NULL)"
#define PENDING \
    " FROM ${messages} m WHERE ${m.status} = 'pending' AND $4::text IS NULL" WANTED \
    " AND (${m.created_at} IS NULL OR ${m.created_at} <= " US("$3") ")" \
    " AND ($8::text IS NULL OR (${m.due} > now()) = ($8::text = 'scheduled'))"

/* One kind of pages, with the key of the row before it ($9 its time, $10 its id, $11 its rank;
 * null: the first page). Rows: id, time, rank. */
#define KEYED(key, values) " AND ($10::text IS NULL OR (" key ") > (" values "))"
static const char dated_page[] =
    "SELECT ${m.id}::text, ${m.failed_at}::text, NULL" FAILED
    " AND ${m.failed_at} <= " US("$3") " AND $11::text IS NULL"
    " AND ($9::text IS NULL OR ${m.failed_at} >= $9::timestamptz)"
    KEYED("${m.failed_at}, ${m.id}", "$9::timestamptz, $10::${id_type}")
    " ORDER BY ${m.failed_at}, ${m.id}" PAGE_LIMIT;
/* applications may fail a message without saying when */
static const char undated_page[] =
    "SELECT ${m.id}::text, NULL, NULL" FAILED " AND ${m.failed_at} IS NULL"
    " AND $3::bigint IS NOT NULL AND $9::text IS NULL AND $11::text IS NULL"
    KEYED("${m.id}", "$10::${id_type}") " ORDER BY ${m.id}" PAGE_LIMIT;
static const char pending_page[] =
    "SELECT ${m.id}::text, ${m.due}::text, ${m.rank}::text" PENDING
    KEYED("${m.rank}, ${m.due}, ${m.id}", "$11::int, $9::timestamptz, $10::${id_type}")
    " ORDER BY ${m.rank}, ${m.due}, ${m.id}" PAGE_LIMIT;

static const char failed_count[] =
    "SELECT count(*)" FAILED " AND (${m.failed_at} IS NULL OR ${m.failed_at} <= " US("$3") ")";
static const char pending_count[] = "SELECT count(*)" PENDING;

static const char codes_sql[] =
    "WITH RECURSIVE " ERROR_CODES " SELECT code FROM error_codes WHERE code IS NOT NULL"
    " UNION ALL SELECT '" NO_ERROR_CODE "' WHERE EXISTS (SELECT FROM ${messages} m"
    "  WHERE ${m.status} = 'failed' AND ${m.error_code} IS NULL)";

/* clang-format on */

enum {
    WANTED_PARAMS = 8,
    PAGE_PARAMS = 11
};

static const struct deed {
    enum command_kind kind;
    const char *sql;
    const char *doing, *done; /* as the journal says it */
} deeds[] = {
    {COMMAND_RETRY, retry_sql, "retries", "retried"},
    {COMMAND_CANCEL, cancel_sql, "cancels", "cancelled"},
    {COMMAND_MARK_SENT, mark_sent_sql, "marks as sent", "marked as sent"},
};

static const struct deed *deed_of(enum command_kind kind) {
    const struct deed *d = deeds;
    while (d->kind != kind)
        d++;
    return d;
}

struct job {
    struct db *db;
    const char *who;
    const struct deed *deed;
    const struct admin_choice *choice;
    admin_progress_fn *progress;
    void *ctx;
    struct admin_totals *totals;
    bool uncertain_named;
    const char *states; /* an array literal: what a message may be before */
    bool dry;
    char to[PATTERN_MAX], text[PATTERN_MAX], error[PATTERN_MAX], id[PATTERN_MAX];
    char since[24], until[24];
    const char *params[PAGE_PARAMS];
    char journal[24]; /* its entry's number; "" before it is written */
};

/* --- one page --------------------------------------------------------------------------------- */

static bool change_ids(struct job *j, struct buf *ids, struct err *err) {
    PGresult *r = NULL;
    array_end(ids);
    const char *uncertain = j->deed->kind != COMMAND_RETRY || j->uncertain_named ? "true" : "false";
    bool ok = !ids->failed || err_nomem(err);
    ok = ok && db_exec(j->db, j->deed->sql, 3,
                       (const char *[]){buf_text(ids), j->states, uncertain}, &r, err);
    if (ok) {
        int64_t n = cell_int(r, 0, 0, 0);
        j->totals->done += n;
        if (n > 0 && j->choice->trail)
            undo_note(j->choice->trail,
                      (const char *[]){cell_text(r, 0, 1), cell_text(r, 0, 2), cell_text(r, 0, 3),
                                       cell_text(r, 0, 4)},
                      n);
        if (j->progress)
            j->progress(j->ctx, j->totals);
    }
    PQclear(r);
    return ok;
}

static bool change_page(struct job *j, const PGresult *page, struct err *err) {
    struct buf ids;
    buf_init(&ids, IDS_MAX);
    array_begin(&ids);
    for (int i = 0; i < PQntuples(page); i++)
        array_text(&ids, cell_text(page, i, 0));
    bool ok = change_ids(j, &ids, err);
    buf_free(&ids);
    return ok;
}

/* Page after page, each behind the last row of the one before: no row comes twice. */
static bool change_pages(struct job *j, const char *sql, struct err *err) {
    PGresult *last = NULL;
    bool ok = true;
    for (bool more = true; ok && more;) {
        PGresult *page = NULL;
        int end = last ? PQntuples(last) - 1 : 0;
        j->params[8] = last ? cell_text(last, end, 1) : NULL;
        j->params[9] = last ? cell_text(last, end, 0) : NULL;
        j->params[10] = last ? cell_text(last, end, 2) : NULL;
        ok = guided_exec(j->db, sql, PAGE_PARAMS, j->params, &page, err);
        more = ok && PQntuples(page) > 0;
        ok = ok && (!more || change_page(j, page, err));
        PQclear(last);
        last = page;
    }
    PQclear(last);
    return ok;
}

/* --- by filter -------------------------------------------------------------------------------- */

static bool count_wanted(struct job *j, const char *sql, int64_t *n, struct err *err) {
    PGresult *r = NULL;
    if (!guided_exec(j->db, sql, WANTED_PARAMS, j->params, &r, err))
        return false;
    *n = cell_int(r, 0, 0, 0);
    PQclear(r);
    return true;
}

static bool is_left_out(const struct job *j, const char *code) {
    return str_eq(code, UNCERTAIN) && !j->uncertain_named;
}

static bool count_code(struct job *j, const char *code, struct err *err) {
    int64_t n = 0;
    j->params[3] = code;
    if (!count_wanted(j, failed_count, &n, err))
        return false;
    if (is_left_out(j, code))
        j->totals->uncertain_left += n;
    else
        j->totals->asked += n;
    return true;
}

static bool change_code(struct job *j, const char *code, struct err *err) {
    j->params[3] = code;
    return is_left_out(j, code) ||
           (change_pages(j, dated_page, err) && change_pages(j, undated_page, err));
}

static bool each_code(struct job *j, bool (*one)(struct job *, const char *, struct err *),
                      struct err *err) {
    PGresult *codes = NULL;
    if (j->choice->filter.error_code[0])
        return one(j, j->choice->filter.error_code, err);
    if (!guided_exec(j->db, codes_sql, 0, NULL, &codes, err))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < PQntuples(codes); i++)
        ok = one(j, cell_text(codes, i, 0), err);
    PQclear(codes);
    return ok;
}

static bool is_pending_job(const struct job *j) {
    const struct filter *f = &j->choice->filter;
    bool waits = !f->status[0] || str_eq(f->status, "pending") || str_eq(f->status, "scheduled");
    return j->deed->kind == COMMAND_CANCEL && !f->error_code[0] && waits;
}

static bool count_filter(struct job *j, struct err *err) {
    return is_pending_job(j) ? count_wanted(j, pending_count, &j->totals->asked, err)
                             : each_code(j, count_code, err);
}

static bool change_filter(struct job *j, struct err *err) {
    j->params[3] = NULL;
    return is_pending_job(j) ? change_pages(j, pending_page, err) : each_code(j, change_code, err);
}

static const char *pattern_of(char dst[PATTERN_MAX], const char *part) {
    pattern_containing(dst, PATTERN_MAX, part);
    return part[0] ? dst : NULL;
}

/* The set is fixed by a time: the caller's, or now. */
static bool fix_filter(struct job *j, struct err *err) {
    const struct filter *f = &j->choice->filter;
    int64_t until = f->until_us;
    PGresult *r = NULL;
    if (until == 0) {
        if (!db_exec(j->db, "SELECT (extract(epoch FROM now()) * 1000000)::bigint", 0, NULL, &r,
                     err))
            return false;
        until = cell_int(r, 0, 0, 0);
        PQclear(r);
    }
    str_format(j->since, sizeof j->since, "%lld", (long long)f->since_us);
    str_format(j->until, sizeof j->until, "%lld", (long long)until);
    j->params[0] = pattern_of(j->to, f->to);
    j->params[1] = f->since_us ? j->since : NULL;
    j->params[2] = j->until;
    j->params[4] = pattern_of(j->text, f->text);
    j->params[5] = pattern_of(j->error, f->error);
    j->params[6] = pattern_of(j->id, f->id) ? j->id + 1 : NULL; /* how it begins */
    j->params[7] = f->status[0] ? f->status : NULL;
    return true;
}

/* --- by ids ----------------------------------------------------------------------------------- */

/* An id that the column's type cannot hold names no message either. */
static bool count_id(struct job *j, const char *id, struct buf *unknown, struct err *err) {
    PGresult *r = NULL;
    struct err why;
    if (!db_exec(j->db,
                 "SELECT ${status} = 'failed' AND ${error_code} = '" UNCERTAIN "'"
                 " FROM ${messages} WHERE ${id} = $1::${id_type}",
                 1, (const char *[]){id}, &r, &why) &&
        !(why.code == ERR_DB && strncmp(why.sqlstate, "22", 2) == 0))
        return err_set(err, why.code, "%s", why.text);
    if (!r || PQntuples(r) == 0)
        buf_printf(unknown, "%s%s", unknown->len ? ", " : "", id);
    else if (cell_bool(r, 0, 0) && !j->uncertain_named && j->deed->kind == COMMAND_RETRY)
        j->totals->uncertain_left++;
    else
        j->totals->asked++;
    PQclear(r);
    return true;
}

static bool count_ids(struct job *j, struct err *err) {
    struct buf unknown;
    buf_init(&unknown, 300);
    bool ok = true;
    for (size_t i = 0; ok && i < j->choice->id_count; i++)
        ok = count_id(j, j->choice->ids[i], &unknown, err);
    if (ok && (unknown.len > 0 || unknown.failed)) {
        memset(j->totals, 0, sizeof *j->totals);
        ok = err_set(err, ERR_NOTFOUND, "there is no message %s%s; nothing was changed",
                     buf_text(&unknown), unknown.failed ? " and more" : "");
    }
    buf_free(&unknown);
    return ok;
}

static bool change_all_ids(struct job *j, struct err *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < j->choice->id_count; i += BATCH) {
        struct buf ids;
        buf_init(&ids, IDS_MAX);
        array_begin(&ids);
        for (size_t k = i; k < j->choice->id_count && k < i + BATCH; k++)
            array_text(&ids, j->choice->ids[k]);
        ok = change_ids(j, &ids, err);
        buf_free(&ids);
    }
    return ok;
}

/* --- the journal ------------------------------------------------------------------------------ */

static void add_words(char *dst, size_t size, const char *name, const char *value) {
    size_t used = strlen(dst);
    if (value[0])
        str_format(dst + used, size - used, ", %s %s", name, value);
}

/* "retried 409 of 412, error timeout, failed until 02:31:02": what a person reads. */
static void describe(const struct job *j, const char *verb, char *dst, size_t size) {
    const struct filter *f = &j->choice->filter;
    char rest[512] = "";
    if (j->choice->id_count == 1) {
        str_format(dst, size, "%s %s", verb, j->choice->ids[0]);
        return;
    }
    if (j->choice->id_count == 0) {
        add_words(rest, sizeof rest, "error", f->error_code[0] ? f->error_code : f->error);
        add_words(rest, sizeof rest, "to", f->to);
        add_words(rest, sizeof rest, "with", f->text);
        add_words(rest, sizeof rest, "id", f->id);
        if (f->until_us)
            add_words(rest, sizeof rest, is_pending_job(j) ? "created until" : "failed until",
                      figure_clock_s(f->until_us).text);
    }
    str_format(dst, size, "%s %lld of %lld%s", verb, (long long)j->totals->done,
               (long long)j->totals->asked, rest);
}

static void put_filter(const struct job *j, struct buf *out) {
    const struct filter *f = &j->choice->filter;
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    if (j->choice->id_count > 0) {
        jw_key(&w, "ids");
        jw_array(&w);
        for (size_t i = 0; i < j->choice->id_count && i < 1000; i++)
            jw_text(&w, j->choice->ids[i]);
        jw_array_end(&w);
    } else {
        jw_kv_text(&w, "error_code", f->error_code);
        jw_kv_text(&w, "to", f->to);
        jw_kv_text(&w, "status", f->status);
        jw_kv_text(&w, "text", f->text);
        jw_kv_text(&w, "error", f->error);
        jw_kv_text(&w, "id", f->id);
        jw_kv_int(&w, "since_us", f->since_us);
        jw_kv_int(&w, "until_us", f->until_us);
    }
    jw_object_end(&w);
}

/* Before the first change, so that a deed that breaks off halfway stands there, too. */
static bool note_start(struct job *j, struct err *err) {
    char what[400];
    struct buf filter;
    describe(j, j->deed->doing, what, sizeof what);
    buf_init(&filter, IDS_MAX);
    put_filter(j, &filter);
    bool ok = filter.failed ? err_nomem(err)
                            : journal_open(j->db, j->who, what, buf_text(&filter), j->journal,
                                           sizeof j->journal, err);
    buf_free(&filter);
    return ok;
}

static bool note_end(struct job *j, struct err *err) {
    char what[400];
    describe(j, j->deed->done, what, sizeof what);
    return journal_close(j->db, j->journal, what, j->totals->done, err);
}

/* --- all of it -------------------------------------------------------------------------------- */

static const char *states_for(const struct job *j) {
    if (j->deed->kind != COMMAND_CANCEL || (j->choice->id_count == 0 && !is_pending_job(j)))
        return "{failed}";
    return j->choice->id_count > 0 ? "{pending,failed}" : "{pending}";
}

static bool run(struct job *j, struct err *err) {
    const struct filter *f = &j->choice->filter;
    bool by_id = j->choice->id_count > 0;
    memset(j->totals, 0, sizeof *j->totals);
    j->uncertain_named = f->uncertain_too || str_eq(f->error_code, UNCERTAIN);
    j->states = states_for(j);
    if (by_id ? !count_ids(j, err) : !(fix_filter(j, err) && count_filter(j, err)))
        return false;
    int64_t found = j->totals->asked;
    if (!by_id && j->choice->named > found)
        j->totals->asked = j->choice->named;
    j->totals->taken = j->totals->asked - found;
    if (j->dry || found == 0)
        return true;
    if (!note_start(j, err) || !(by_id ? change_all_ids(j, err) : change_filter(j, err)))
        return false;
    if (j->totals->done > j->totals->asked) /* some arrived between counting and changing */
        j->totals->asked = j->totals->done;
    j->totals->taken = j->totals->asked - j->totals->done;
    return note_end(j, err);
}

static bool run_patiently(struct job *j, struct err *err) {
    db_set_deadline_ms(j->db, PATIENCE_MS);
    bool ok = run(j, err);
    db_set_deadline_ms(j->db, DB_DEADLINE_MS);
    return ok;
}

bool admin_change(struct db *db, enum command_kind kind, const char *who,
                  const struct admin_choice *c, admin_progress_fn *progress, void *ctx,
                  struct admin_totals *out, struct err *err) {
    struct job j = {.db = db,
                    .who = who,
                    .deed = deed_of(kind),
                    .choice = c,
                    .progress = progress,
                    .ctx = ctx,
                    .totals = out};
    return run_patiently(&j, err);
}

bool admin_count(struct db *db, enum command_kind kind, const struct admin_choice *c,
                 struct admin_totals *out, struct err *err) {
    struct job j = {
        .db = db, .who = "", .deed = deed_of(kind), .choice = c, .totals = out, .dry = true};
    return run_patiently(&j, err);
}
