/* Events become rows, some hundred in one statement, which locks the messages in the order of their
 * ids. What it decides by is read under that lock, so a worker that writes the answer at the same
 * moment, or another webhook, comes before or after, never in between. */
#include "db/delivery.h"

#include "base/str.h"
#include "db/guided.h"

#include <string.h>

#define CHUNK 400 /* events per statement */
#define ARRAY_MAX ((size_t)16 * 1024 * 1024)

/* clang-format off */

/* $1 the provider, $2.. the events, $11.. the addresses not to mail any more, with the places of
 * their events. Times in the future are the provider's mistake. */
#define EVENTS \
    "WITH durable AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true) AS s)," \
    " e AS MATERIALIZED (SELECT e.event, e.tag, e.provider_id, e.kind, e.rank, e.bounce," \
    "   least(now(), coalesce(timestamptz 'epoch' + e.at_us * interval '1 us', now())) AS at," \
    "   e.recipient, e.detail, e.n" \
    "  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[]," \
    "   $8::bigint[], $9::text[], $10::text[]) WITH ORDINALITY" \
    "   AS e(event, tag, provider_id, kind, rank, bounce, at_us, recipient, detail, n), durable)"

/* Whose are they? Ids that count up may be another table's: then the recipient must be its, too. */
#define MENTIONS(column) "position(lower(e.recipient) IN lower(coalesce(m." column "::text, ''))) > 0"
#define KNOWN \
    " known AS MATERIALIZED (SELECT e.*, coalesce(t.id, p.id) AS id FROM e" \
    "  LEFT JOIN LATERAL (SELECT ${m.id} AS id FROM ${messages} m WHERE ${m.id} = e.tag::${id_type}" \
    "   AND ('${id_type}' = 'uuid' OR e.recipient IS NULL OR ${m.to_email} ~ '[^ -~]'" \
    "    OR " MENTIONS("${to_email}") " OR " MENTIONS("${cc}") " OR " MENTIONS("${bcc}") ")) t ON true" \
    "  LEFT JOIN LATERAL (SELECT ${m.id} AS id FROM ${messages} m WHERE t.id IS NULL" \
    "   AND ${m.provider_message_id} = e.provider_id LIMIT 1) p ON true" \
    "  WHERE coalesce(t.id, p.id) IS NOT NULL)"

#define FRESH \
    " fresh AS (INSERT INTO postroom.events (provider, event_id, message_id, event, at," \
    "   provider_id, bounce_type, recipient, detail)" \
    "  SELECT $1, event, id::text, kind, at, provider_id, bounce, recipient, detail FROM known" \
    "   ORDER BY event ON CONFLICT DO NOTHING RETURNING event_id)," \
    " first AS MATERIALIZED (SELECT DISTINCT ON (k.event) k.* FROM known k" \
    "  WHERE k.event IN (SELECT event_id FROM fresh) ORDER BY k.event, k.n)"

#define NOBODY(column) "coalesce(to_json(m." column ")::text, 'null') IN ('null', '[]', '{}', '\"\"')"
#define LOCKED \
    " locked AS MATERIALIZED (SELECT ${m.id} AS id, ${m.status}::text AS status," \
    "   ${m.provider_message_id} AS provider_id, ${m.to_email} AS to_email," \
    "   ${m.claim_token} > 0 AS was_claimed," \
    "   ${m.status} = 'processing' AND ${m.lease_expires_at} > now() AS claimed," \
    "   CASE ${m.delivery} WHEN 'delayed' THEN 1 WHEN 'delivered' THEN 3 WHEN 'failed' THEN 4" \
    "    WHEN 'bounced' THEN CASE WHEN ${m.bounce_type} = 'transient' THEN 2 ELSE 5 END" \
    "    WHEN 'complained' THEN 6 ELSE 0 END AS rank," \
    "   " NOBODY("${cc}") " AND " NOBODY("${bcc}") " AS alone" \
    "  FROM ${messages} m WHERE ${m.id} IN (SELECT id FROM first) ORDER BY ${m.id} FOR UPDATE OF m)"

/* An event of an earlier send that is on record says nothing of the present one; of one that nobody
 * knew of, it proves that the message was taken. */
