/* Requests as the database keeps them. */
#include "db/request.h"

#include "base/mem.h"
#include "base/str.h"
#include "db/guided.h"
#include "db/internal.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_MAX ((size_t)64 * 1024 * 1024)

static const char STORE[] =
    "WITH durable AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true) AS s),"
    " n AS (SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::boolean[], $8::text[]) AS n(id, lane, hash, key, sender, batch, members), durable),"
    " moved AS (UPDATE ${messages} m SET ${request_id} = v.request"
    "  FROM unnest($9::text[]::${id_type}[], $10::bigint[], $11::uuid[]) AS v(id, token, request)"
    "  WHERE m.${id} = v.id AND m.${claim_token} = v.token),"
    " replaced AS (DELETE FROM postroom.requests WHERE id = $13::uuid"
    "  AND attempts = $14::int) "
    "INSERT INTO postroom.requests (id, lane, worker, hash, key, sender, batch, members,"
    " lease_expires_at)"
    " SELECT id, lane, $1, hash, key, sender, batch, members::text[],"
    "  clock_timestamp() + $12::bigint * interval '1 ms' FROM n";

enum {
    STORE_ARRAYS = 10
}; /* $2 .. $11 */

static void add_members(struct buf *a, const struct manifest *m) {
    struct buf members;
    buf_init(&members, ARRAY_MAX);
    array_begin(&members);
    for (int i = 0; i < m->n; i++) {
        array_text(&members, m->messages[i].id);
        if (strcmp(m->messages[i].request_id, m->id) == 0)
            continue;
        array_text(&a[7], m->messages[i].id);
        array_int(&a[8], m->messages[i].token);
        array_text(&a[9], m->id);
    }
    array_end(&members);
    array_text(&a[6], buf_text(&members));
    a[6].failed = a[6].failed || members.failed;
    buf_free(&members);
}

static void add_request(struct buf *a, const struct manifest *m) {
    array_text(&a[0], m->id);
    array_text(&a[1], m->lane);
    array_text(&a[2], m->hash);
    array_text(&a[3], m->key);
    array_text(&a[4], m->sender);
    array_text(&a[5], m->batch ? "t" : "f");
    add_members(a, m);
}

bool request_store(struct db *db, const char *worker, const struct manifest *const *requests, int n,
                   int64_t lease_ms, const struct manifest *answered, struct err *err) {
    struct buf a[STORE_ARRAYS];
    const char *params[4 + STORE_ARRAYS] = {worker};
    char lease[24], attempts[16];
    bool failed = false;
    for (int i = 0; i < STORE_ARRAYS; i++) {
        buf_init(&a[i], ARRAY_MAX);
        array_begin(&a[i]);
    }
    for (int i = 0; i < n; i++)
        add_request(a, requests[i]);
    for (int i = 0; i < STORE_ARRAYS; i++) {
        array_end(&a[i]);
        failed = failed || a[i].failed;
        params[1 + i] = buf_text(&a[i]);
    }
    str_format(lease, sizeof lease, "%lld", (long long)lease_ms);
    params[1 + STORE_ARRAYS] = lease;
    str_format(attempts, sizeof attempts, "%d", answered ? answered->attempts : 0);
    params[2 + STORE_ARRAYS] = answered ? answered->id : NULL;
    params[3 + STORE_ARRAYS] = attempts;
    bool ok =
        !failed ? guided_rows(db, STORE, 4 + STORE_ARRAYS, params, NULL, err) : err_nomem(err);
    for (int i = 0; i < STORE_ARRAYS; i++)
        buf_free(&a[i]);
    return ok;
}

/* --- taking an open one over ------------------------------------------------------------------ */

static const char TAKE[] =
    "UPDATE postroom.requests q SET worker = $1, attempts = attempts + 1, next_try_at = NULL,"
    " lease_expires_at = clock_timestamp() + $3::bigint * interval '1 ms'"
    " WHERE q.id = (SELECT id FROM postroom.requests WHERE state = 'open' AND lane = $2"
    "  AND coalesce(next_try_at, lease_expires_at) <= now()"
    "  ORDER BY coalesce(next_try_at, lease_expires_at) LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING q.id, q.hash, q.key, q.sender, q.batch, q.attempts,"
    "  (extract(epoch FROM clock_timestamp() - q.stored_at) * 1000)::bigint, q.members,"
    "  cardinality(q.members)";

/* Claims what still belongs to the request, whatever its state but sent; a cancelled member stays
 * part of the bytes: what is on its way cannot be called back. So does one that a webhook proved
 * sent meanwhile, but nothing is left to be done for it. The conditions are comparisons with o for
 * the reason that FINISH in queue.c has. */
