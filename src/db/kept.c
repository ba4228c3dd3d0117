/* Kept outcomes find their messages again. */
#include "db/kept.h"

#include "base/str.h"
#include "db/guided.h"
#include "db/internal.h"

#define ARRAY_MAX ((size_t)16 * 1024 * 1024)

bool kept_database(struct db *db, char dst[KEPT_DATABASE], struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT value FROM postroom.meta WHERE key = 'database'", 0, NULL, &r, err))
        return false;
    const char *value = PQntuples(r) == 1 ? cell_text(r, 0, 0) : NULL;
    str_copy(dst, KEPT_DATABASE, value ? value : "");
    PQclear(r);
    return true;
}

static const char TAKE_BACK[] =
    "UPDATE ${messages} m SET"
    " ${status} = CASE WHEN m.${status} = 'cancelled' THEN m.${status} ELSE 'processing' END,"
    " ${claimed_by} = $1,"
    " ${lease_expires_at} = clock_timestamp() + $4::bigint * interval '1 ms'"
    " FROM unnest($5::text[]::${id_type}[], $6::bigint[], $7::boolean[]) WITH ORDINALITY"
    "  AS o(id, token, sent, n)"
    " WHERE m.${id} = o.id AND ((m.${claimed_by} = $2 AND m.${claim_token} = o.token"
    "   AND m.${lease_expires_at} IS NOT NULL)"
    "  OR (o.sent AND m.${status} = 'failed' AND m.${error_code} = 'uncertain'"
    "   AND m.${request_id} = $3::uuid))"
    " RETURNING o.n, m.${claim_token}";

bool kept_take_back(struct db *db, const char *worker, const char *gone, const char *request_id,
                    int64_t lease_ms, struct message *messages, const bool *sent, int n,
                    struct err *err) {
    struct buf a[3];
    PGresult *r = NULL;
    char lease[24];
    for (int i = 0; i < 3; i++) {
        buf_init(&a[i], ARRAY_MAX);
        array_begin(&a[i]);
    }
    for (int i = 0; i < n; i++) {
        array_text(&a[0], messages[i].id);
        array_int(&a[1], messages[i].token);
        array_text(&a[2], sent[i] ? "t" : "f");
        messages[i].token = 0;
    }
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        array_end(&a[i]);
        ok = ok && (!a[i].failed || err_nomem(err));
    }
    str_format(lease, sizeof lease, "%lld", (long long)lease_ms);
    ok = ok && guided_rows(db, TAKE_BACK, 7,
                           (const char *[]){worker, gone, request_id[0] ? request_id : NULL, lease,
                                            buf_text(&a[0]), buf_text(&a[1]), buf_text(&a[2])},
                           &r, err);
    for (int i = 0; ok && i < PQntuples(r); i++)
        messages[cell_int(r, i, 0, 1) - 1].token = cell_int(r, i, 1, 0);
    PQclear(r);
    for (int i = 0; i < 3; i++)
        buf_free(&a[i]);
    return ok;
}
