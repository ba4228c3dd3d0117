/* Why a message has left a list: its row as it is now, and the newest deed in the journal that
 * takes messages out of such a list and reached this one, by its id or by a filter that it fits. A
 * question of its own, because the journal of a window's document names no ids. */
#include "db/fate.h"

#include "base/str.h"
#include "db/internal.h"

/* clang-format off */

#define JOURNAL "1000" /* entries looked through */
#define MICROS(t) "(extract(epoch FROM " t ") * 1000000)::bigint"
#define AT(n) "(timestamptz 'epoch' + " n "::bigint * interval '1 us')"
#define FILTER(key) "coalesce(j.filter ->> '" key "', '')"
#define HOLDS(text, key) "strpos(lower(concat_ws(' ', " text ")), lower(" FILTER(key) ")) > 0"

/* $1 the id, $2 its error code in the list, $3 since when, $4 how such deeds begin. One that goes on
 * has changed no messages yet. */
static const char fate_sql[] =
    "WITH m AS MATERIALIZED (SELECT ${m.id}::text AS id, ${m.to_email} AS to_email,"
    "  ${m.subject} AS subject, ${m.status}::text AS status, ${m.error_code} AS error_code,"
    "  ${m.error_message} AS error FROM ${messages} m WHERE ${m.id} = $1::text::${id_type})"
    " SELECT json_build_object('now_us', " MICROS("now()") ","
    " 'message', (SELECT json_build_object('id', id, 'status', status, 'error_code', error_code,"
    "   'error_message', left(error, 400)) FROM m),"
    " 'journal', (SELECT json_agg(d) FROM (SELECT " MICROS("j.at") " AS at, j.who, j.what"
    "   FROM (SELECT * FROM postroom.journal ORDER BY seq DESC LIMIT " JOURNAL ") j"
    "   LEFT JOIN m ON true WHERE j.at >= " AT("$3") " AND j.what ~ $4::text"
    "   AND (j.messages > 0 OR j.what ~ '^(retries|cancels|marks)')"
    "   AND (j.filter -> 'ids' ? $1::text OR (NOT j.filter ? 'ids'"
    "    AND " FILTER("error_code") " IN ('', $2::text) AND starts_with($1::text, " FILTER("id") ")"
    "    AND " HOLDS("m.to_email", "to") " AND " HOLDS("$2::text, m.error", "error")
    "    AND " HOLDS("m.to_email, m.subject, m.error", "text") "))"
    "   ORDER BY j.seq DESC LIMIT 1) d))::text";

/* clang-format on */

/* Nobody takes messages out of other lists: they go by themselves. */
static const char *deeds_for(const char *status) {
    if (str_eq(status, "pending") || str_eq(status, "scheduled"))
        return "^cancel";
    bool fails = str_eq(status, "") || str_eq(status, "failed") || str_eq(status, "uncertain") ||
                 str_eq(status, "retrying");
    return fails ? "^(retrie|cancel|mark)" : NULL;
}

bool page_fate_read(struct db *db, const struct page_want *want, struct buf *out, struct err *err) {
    PGresult *r = NULL;
    char since[24];
    str_format(since, sizeof since, "%lld", (long long)want->filter.since_us);
    const char *params[] = {want->id, want->filter.error_code, since,
                            deeds_for(want->filter.status)};
    if (!db_exec(db, fate_sql, 4, params, &r, err))
        return false;
    buf_puts(out, cell_text(r, 0, 0));
    PQclear(r);
    return out->failed ? err_nomem(err) : true;
}