static const char CLAIM_MEMBERS[] =
    "WITH o AS (SELECT * FROM unnest($3::text[]::${id_type}[]) WITH ORDINALITY AS o(id, n)),"
    " claimed AS (UPDATE ${messages} m SET"
    " ${status} = CASE WHEN m.${status} = 'cancelled' THEN m.${status} ELSE 'processing' END,"
    " ${claimed_by} = $1, ${claim_token} = m.${claim_token} + 1,"
    " ${lease_expires_at} = clock_timestamp() + $4::bigint * interval '1 ms',"
    " ${unfinished_claims} = m.${unfinished_claims} + 1"
    "  FROM o WHERE m.${id} = o.id AND (m.${request_id} = $2::uuid) = (o.n > 0)"
    "   AND (m.${status} <> 'sent') = (o.n > 0)"
    "  RETURNING o.n, %s)"
    " SELECT * FROM claimed UNION ALL SELECT o.n, %s FROM o JOIN ${messages} m ON m.${id} = o.id"
    "  WHERE (m.${request_id} = $2::uuid) = (o.n > 0) AND (m.${status} = 'sent') = (o.n > 0)";

static bool claim_members(struct db *db, const char *worker, const char *members, int64_t lease_ms,
                          struct manifest *m, PGresult **out, struct err *err) {
    struct buf sql;
    char lease[24];
    str_format(lease, sizeof lease, "%lld", (long long)lease_ms);
    buf_init(&sql, 64 * 1024);
    buf_printf(&sql, CLAIM_MEMBERS, ROWS_COLUMNS, ROWS_COLUMNS);
    bool ok = !sql.failed || err_nomem(err);
    ok = ok && guided_rows(db, buf_text(&sql), 4, (const char *[]){worker, m->id, members, lease},
                           out, err);
    buf_free(&sql);
    return ok;
}

static int by_place(const void *a, const void *b) {
    const int *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* The members that still belong, in wire order: column 0 of the result is the place. */
static bool read_members(const PGresult *r, struct manifest *m, struct err *err) {
    int rows = PQntuples(r);
    int(*order)[2] = mem_array((size_t)rows + 1, sizeof *order);
    m->messages = mem_array((size_t)rows + 1, sizeof *m->messages);
    bool ok = (order && m->messages) || err_nomem(err);
    for (int i = 0; ok && i < rows; i++) {
        order[i][0] = (int)cell_int(r, i, 0, 0);
        order[i][1] = i;
    }
    if (ok)
        qsort(order, (size_t)rows, sizeof *order, by_place);
    for (int i = 0; ok && i < rows; i++, m->n++)
        ok = rows_read(r, order[i][1], 1, &m->messages[i], err);
    mem_free(order);
    return ok;
}

static void read_header(const PGresult *r, const char *lane, struct manifest *m) {
    str_copy(m->id, sizeof m->id, cell_text(r, 0, 0));
    str_copy(m->hash, sizeof m->hash, cell_text(r, 0, 1));
    str_copy(m->key, sizeof m->key, cell_text(r, 0, 2));
    str_copy(m->sender, sizeof m->sender, cell_text(r, 0, 3));
    str_copy(m->lane, sizeof m->lane, lane);
    m->batch = cell_bool(r, 0, 4);
    m->attempts = (int)cell_int(r, 0, 5, 1);
    m->age_ms = cell_int(r, 0, 6, 0);
}

static bool take(struct db *db, const char *worker, const char *lane, int64_t lease_ms,
                 enum request_state *state, struct manifest *out, struct err *err) {
    PGresult *q = NULL, *rows = NULL;
    char lease[24];
    memset(out, 0, sizeof *out);
    *state = REQUEST_NONE;
    str_format(lease, sizeof lease, "%lld", (long long)lease_ms);
    if (!guided_rows(db, TAKE, 3, (const char *[]){worker, lane, lease}, &q, err))
        return false;
    if (PQntuples(q) == 0) {
        PQclear(q);
        return true;
    }
    read_header(q, lane, out);
    int64_t members = cell_int(q, 0, 8, 0);
    bool ok = claim_members(db, worker, cell_text(q, 0, 7), lease_ms, out, &rows, err) &&
              read_members(rows, out, err);
    PQclear(q);
    PQclear(rows);
    if (ok)
        *state = out->n == members ? REQUEST_READY : REQUEST_BROKEN;
    else
        manifest_done(out);
    return ok;
}

/* Request and members in one transaction: where the taker dies in between, neither was taken. */
bool request_take(struct db *db, const char *worker, const char *lane, int64_t lease_ms,
                  enum request_state *state, struct manifest *out, struct err *err) {
    bool own = db_conn(db) && PQtransactionStatus(db_conn(db)) == PQTRANS_IDLE;
    if (own && !db_begin(db, err))
        return false;
    bool ok = take(db, worker, lane, lease_ms, state, out, err);
    if (!own || (ok && db_commit(db, err)))
        return ok;
    if (ok)
        manifest_done(out);
    db_rollback(db);
    return false;
}

bool request_hurry(struct db *db, struct err *err) {
    return guided_rows(
        db,
        "UPDATE postroom.requests q SET next_try_at = now()"
        " WHERE q.state = 'open' AND q.next_try_at > now() AND EXISTS (SELECT FROM"
        "  unnest(q.members) AS o(id) JOIN ${messages} m ON m.${id} = o.id::${id_type}"
        "  WHERE m.${status} = 'pending' AND m.${request_id} = q.id)",
        0, NULL, NULL, err);
}
