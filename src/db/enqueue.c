/* One mail into the table, as an application would insert it. Called by the thread that owns the
 * struct db. */
#include "base/str.h"
#include "db/admin.h"
#include "db/internal.h"

static const char insert_sql[] =
    "INSERT INTO ${messages} (${to_email}, ${from_email}, ${subject}, ${html}, ${text},"
    " ${headers}, ${attachments}, ${scheduled_at}, ${priority}, ${dedupe_key}, ${status},"
    " ${created_at}, ${updated_at})"
    " SELECT $1, $2, $3, $4, $5, $6::jsonb, $7::jsonb,"
    " timestamptz 'epoch' + $8::bigint * interval '1 us', coalesce($9::smallint, 5), $10,"
    " 'pending'::${status_type}, now(), now() WHERE $10::text IS NULL OR NOT EXISTS" /* a
                                                                                        partitioned
                                                                                        table's */
    "  (SELECT FROM ${messages} m WHERE ${m.dedupe_key} = $10)" /* index is not unique */
    " ON CONFLICT DO NOTHING RETURNING ${id}::text";

static bool find_by_key(struct db *db, const char *key, char *id, size_t id_size, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT ${id}::text FROM ${messages} WHERE ${dedupe_key} = $1", 1,
                 (const char *[]){key}, &r, err))
        return false;
    bool found = PQntuples(r) > 0;
    if (found)
        str_copy(id, id_size, cell_text(r, 0, 0));
    PQclear(r);
    return found || err_set(err, ERR_DB,
                            "the table refused the message without an error: a trigger or a "
                            "unique index of its own stands in the way");
}

bool admin_enqueue(struct db *db, const struct admin_mail *m, char *id, size_t id_size,
                   bool *existed, struct err *err) {
    char at[24], priority[16];
    PGresult *r = NULL;
    str_format(at, sizeof at, "%lld", (long long)m->scheduled_at_us);
    str_format(priority, sizeof priority, "%d", m->priority);
    const char *params[] = {m->to,
                            m->from,
                            m->subject,
                            m->html,
                            m->text,
                            m->headers_json,
                            m->attachments_json,
                            m->scheduled_at_us ? at : NULL,
                            m->priority >= 0 ? priority : NULL,
                            m->dedupe_key};
    if (!db_exec(db, insert_sql, 10, params, &r, err))
        return false;
    *existed = PQntuples(r) == 0;
    if (!*existed)
        str_copy(id, id_size, cell_text(r, 0, 0));
    PQclear(r);
    return !*existed || find_by_key(db, m->dedupe_key ? m->dedupe_key : "", id, id_size, err);
}