#define NEWS \
    " news AS MATERIALIZED (SELECT x.*, x.proves OR x.is_last AS applies FROM (SELECT f.*, l.alone," \
    "   f.provider_id IS NULL OR l.provider_id IS NULL OR f.provider_id = l.provider_id AS is_last," \
    "   NOT EXISTS (SELECT FROM postroom.attempts a WHERE a.message_id = f.id::text" \
    "    AND a.outcome = 'sent' AND (a.provider_id IS NULL OR f.provider_id IS NULL" \
    "     OR a.provider_id = f.provider_id)) AS proves" \
    "  FROM first f JOIN locked l ON l.id = f.id) x)," \
    " told AS MATERIALIZED (SELECT l.*, n.high, n.high_at, n.bounce, n.delivered_at, n.bounced_at," \
    "   n.complained_at, n.proof_at, n.proof_id, n.proves AND l.was_claimed AND l.status <> 'sent' AS settles" \
    "  FROM locked l JOIN (SELECT id, max(rank) FILTER (WHERE applies) AS high," \
    "   (array_agg(at ORDER BY rank DESC, at) FILTER (WHERE applies))[1] AS high_at," \
    "   (array_agg(bounce ORDER BY rank DESC, at) FILTER (WHERE applies))[1] AS bounce," \
    "   min(at) FILTER (WHERE applies AND kind = 'delivered') AS delivered_at," \
    "   min(at) FILTER (WHERE applies AND kind = 'bounced') AS bounced_at," \
    "   min(at) FILTER (WHERE applies AND kind = 'complained') AS complained_at," \
    "   min(at) FILTER (WHERE proves) AS proof_at, max(provider_id) FILTER (WHERE proves) AS proof_id," \
    "   bool_or(proves) AS proves FROM news GROUP BY id) n ON n.id = l.id)"

#define WHEN_SETTLED(value, column) "CASE WHEN t.settles THEN " value " ELSE ${m." column "} END"
#define WHEN_HIGHER(value, column) "CASE WHEN t.high > t.rank THEN " value " ELSE ${m." column "} END"
#define FIRST(column) "${" column "} = least(${m." column "}, t." column ")"
#define MOVED \
    " moved AS (UPDATE ${messages} m SET" \
    "   ${delivery} = " WHEN_HIGHER("(ARRAY['delayed','bounced','delivered','failed','bounced'," \
                                    "'complained'])[t.high]", "delivery") "," \
    "   ${delivery_at} = " WHEN_HIGHER("t.high_at", "delivery_at") "," \
    "   ${bounce_type} = " WHEN_HIGHER("coalesce(t.bounce, ${m.bounce_type})", "bounce_type") "," \
    "   " FIRST("delivered_at") ", " FIRST("bounced_at") ", " FIRST("complained_at") "," \
    "   ${status} = " WHEN_SETTLED("'sent'", "status") "," \
    "   ${sent_at} = " WHEN_SETTLED("greatest(${m.created_at}, t.proof_at)", "sent_at") "," \
    "   ${provider} = " WHEN_SETTLED("coalesce(${m.provider}, $1)", "provider") "," \
    "   ${provider_message_id} = " WHEN_SETTLED("coalesce(t.proof_id, ${m.provider_message_id})", \
                                               "provider_message_id") "," \
    "   ${failed_at} = " WHEN_SETTLED("NULL", "failed_at") "," \
    "   ${error_code} = " WHEN_SETTLED("NULL", "error_code") "," \
    "   ${error_message} = " WHEN_SETTLED("NULL", "error_message") "," \
    "   ${next_attempt_at} = " WHEN_SETTLED("NULL", "next_attempt_at") "," \
    "   ${lease_expires_at} = " WHEN_SETTLED("NULL", "lease_expires_at") "," \
    "   ${unfinished_claims} = " WHEN_SETTLED("0", "unfinished_claims") "," \
    "   ${updated_at} = clock_timestamp()" \
    "  FROM told t WHERE ${m.id} = t.id AND (t.settles OR t.high > 0)" \
    "  RETURNING ${m.id} AS id, t.settles, ${m.retry_count} AS retry_count," \
    "   ${m.request_id} AS request_id, ${m.provider} AS lane, ${m.provider_message_id} AS provider_id)"

