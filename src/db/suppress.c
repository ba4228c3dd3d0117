/* The list of suppressions: screened against what was claimed, and changed by operators. */
#include "db/suppress.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/guided.h"
#include "db/journal.h"
#include "db/pattern.h"

#include <string.h>
#include <strings.h>

#define ARRAY_MAX ((size_t)64 * 1024 * 1024)
#define LIST_MAX ((size_t)256 * 1024)

/* --- screening -------------------------------------------------------------------------------- */

static const char screen_sql[] =
    "SELECT a.n, s.email, s.reason, to_char(s.created_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY')"
    " FROM unnest($1::text[], $2::int[], $3::int[]) AS a(email, n, marketing)"
    " JOIN postroom.suppressions s ON lower(s.email) = lower(a.email)"
    "  AND (s.scope = 'all' OR (s.scope = 'marketing' AND a.marketing = 1))"
    " ORDER BY a.n, s.scope";

static void add_address(struct buf *a, const char *mailbox, int n, bool marketing) {
    char address[321];
    message_bare_address(address, sizeof address, mailbox);
    if (!address[0] || !str_is_utf8(address, strlen(address)))
        return;
    array_text(&a[0], address);
    array_int(&a[1], n);
    array_int(&a[2], marketing);
}

/* A list that cannot be read is a reason of its own not to send. */
static void add_list(struct buf *a, const char *list, int n, bool marketing) {
    struct err ignored;
    if (!list)
        return;
    struct json *root = json_parse(list, strlen(list), LIST_MAX, &ignored);
    for (const struct json *v = json_first(root); v; v = json_next(v))
        if (json_type(v) == JSON_STRING)
            add_address(a, json_text(v), n, marketing);
    json_free(root);
}

static void add_recipients(struct buf *a, const struct message *m, int n) {
    bool marketing = m->kind && strcasecmp(m->kind, "marketing") == 0;
    add_address(a, m->to, n, marketing);
    add_list(a, m->cc, n, marketing);
    add_list(a, m->bcc, n, marketing);
}

static bool note(struct message *m, const PGresult *r, int row, struct err *err) {
    char text[600];
    if (m->suppressed)
        return true;
    str_format(text, sizeof text, "suppressed: %s (%s, %s)", cell_text(r, row, 1),
               cell_text(r, row, 2), cell_text(r, row, 3));
    m->suppressed = mem_strdup(text);
    return m->suppressed || err_nomem(err);
}

bool suppress_screen(struct db *db, struct message *messages, int n, struct err *err) {
    struct buf a[3];
    PGresult *r = NULL;
    for (int i = 0; i < 3; i++) {
        buf_init(&a[i], ARRAY_MAX);
        array_begin(&a[i]);
    }
    for (int i = 0; i < n; i++)
        add_recipients(a, &messages[i], i);
    for (int i = 0; i < 3; i++)
        array_end(&a[i]);
    bool ok = !(a[0].failed || a[1].failed || a[2].failed) || err_nomem(err);
    const char *params[] = {buf_text(&a[0]), buf_text(&a[1]), buf_text(&a[2])};
    ok = ok && guided_rows(db, screen_sql, 3, params, &r, err);
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = note(&messages[cell_int(r, i, 0, 0)], r, i, err);
    PQclear(r);
    for (int i = 0; i < 3; i++)
        buf_free(&a[i]);
    return ok;
}

/* --- by hand ---------------------------------------------------------------------------------- */

static const char add_sql[] =
    "INSERT INTO postroom.suppressions (email, scope, reason, source)"
    " SELECT DISTINCT lower(e), $2, $3, $4 FROM unnest($1::text[]) AS e ORDER BY 1"
    " ON CONFLICT (lower(email), scope) DO NOTHING RETURNING 1";

static const char remove_sql[] =
    "DELETE FROM postroom.suppressions WHERE lower(email) IN"
    " (SELECT lower(e) FROM unnest($1::text[]) AS e) AND ($2::text IS NULL OR scope = $2)"
    " RETURNING 1";

/* "a@b.example and 2 more" */
static void name_addresses(char *dst, size_t size, const char *const *emails, int n) {
    if (n > 1)
        str_format(dst, size, "%s and %d more", emails[0], n - 1);
    else
        str_format(dst, size, "%s", emails[0]);
}

static bool change(struct db *db, const char *sql, int params_count, const char *const *params,
                   const char *who, const char *what, int n, struct suppress_totals *out,
                   struct err *err) {
    PGresult *r = NULL;
    if (!journal_begin(db, err))
        return false;
    bool ok = db_exec(db, sql, params_count, params, &r, err);
    if (ok) {
        out->changed = PQntuples(r);
        out->unchanged = out->changed < n ? n - out->changed : 0;
        ok = out->changed == 0 || journal_write(db, who, what, NULL, err);
    }
    PQclear(r);
    return journal_end(db, ok, err);
}

static bool list_addresses(struct buf *out, const char *const *emails, int n, struct err *err) {
    buf_init(out, ARRAY_MAX);
    array_begin(out);
    for (int i = 0; i < n; i++)
        array_text(out, emails[i]);
    array_end(out);
    return !out->failed || err_nomem(err);
}

bool suppress_add(struct db *db, const char *who, const char *const *emails, int n,
                  const char *scope, const char *reason, struct suppress_totals *out,
                  struct err *err) {
    struct buf list;
    char what[700], names[400];
    scope = scope ? scope : "all";
    name_addresses(names, sizeof names, emails, n);
    str_format(what, sizeof what, "suppressed %s%s: \"%s\"", names,
               str_eq(scope, "all") ? "" : " (marketing)", reason);
    bool ok = list_addresses(&list, emails, n, err) &&
              change(db, add_sql, 4, (const char *[]){buf_text(&list), scope, reason, who}, who,
                     what, n, out, err);
    buf_free(&list);
    return ok;
}

bool suppress_remove(struct db *db, const char *who, const char *const *emails, int n,
                     const char *scope, struct suppress_totals *out, struct err *err) {
    struct buf list;
    char what[700], names[400];
    name_addresses(names, sizeof names, emails, n);
    str_format(what, sizeof what, "unsuppressed %s%s%s%s", names, scope ? " (" : "",
               scope ? scope : "", scope ? ")" : "");
    bool ok =
        list_addresses(&list, emails, n, err) &&
        change(db, remove_sql, 2, (const char *[]){buf_text(&list), scope}, who, what, n, out, err);
    buf_free(&list);
    return ok;
}

bool suppress_list(struct db *db, const char *text, int limit, suppress_row_fn *row, void *ctx,
                   struct err *err) {
    char pattern[PATTERN_MAX], most[16];
    PGresult *r = NULL;
    if (text)
        pattern_containing(pattern, sizeof pattern, text);
    str_format(most, sizeof most, "%d", limit);
    if (!db_exec(db,
                 "SELECT json_build_object('email', email, 'scope', scope, 'reason', reason,"
                 " 'source', source, 'created_at', created_at)::text FROM postroom.suppressions"
                 " WHERE $1::text IS NULL OR email ILIKE $1"
                 " ORDER BY created_at DESC, email LIMIT $2::int",
                 2, (const char *[]){text ? pattern : NULL, most}, &r, err))
        return false;
    for (int i = 0; i < PQntuples(r) && row(ctx, cell_text(r, i, 0)); i++)
        continue;
    PQclear(r);
    return true;
}
