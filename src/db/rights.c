/* The rights a role needs, as one table: what is granted, and what `doctor` looks for. A new table
 * of postroom's needs a row here; tests/e2e/73_role.sh notices where it is missing. */
#include "db/rights.h"

#include "base/str.h"
#include "db/internal.h"

#include <string.h>

#define SQL_MAX ((size_t)64 * 1024)

/* DELETE of history: what is old is let go. UPDATE includes the locks of FOR UPDATE; ON CONFLICT DO
 * UPDATE needs INSERT and UPDATE. */
static const struct {
    const char *table;
    const char *privileges;
} tables[] = {
    {"${messages}", "SELECT, INSERT"}, /* UPDATE: of single columns, below */
    {"postroom.meta", "SELECT"},
    {"postroom.control", "SELECT, UPDATE"},
    {"postroom.workers", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.lanes", "SELECT, INSERT, UPDATE"},
    {"postroom.attention", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.usage", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.requests", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.attempts", "SELECT, INSERT, DELETE"},
    {"postroom.minutes", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.minute_errors", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.waiting", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.journal", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.operators", "SELECT, INSERT, UPDATE, DELETE"},
    {"postroom.published", "SELECT, INSERT, UPDATE"},
    {"postroom.events", "SELECT, INSERT"},
    {"postroom.suppressions", "SELECT, INSERT, UPDATE, DELETE"},
};
#define TABLES (sizeof tables / sizeof tables[0])

/* What postroom writes of a message; the rest is the application's. */
static bool is_written(int c) {
    return c >= COL_STATUS && c != COL_CREATED_AT;
}

static void put_written(struct buf *template) {
    bool first = true;
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (is_written(c)) {
            buf_printf(template, "%s${%s}", first ? "" : ", ", column_name((enum column)c));
            first = false;
        }
}

/* --- granting --------------------------------------------------------------------------------- */

static bool find_role(struct db *db, const char *role, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT 1 FROM pg_roles WHERE rolname = $1", 1, (const char *[]){role}, &r,
                 err))
        return false;
    bool found = PQntuples(r) == 1;
    PQclear(r);
    return found ||
           err_set(err, ERR_NOTFOUND,
                   "there is no role \"%.63s\"; make it first: CREATE ROLE name LOGIN, and "
                   "a password by psql's \\password",
                   role);
}

/* The names as SQL writes them: the role's, the database's, the messages' schema's. */
static bool name_things(struct db *db, const char *role, PGresult **names, struct err *err) {
    const char *params[] = {role, db_map(db)->table};
    return db_exec(db,
                   "SELECT quote_ident($1), quote_ident(current_database()),"
                   " (SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON"
                   "  n.oid = c.relnamespace WHERE c.oid = to_regclass($2))",
                   2, params, names, err);
}

static void put_grants(const PGresult *names, enum rights_kind kind, struct buf *template) {
    const char *role = cell_text(names, 0, 0), *schema = cell_text(names, 0, 2);
    buf_printf(template, "GRANT CONNECT ON DATABASE %s TO %s;\n", cell_text(names, 0, 1), role);
    buf_printf(template, "GRANT USAGE ON SCHEMA postroom TO %s;\n", role);
    if (schema && strcmp(schema, "postroom") != 0)
        buf_printf(template, "GRANT USAGE ON SCHEMA %s TO %s;\n", schema, role);
    for (size_t i = 0; i < TABLES; i++)
        buf_printf(template, "GRANT %s ON %s TO %s;\n",
                   kind == RIGHTS_WORK ? tables[i].privileges : "SELECT", tables[i].table, role);
    if (kind != RIGHTS_WORK)
        return;
    buf_puts(template, "GRANT UPDATE (");
    put_written(template);
    buf_printf(template, ") ON ${messages} TO %s;\n", role);
}

bool rights_grants(struct db *db, const char *role, enum rights_kind kind, struct buf *sql,
                   struct err *err) {
    PGresult *names = NULL;
    struct buf template;
    if (!find_role(db, role, err) || !name_things(db, role, &names, err))
        return false;
    buf_init(&template, SQL_MAX);
    put_grants(names, kind, &template);
    bool ok = template.failed ? err_nomem(err) : db_expand(db, buf_text(&template), sql, err);
    PQclear(names);
    buf_free(&template);
    return ok;
}

/* Each statement by itself; the last line break is taken off. */
static bool run_lines(struct db *db, char *sql, struct err *err) {
    char *rest = sql;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (line[0] && !db_run(db, line, err))
            return false;
    return true;
}

bool rights_apply(struct db *db, const char *role, enum rights_kind kind, struct err *err) {
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    bool ok = rights_grants(db, role, kind, &sql, err) && db_begin(db, err) &&
              run_lines(db, sql.data, err) && db_commit(db, err);
    if (!ok)
        db_rollback(db);
    buf_free(&sql);
    return ok;
}

/* --- looking ---------------------------------------------------------------------------------- */

/* A row per right that is lacking. Found by name in the catalogue, because to_regclass() fails in a
 * schema that may not be used. $1: the table of messages, $2: its columns that postroom writes. */
static void put_questions(struct buf *sql) {
    buf_puts(sql, "SELECT 'USAGE on schema postroom' FROM pg_namespace WHERE nspname = 'postroom'"
                  " AND NOT has_schema_privilege(oid, 'USAGE')"
                  " UNION ALL SELECT p || ' on ' || t FROM (VALUES ");
    for (size_t i = 1; i < TABLES; i++)
        buf_printf(sql, "%s('%s', '%s')", i > 1 ? ", " : "", tables[i].table, tables[i].privileges);
    buf_printf(sql,
               ") v (t, ps) JOIN pg_namespace n ON n.nspname = 'postroom'"
               " JOIN pg_class c ON c.relnamespace = n.oid AND 'postroom.' || c.relname = t,"
               " regexp_split_to_table(ps, ', ') p WHERE NOT has_table_privilege(c.oid, p)"
               " UNION ALL SELECT p || ' on ' || $1::text FROM regexp_split_to_table('%s', ', ') p"
               " WHERE NOT has_table_privilege(to_regclass($1::text), p)",
               tables[0].privileges);
    buf_puts(sql,
             " UNION ALL SELECT 'UPDATE of ' || string_agg(attname, ', ') || ' on ' || $1::text"
             " FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND NOT attisdropped"
             " AND attname::text = ANY ($2::text[])"
             " AND NOT has_column_privilege(attrelid, attnum, 'UPDATE') HAVING count(*) > 0");
}

/* The written columns' own names. */
static void put_columns(const struct db *db, struct buf *out) {
    const struct settings *s = db_settings(db);
    array_begin(out);
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (is_written(c))
            array_text(out, s->columns[c]);
    array_end(out);
}

bool rights_missing(struct db *db, struct buf *missing, struct err *err) {
    PGresult *r = NULL;
    struct buf sql, columns;
    buf_init(&sql, SQL_MAX);
    buf_init(&columns, SQL_MAX);
    put_questions(&sql);
    put_columns(db, &columns);
    const char *params[] = {db_map(db)->table, buf_text(&columns)};
    bool ok = sql.failed || columns.failed ? err_nomem(err)
                                           : db_exec(db, buf_text(&sql), 2, params, &r, err);
    for (int i = 0; ok && i < PQntuples(r); i++)
        buf_printf(missing, "%s%s", i > 0 ? ", " : "", cell_text(r, i, 0));
    PQclear(r);
    buf_free(&sql);
    buf_free(&columns);
    return ok;
}