/* As queue_finish does for what a worker sent. */
#define SETTLED \
    " attempts AS (INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, request_id," \
    "   provider_id) SELECT id::text, 'sent', coalesce(retry_count, 0) + 1, 'webhook', request_id," \
    "   provider_id FROM moved WHERE settles ORDER BY id)," \
    " minutes AS (INSERT INTO postroom.minutes AS t (minute, worker, sent)" \
    "  SELECT date_trunc('minute', clock_timestamp()), 'webhook', count(*) FROM moved WHERE settles" \
    "   HAVING count(*) > 0 ON CONFLICT (minute, worker) DO UPDATE SET sent = t.sent + excluded.sent)," \
    " usage AS (INSERT INTO postroom.usage AS t (lane, day, worker, messages)" \
    "  SELECT lane, (clock_timestamp() AT TIME ZONE 'UTC')::date, 'webhook', count(*) FROM moved" \
    "   WHERE settles GROUP BY lane" \
    "  ON CONFLICT (lane, day, worker) DO UPDATE SET messages = t.messages + excluded.messages)"

/* An address that stands for the whole mail counts only where the mail had no other. Who left a list
 * and came back later is not suppressed, whether both are told at once or one after the other; who
 * left another one as well stays so until an operator knows better. */
#define SUPPRESSED \
    " marked AS MATERIALIZED (SELECT x.n, lower(x.email) AS email, x.scope, x.reason, x.lifts, news.at" \
    "  FROM unnest($11::int[], $12::text[], $13::text[], $14::text[], $15::int[], $16::int[])" \
    "   AS x(n, email, scope, reason, of_the_mail, lifts)" \
    "  JOIN news ON news.n = x.n WHERE x.of_the_mail = 0 OR news.alone)," \
    " asked AS MATERIALIZED (SELECT m.* FROM marked m WHERE m.lifts = 0 AND NOT EXISTS (SELECT" \
    "   FROM marked l WHERE l.lifts = 1 AND l.email = m.email AND l.reason = m.reason" \
    "    AND (l.at, l.n) > (m.at, m.n)))," \
    " suppressed AS (INSERT INTO postroom.suppressions AS s (email, scope, reason, source, created_at)" \
    "  SELECT email, scope, CASE WHEN scope = 'all' OR count(DISTINCT reason) = 1" \
    "    THEN (array_agg(reason ORDER BY n))[1] ELSE 'unsubscribed' END, $1, max(at)" \
    "   FROM asked GROUP BY email, scope ORDER BY email, scope" \
    "  ON CONFLICT (lower(email), scope) DO UPDATE SET" \
    "    reason = CASE s.reason WHEN excluded.reason THEN s.reason ELSE 'unsubscribed' END," \
    "    created_at = greatest(s.created_at, excluded.created_at)" \
    "   WHERE s.scope = 'marketing' AND s.source = $1 AND s.reason LIKE 'unsubscribed (%')," \
    " lifted AS (DELETE FROM postroom.suppressions s USING marked l WHERE l.lifts = 1" \
    "   AND lower(s.email) = l.email AND s.scope = 'marketing' AND s.source = $1" \
    "   AND s.reason = l.reason AND s.created_at <= l.at" \
    "   AND NOT EXISTS (SELECT FROM asked a WHERE a.email = l.email))"

static const char write_sql[] =
    EVENTS "," KNOWN "," FRESH "," LOCKED "," NEWS "," MOVED "," SETTLED "," SUPPRESSED
    " SELECT (SELECT count(*) FROM known), x.* FROM (SELECT 1) one LEFT JOIN"
    "  (SELECT news.n, news.id::text, t.to_email, t.settles, t.claimed,"
    "    EXISTS (SELECT FROM asked WHERE asked.n = news.n)"
    "   FROM news JOIN told t ON t.id = news.id) x ON true ORDER BY 2";

/* clang-format on */

enum {
    WRITE_ARRAYS = 15
}; /* $2 .. $16 */

static bool is_uuid(const char *s) {
    return strlen(s) == 36 && strspn(s, "0123456789abcdefABCDEF-") == 36 && s[8] == '-' &&
           s[13] == '-' && s[18] == '-' && s[23] == '-';
}

static const char *or_null(const char *s) {
    return s && s[0] ? s : NULL;
}

/* An id that ours' type cannot hold is another system's. */
static const char *own_id(struct db *db, const char *id) {
    const char *type = db_map(db)->type[COL_ID];
    int64_t number;
    if (str_eq(type, "uuid") && !is_uuid(id))
        return NULL;
    if (str_eq(type, "bigint") && !str_to_int64(id, &number))
        return NULL;
    return or_null(id);
}

