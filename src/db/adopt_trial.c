/* CHECKs of an adopted table, tried on what postroom will write: a refusal after the mail went out
 * would keep its outcome, and those beside it, from being written. Only the database can tell what
 * an expression refuses, so it is asked. */
#include "base/str.h"
#include "db/adopt.h"

/* What postroom writes, and before it what an application does. */
static const enum column KNOWN[] = {
    COL_TO_EMAIL,
    COL_SUBJECT,
    COL_HTML,
    COL_TEXT,
    COL_KIND,
    COL_PRIORITY,
    COL_CREATED_AT,
    COL_STATUS,
    COL_UPDATED_AT,
    COL_SENT_AT,
    COL_FAILED_AT,
    COL_LAST_RETRY_AT,
    COL_NEXT_ATTEMPT_AT,
    COL_RETRY_COUNT,
    COL_ERROR_CODE,
    COL_ERROR_MESSAGE,
    COL_PROVIDER,
    COL_PROVIDER_MESSAGE_ID,
    COL_DELIVERY,
    COL_CLAIMED_BY,
    COL_CLAIM_TOKEN,
    COL_LEASE_EXPIRES_AT,
    COL_UNFINISHED_CLAIMS,
};
#define FIRST_WRITTEN "8" /* status, counted from 1 */

/* A message's life, by SPEC's names of the columns; the others are null. */
#define AT "\"2026-01-01T00:00:00Z\""
#define MAIL                                                                                       \
    "'{\"to_email\":\"a@mail.example\",\"subject\":\"x\",\"html\":\"x\",\"text\":\"x\",\"created_" \
    "at\":" AT ",\"kind\":\"transactional\",\"priority\":\"5\"}'::jsonb"
#define FRESH                                                                                      \
    "\"retry_count\":\"0\",\"claim_token\":\"0\",\"unfinished_claims\":\"0\",\"updated_at\":" AT
#define CLAIMED "\"claimed_by\":\"mail01/2211/1f0c9a7e\",\"claim_token\":\"1\",\"updated_at\":" AT
#define SENT                                                                                       \
    "{\"status\":\"sent\",\"retry_count\":\"0\",\"unfinished_claims\":\"0\",\"sent_at\":" AT       \
    ",\"provider_message_id\":\"4ef9a417-02e9-4d39-ad75-9611e0fcc33c\"," CLAIMED
#define FAILED                                                                                     \
    "{\"status\":\"failed\",\"unfinished_claims\":\"0\",\"failed_at\":" AT                         \
    ",\"last_retry_at\":" AT                                                                       \
    ",\"error_code\":\"timeout\",\"error_message\":\"timeout: no answer\"," CLAIMED

#define LIFE                                                                                       \
    "(VALUES (1, 'pending', '{\"status\":\"pending\"," FRESH "}'::jsonb),"                         \
    " (2, 'processing', '{\"status\":\"processing\",\"retry_count\":\"0\","                        \
    "\"unfinished_claims\":\"1\",\"lease_expires_at\":" AT "," CLAIMED "}'),"                      \
    " (3, 'sent', '" SENT "}'),"                                                                   \
    " (4, 'failed', '" FAILED ",\"retry_count\":\"1\",\"next_attempt_at\":" AT "}'),"              \
    " (5, 'failed after ' || $4 || ' attempts', '" FAILED "}'::jsonb"                              \
    "   || jsonb_build_object('retry_count', $4)),"                                                \
    " (6, 'cancelled', '{\"status\":\"cancelled\"," FRESH "}'),"                                   \
    " (7, 'delivered', '" SENT ",\"delivery\":\"delivered\"}'),"                                   \
    " (8, 'delayed', '" SENT ",\"delivery\":\"delayed\"}'),"                                       \
    " (9, 'bounced', '" SENT ",\"delivery\":\"bounced\"}'),"                                       \
    " (10, 'complained', '" SENT ",\"delivery\":\"complained\"}'),"                                \
    " (11, 'given up by the provider', '" SENT ",\"delivery\":\"failed\"}'))"                      \
    " AS life(n, state, row)"

#define STATES "ARRAY['pending','processing','sent','failed','cancelled']"

/* For each CHECK that speaks of a column postroom writes: the query that names the states it
 * refuses, what stands before and behind them. Columns of the application's own are null, as in a
 * row that only tells of a mail. $1 is the table, $2 and $3 the columns here and in SPEC, $4
 * max_attempts, $5 the provider. */
