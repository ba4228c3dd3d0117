/* Adopting a table that was there before: obstacles named, missing columns added, nothing else.
 * Called by schema.c on the migration's own connection. */
#include "db/adopt.h"

#include "base/str.h"

/* Every column but the six an adopted table must bring itself. Constant defaults: adding them
 * rewrites nothing. */
static const struct {
    enum column column;
    const char *definition;
} ADDED[] = {
    {COL_FROM_EMAIL, "text"},
    {COL_CC, "text[]"},
    {COL_BCC, "text[]"},
    {COL_REPLY_TO, "text[]"},
    {COL_HTML, "text"},
    {COL_TEXT, "text"},
    {COL_HEADERS, "jsonb"},
    {COL_ATTACHMENTS, "jsonb"},
    {COL_TAGS, "jsonb"},
    {COL_KIND, "text DEFAULT 'transactional'"},
    {COL_PRIORITY, "smallint DEFAULT 5"},
    {COL_SCHEDULED_AT, "timestamptz"},
    {COL_MAX_ATTEMPTS, "integer"},
    {COL_DEDUPE_KEY, "text"},
    {COL_UPDATED_AT, "timestamptz DEFAULT now()"},
    {COL_SENT_AT, "timestamptz"},
    {COL_FAILED_AT, "timestamptz"},
    {COL_LAST_RETRY_AT, "timestamptz"},
    {COL_NEXT_ATTEMPT_AT, "timestamptz"},
    {COL_RETRY_COUNT, "integer NOT NULL DEFAULT 0"},
    {COL_ERROR_CODE, "text"},
    {COL_ERROR_MESSAGE, "text"},
    {COL_PROVIDER, "text"},
    {COL_PROVIDER_MESSAGE_ID, "text"},
    {COL_PROVIDER_RESPONSE, "jsonb"},
    {COL_DELIVERY, "text"},
    {COL_DELIVERY_AT, "timestamptz"},
    {COL_DELIVERED_AT, "timestamptz"},
    {COL_BOUNCED_AT, "timestamptz"},
    {COL_COMPLAINED_AT, "timestamptz"},
    {COL_BOUNCE_TYPE, "text"},
    {COL_CLAIMED_BY, "text"},
    {COL_CLAIM_TOKEN, "bigint NOT NULL DEFAULT 0"},
    {COL_LEASE_EXPIRES_AT, "timestamptz"},
    {COL_REQUEST_ID, "uuid"},
    {COL_UNFINISHED_CLAIMS, "smallint NOT NULL DEFAULT 0"},
};

static const enum column REQUIRED[] = {COL_ID, COL_TO_EMAIL, COL_SUBJECT, COL_STATUS,
                                       COL_CREATED_AT};

#define STATES "ARRAY['pending','processing','sent','failed','cancelled']"

/* Enums without our words, CHECKs that would refuse them, a status too narrow, an id that is not
 * unique: each as "what: statement". $1 is the table, $2 the status column, $3 the id column. */
static const char OBSTACLES[] =
    "WITH t AS (SELECT to_regclass($1) AS oid),"
    " s AS (SELECT a.* FROM pg_attribute a, t"
    "  WHERE a.attrelid = t.oid AND a.attname = $2 AND NOT a.attisdropped),"
    " i AS (SELECT a.* FROM pg_attribute a, t"
    "  WHERE a.attrelid = t.oid AND a.attname = $3 AND NOT a.attisdropped)"
    "SELECT format('the type %s of column %I has no value %L. Run: ALTER TYPE %s ADD VALUE %L;',"
    "  format_type(s.atttypid, NULL), $2, v, format_type(s.atttypid, NULL), v)"
    " FROM s JOIN pg_type ty ON ty.oid = s.atttypid AND ty.typtype = 'e', unnest(" STATES ") v"
    " WHERE NOT EXISTS (SELECT 1 FROM pg_enum e WHERE e.enumtypid = ty.oid AND e.enumlabel = v) "
    "UNION ALL SELECT format('column %I is too narrow for the word processing."
    " Run: ALTER TABLE %s ALTER COLUMN %I TYPE text;', $2, $1, $2)"
    " FROM s WHERE s.atttypid = 'varchar'::regtype AND s.atttypmod BETWEEN 0 AND 13 "
    "UNION ALL SELECT format('the constraint %I would refuse %s. Run: ALTER TABLE %s DROP"
    " CONSTRAINT %I, ADD CONSTRAINT %I CHECK (%I IN (%s)) NOT VALID;"
    " ALTER TABLE %s VALIDATE CONSTRAINT %I;', c.conname,"
    "  (SELECT string_agg(v, ', ') FROM unnest(" STATES ") v"
    "    WHERE position(quote_literal(v) IN pg_get_constraintdef(c.oid)) = 0),"
    "  $1, c.conname, c.conname, $2,"
    "  (SELECT string_agg(DISTINCT quote_literal(v), ', ') FROM (SELECT unnest(" STATES ") v UNION"
    "    SELECT (regexp_matches(pg_get_constraintdef(c.oid), '''([^'']+)''', 'g'))[1]) w),"
    "  $1, c.conname)"
    " FROM pg_constraint c, t, s WHERE c.conrelid = t.oid AND c.contype = 'c'"
    "  AND c.conkey @> ARRAY[s.attnum] AND position('''' IN pg_get_constraintdef(c.oid)) > 0"
    "  AND EXISTS (SELECT 1 FROM unnest(" STATES ") v"
    "    WHERE position(quote_literal(v) IN pg_get_constraintdef(c.oid)) = 0) "
    "UNION ALL SELECT format('column %I has no unique index of its own."
    " Run: CREATE UNIQUE INDEX CONCURRENTLY ON %s (%I);', $3, $1, $3)"
    " FROM i, t WHERE NOT EXISTS (SELECT 1 FROM pg_index x WHERE x.indrelid = t.oid"
    "  AND x.indisunique AND x.indpred IS NULL AND x.indkey[0] = i.attnum)";