static void add_event(struct buf *a, const struct delivery_event *e, const char *id) {
    array_text(&a[0], e->event_id);
    array_text(&a[1], id);
    array_text(&a[2], or_null(e->provider_id));
    array_text(&a[3], delivery_kind_name(e->kind));
    array_int(&a[4], delivery_rank(e->kind, e->bounce));
    array_text(&a[5], bounce_type_name(e->bounce));
    if (e->at_us > 0)
        array_int(&a[6], e->at_us);
    else
        array_text(&a[6], NULL);
    array_text(&a[7], or_null(e->recipient));
    array_text(&a[8], or_null(e->detail));
}

static void add_mark(struct buf *a, const struct delivery_mark *m, int from) {
    array_int(&a[9], m->event - from + 1);
    array_text(&a[10], m->email);
    array_text(&a[11], m->marketing ? "marketing" : "all");
    array_text(&a[12], m->reason);
    array_int(&a[13], m->of_the_mail);
    array_int(&a[14], m->lifts);
}

static bool run(struct db *db, const struct delivery_news *n, int from, int to, PGresult **r,
                struct err *err) {
    struct buf a[WRITE_ARRAYS];
    const char *params[1 + WRITE_ARRAYS] = {n->provider};
    bool failed = false;
    for (int i = 0; i < WRITE_ARRAYS; i++) {
        buf_init(&a[i], ARRAY_MAX);
        array_begin(&a[i]);
    }
    for (int i = from; i < to; i++)
        add_event(a, &n->events[i], own_id(db, n->events[i].message_id));
    for (int i = 0; i < n->mark_count; i++)
        if (n->marks[i].event >= from && n->marks[i].event < to)
            add_mark(a, &n->marks[i], from);
    for (int i = 0; i < WRITE_ARRAYS; i++) {
        array_end(&a[i]);
        failed = failed || a[i].failed;
        params[1 + i] = buf_text(&a[i]);
    }
    bool ok = !failed || err_nomem(err);
    ok = ok && guided_rows(db, write_sql, 1 + WRITE_ARRAYS, params, r, err);
    for (int i = 0; i < WRITE_ARRAYS; i++)
        buf_free(&a[i]);
    return ok;
}

static void tell(const struct delivery_news *n, int from, int to, const PGresult *r,
                 delivery_done_fn *done, void *ctx, struct delivery_totals *out) {
    int known = (int)cell_int(r, 0, 0, 0), recorded = 0;
    for (int i = 0; i < PQntuples(r); i++) {
        int64_t place = cell_int(r, i, 1, 0);
        if (place == 0)
            continue; /* the row that stands alone */
        struct delivery_done d = {.event = &n->events[from + (int)place - 1],
                                  .id = cell_text(r, i, 2),
                                  .to = cell_text(r, i, 3),
                                  .settled = cell_bool(r, i, 4),
                                  .claimed = cell_bool(r, i, 5),
                                  .suppressed = cell_bool(r, i, 6)};
        done(ctx, &d);
        recorded++;
    }
    out->recorded += recorded;
    out->duplicates += known - recorded;
    out->foreign += to - from - known;
}

/* An id of another system's that only the database could tell: then each event is looked at alone,
 * and that one is foreign. */
static bool write_some(struct db *db, const struct delivery_news *n, int from, int to,
                       delivery_done_fn *done, void *ctx, struct delivery_totals *out,
                       struct err *err) {
    PGresult *r = NULL;
    if (run(db, n, from, to, &r, err)) {
        tell(n, from, to, r, done, ctx, out);
        PQclear(r);
        return true;
    }
    if (err->code != ERR_DB || strncmp(err->sqlstate, "22", 2) != 0)
        return false;
    if (to - from == 1) {
        out->foreign++;
        return true;
    }
    for (int i = from; i < to; i++)
        if (!write_some(db, n, i, i + 1, done, ctx, out, err))
            return false;
    return true;
}

bool delivery_write(struct db *db, const struct delivery_news *n, delivery_done_fn *done, void *ctx,
                    struct delivery_totals *out, struct err *err) {
    *out = (struct delivery_totals){0};
    for (int from = 0; from < n->count; from += CHUNK) {
        int to = from + CHUNK < n->count ? from + CHUNK : n->count;
        if (!write_some(db, n, from, to, done, ctx, out, err))
            return false;
    }
    return true;
}