static const char TRIALS[] =
    "WITH w AS (SELECT w.*, a.attnum FROM unnest($2::text[], $3::text[]) WITH ORDINALITY"
    "  AS w(name, ours, place) JOIN pg_attribute a"
    "  ON a.attrelid = to_regclass($1) AND a.attname = w.name AND NOT a.attisdropped)"
    "SELECT (SELECT 'SELECT string_agg(\"?\", '', '' ORDER BY \"?n\") FROM ('"
    "   || string_agg(format('SELECT %s AS \"?n\", %L::text AS \"?\", %s', n, state,"
    "     (SELECT string_agg(format('%L::%s AS %I', CASE"
    "        WHEN w.ours <> 'provider' THEN (" MAIL " || row)->>w.ours"
    "        WHEN w.ours = 'provider' AND n NOT IN (1, 2, 6) THEN $5 END, format_type(a.atttypid, "
    "a.atttypmod), a.attname),"
    "        ', ') FROM pg_attribute a LEFT JOIN w USING (attnum)"
    "       WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey))), ' UNION ALL ')"
    "   || format(') v WHERE (%s) IS FALSE', pg_get_expr(c.conbin, c.conrelid)) FROM " LIFE "),"
    " format('the constraint %I would refuse ', c.conname),"
    " CASE WHEN c.conkey = (SELECT array_agg(attnum) FROM w WHERE ours = 'status')"
    "   THEN format('. Run: ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I CHECK (%I IN (%s))"
    " NOT VALID; ALTER TABLE %s VALIDATE CONSTRAINT %I;', $1, c.conname, c.conname,"
    "     (SELECT name FROM w WHERE ours = 'status'),"
    "     (SELECT string_agg(DISTINCT quote_literal(v), ', ') FROM (SELECT unnest(" STATES ") v"
    "       UNION SELECT (regexp_matches(pg_get_constraintdef(c.oid), '''([^'']+)''', 'g'))[1]) x),"
    "     $1, c.conname)"
    "   ELSE format(': let it take that, or run: ALTER TABLE %s DROP CONSTRAINT %I;', $1,"
    "     c.conname) END"
    " FROM pg_constraint c WHERE c.conrelid = to_regclass($1) AND c.contype = 'c'"
    " AND c.conkey && (SELECT array_agg(attnum) FROM w WHERE place >= " FIRST_WRITTEN ")"
    " ORDER BY c.conname";

static bool try_one(struct db *db, const PGresult *checks, int i, struct hearer *h,
                    struct err *err) {
    struct buf line;
    PGresult *r = NULL;
    if (!db_exec(db, cell_text(checks, i, 0), 0, NULL, &r, err))
        return err_wrap(err, "trying a constraint of the table");
    const char *refused = cell_text(r, 0, 0);
    bool ok = true;
    if (refused) {
        buf_init(&line, (size_t)16 * 1024);
        buf_printf(&line, "%s%s%s", cell_text(checks, i, 1), refused, cell_text(checks, i, 2));
        ok = !line.failed || err_nomem(err);
        if (ok)
            h->say(h->arg, buf_text(&line));
        h->obstacles++;
        buf_free(&line);
    }
    PQclear(r);
    return ok;
}

bool adopt_trial(struct db *db, struct hearer *h, struct err *err) {
    const struct settings *s = db_settings(db);
    struct buf names, ours;
    char attempts[24];
    PGresult *checks = NULL;
    buf_init(&names, (size_t)16 * 1024);
    buf_init(&ours, (size_t)16 * 1024);
    array_begin(&names);
    array_begin(&ours);
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        array_text(&names, s->columns[KNOWN[i]]);
        array_text(&ours, column_name(KNOWN[i]));
    }
    array_end(&names);
    array_end(&ours);
    str_format(attempts, sizeof attempts, "%d", s->max_attempts);
    const char *params[] = {db_map(db)->table, buf_text(&names), buf_text(&ours), attempts,
                            s->provider};
    bool ok = !(names.failed || ours.failed) || err_nomem(err);
    ok = ok && db_exec(db, TRIALS, 5, params, &checks, err);
    for (int i = 0; ok && i < PQntuples(checks); i++)
        ok = try_one(db, checks, i, h, err);
    PQclear(checks);
    buf_free(&names);
    buf_free(&ours);
    return ok;
}
