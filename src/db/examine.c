/* The server, the schema, the rights. See examine.h; examine_queue.c and examine_listen.c are the
 * rest. */
#include "db/examine.h"

#include "base/str.h"
#include "db/adopt.h"
#include "db/internal.h"
#include "db/rights.h"
#include "db/schema.h"

#include <string.h>

#define OLDEST_SERVER 150000

/* The question itself was refused, or the database has gone. */
static void not_told(struct findings *out, const char *check, const struct err *err) {
    findings_add(out, FINDING_UNKNOWN, check, "%s", err->text);
}

/* --- the server ------------------------------------------------------------------------------- */

static void say_version(const PGresult *r, struct findings *out) {
    bool old = cell_int(r, 0, 1, OLDEST_SERVER) < OLDEST_SERVER;
    findings_add(out, old ? FINDING_MEND : FINDING_OK, "database.version", "PostgreSQL %s%s",
                 cell_text(r, 0, 0), old ? ": postroom needs 15 or newer" : "");
    if (old)
        findings_remedy(out, "upgrade the server");
}

static void say_writes(const PGresult *r, struct findings *out) {
    if (cell_bool(r, 0, 2)) {
        findings_add(out, FINDING_MEND, "database.writes",
                     "the server is a standby: it takes no"
                     " writes");
        findings_remedy(out,
                        "let DATABASE_URL name the primary, or all hosts, with commas between");
    } else if (cell_bool(r, 0, 3)) {
        findings_add(out, FINDING_MEND, "database.writes",
                     "transactions are read-only here (default_transaction_read_only)");
        findings_remedy(out, "switch that off for this role or database: ALTER ROLE ... RESET "
                             "default_transaction_read_only");
    } else {
        findings_add(out, FINDING_OK, "database.writes", "it takes writes");
    }
}

static void say_safety(const PGresult *r, struct findings *out) {
    if (cell_bool(r, 0, 4))
        return;
    findings_add(out, FINDING_NOTE, "database.safety",
                 "fsync is off: what the server forgets in a crash may be sent twice, or lost");
    findings_remedy(out, "set fsync = on in postgresql.conf, unless this is a trial");
}

static void say_way(const struct db *db, struct findings *out) {
    if (db_is_exposed(db)) {
        findings_add(out, FINDING_NOTE, "database.encryption",
                     "the connection crosses a network without encryption");
        findings_remedy(out, "add sslmode=verify-full to DATABASE_URL");
    }
    findings_add(out, FINDING_OK, "database.pooler",
                 db_is_pooled(db) ? "a pooler that hands sessions around stands between"
                                  : "no pooler stands between");
}

void examine_server(struct db *db, struct findings *out) {
    PGresult *r = NULL;
    struct err err;
    if (!db_exec(db,
                 "SELECT current_setting('server_version'), current_setting('server_version_num'),"
                 " pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,"
                 " current_setting('fsync')::boolean",
                 0, NULL, &r, &err)) {
        not_told(out, "database.version", &err);
        return;
    }
    say_version(r, out);
    say_writes(r, out);
    say_safety(r, out);
    say_way(db, out);
    PQclear(r);
}

/* --- the schema ------------------------------------------------------------------------------- */

static void lacks(struct findings *out, const char *what) {
    findings_add(out, FINDING_MEND, "database.schema", "%s", what);
    findings_remedy(out, "run `postroom migrate`; it can be run at any time");
}

/* Columns, then indexes and the trigger, which a restored dump or a careful colleague may have
 * dropped. */
static bool look_for_parts(struct db *db, struct findings *out, struct err *err) {
    PGresult *r = NULL;
    struct buf columns;
    buf_init(&columns, 16 * 1024);
    bool ok = adopt_columns(db, &columns, err) &&
              db_exec(db,
                      "SELECT (SELECT string_agg(n, ', ') FROM unnest(ARRAY['postroom_due',"
                      "  'postroom_retry', 'postroom_lease', 'postroom_failed',"
                      "  'postroom_cancelled', 'postroom_dedupe']) n WHERE NOT EXISTS ("
                      "  SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                      "   WHERE i.indrelid = to_regclass($1) AND c.relname = n AND indisvalid)),"
                      " EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1)"
                      "  AND tgname = 'postroom_notify' AND tgenabled <> 'D'),"
                      " coalesce((SELECT value = 'off' FROM postroom.meta WHERE key = 'notify'),"
                      "  false)",
                      1, (const char *[]){db_map(db)->table}, &r, err);
    int before = out->n;
    char text[300];
    if (ok && columns.len > 0)
        lacks(out, "the table of messages lacks columns that postroom needs");
    if (ok && cell_text(r, 0, 0)) {
        str_format(text, sizeof text, "indexes are missing: %s", cell_text(r, 0, 0));
        lacks(out, text);
    }
    if (ok && !cell_bool(r, 0, 1) && !cell_bool(r, 0, 2))
        lacks(out, "the trigger postroom_notify is missing or disabled: new mail wakes nobody");
    if (ok && out->n == before)
        findings_add(out, FINDING_OK, "database.schema", "the schema is this version's%s",
                     cell_bool(r, 0, 2) ? "; without the trigger, as chosen" : "");
    PQclear(r);
    buf_free(&columns);
    return ok;
}

bool examine_schema(struct db *db, struct findings *out) {
    struct err err;
    if (schema_check(db, &err)) {
        if (!look_for_parts(db, out, &err))
            not_told(out, "database.schema", &err);
        return true;
    }
    if (str_eq(err.sqlstate, "42501")) {
        findings_add(out, FINDING_MEND, "database.rights", "%s", err.text);
        findings_remedy(out, "as the owner of the tables: postroom migrate --role NAME --apply");
    } else if (err.code == ERR_SCHEMA) {
        findings_add(out, FINDING_MEND, "database.schema", "%s", err.text);
        findings_remedy(out, "postroom migrate, as a role that may create tables; --dry-run shows "
                             "its SQL");
    } else {
        not_told(out, "database.schema", &err);
    }
    return false;
}

/* --- rights ----------------------------------------------------------------------------------- */

static void say_rights(struct db *db, const char *missing, struct findings *out) {
    const char *role = PQuser(db_conn(db));
    if (missing[0] == '\0') {
        findings_add(out, FINDING_OK, "database.rights", "the role %s has what it needs", role);
        return;
    }
    findings_add(out, FINDING_MEND, "database.rights", "the role %s lacks %s", role, missing);
    findings_remedy(out, "as the owner of the tables: postroom migrate --role %s --apply", role);
}

void examine_rights(struct db *db, struct findings *out) {
    struct err err;
    struct buf missing;
    buf_init(&missing, 16 * 1024);
    if (rights_missing(db, &missing, &err))
        say_rights(db, buf_text(&missing), out);
    else
        not_told(out, "database.rights", &err);
    buf_free(&missing);
}