static bool is_time(const char *type) {
    return str_starts(type, "timestamp") || str_eq(type, "date");
}

static int check_columns(const struct table_map *map, const struct settings *s,
                         void (*say)(void *, const char *), void *arg) {
    int missing = 0;
    char line[300];
    for (size_t i = 0; i < sizeof REQUIRED / sizeof REQUIRED[0]; i++) {
        enum column c = REQUIRED[i];
        if (map->type[c][0])
            continue;
        str_format(line, sizeof line,
                   "%s has no column %s for %s: name the right one in the configuration,"
                   " [columns] %s = ...",
                   map->table, map->column[c], column_name(c), column_name(c));
        say(arg, line);
        missing++;
    }
    if (map->type[COL_CREATED_AT][0] && !is_time(map->type[COL_CREATED_AT])) {
        str_format(line, sizeof line, "column %s is %s, not a timestamp: map created_at to one",
                   s->columns[COL_CREATED_AT], map->type[COL_CREATED_AT]);
        say(arg, line);
        missing++;
    }
    return missing;
}

bool adopt_check(struct db *db, void (*say)(void *, const char *), void *arg, struct err *err) {
    const struct settings *s = db_settings(db);
    const struct table_map *map = db_map(db);
    if (!map->exists)
        return true;
    int obstacles = check_columns(map, s, say, arg);
    PGresult *r = NULL;
    const char *params[] = {map->table, s->columns[COL_STATUS], s->columns[COL_ID]};
    if (!db_exec(db, OBSTACLES, 3, params, &r, err))
        return false;
    for (int i = 0; i < PQntuples(r); i++, obstacles++)
        say(arg, cell_text(r, i, 0));
    PQclear(r);
    if (obstacles == 0)
        return true;
    return err_set(err, ERR_INVALID,
                   "the existing table needs %d change%s first (above); nothing was changed",
                   obstacles, obstacles == 1 ? "" : "s");
}

bool adopt_columns(struct db *db, struct buf *sql, struct err *err) {
    const struct table_map *map = db_map(db);
    for (size_t i = 0; i < sizeof ADDED / sizeof ADDED[0]; i++) {
        enum column c = ADDED[i].column;
        if (map->type[c][0])
            continue;
        if (sql->len == 0)
            buf_printf(sql, "ALTER TABLE %s", map->table);
        else
            buf_addc(sql, ',');
        buf_printf(sql, " ADD COLUMN IF NOT EXISTS %s %s", map->column[c], ADDED[i].definition);
    }
    return sql->failed ? err_nomem(err) : true;
}

/* Of a partitioned table each partition has its own; those made later get theirs at the next run.
 */
bool adopt_storage(struct db *db, struct buf *sql, struct err *err) {
    const struct table_map *map = db_map(db);
    PGresult *r = NULL;
    if (!db_exec(db,
                 "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'"
                 " AND (c.oid = to_regclass($1) OR c.oid IN"
                 "  (SELECT relid FROM pg_partition_tree(to_regclass($1))))"
                 " AND coalesce(c.reloptions::text NOT LIKE '%autovacuum_vacuum%', true)"
                 " ORDER BY c.oid",
                 1, (const char *[]){map->table}, &r, err))
        return false;
    for (int i = 0; i < PQntuples(r); i++)
        buf_printf(sql,
                   "%sALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.01,"
                   " autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)",
                   i > 0 ? ";\n" : "", cell_text(r, i, 0));
    PQclear(r);
    return sql->failed ? err_nomem(err) : true;
}
