/* Adopting a table that was there before: obstacles named, missing columns added, nothing else.
 * Called by schema.c on the migration's own connection. */
#include "db/adopt.h"

#include "base/str.h"

/* Every column but those an adopted table must bring itself. Constant defaults: adding them
 * rewrites nothing. `room`: what postroom writes there has up to so many characters, 1 where it is
 * no text; 0 where it only reads. */
static const struct {
    enum column column;
    const char *type;
    const char *attributes;
    int room;
} ADDED[] = {
    {COL_FROM_EMAIL, "text", "", 0},
    {COL_CC, "text[]", "", 0},
    {COL_BCC, "text[]", "", 0},
    {COL_REPLY_TO, "text[]", "", 0},
    {COL_HTML, "text", "", 0},
    {COL_TEXT, "text", "", 0},
    {COL_HEADERS, "jsonb", "", 0},
    {COL_ATTACHMENTS, "jsonb", "", 0},
    {COL_TAGS, "jsonb", "", 0},
    {COL_KIND, "text", " DEFAULT 'transactional'", 0},
    {COL_PRIORITY, "smallint", " DEFAULT 5", 0},
    {COL_SCHEDULED_AT, "timestamptz", "", 0},
    {COL_MAX_ATTEMPTS, "integer", "", 0},
    {COL_DEDUPE_KEY, "text", "", 0},
    {COL_UPDATED_AT, "timestamptz", " DEFAULT now()", 1},
    {COL_SENT_AT, "timestamptz", "", 1},
    {COL_FAILED_AT, "timestamptz", "", 1},
    {COL_LAST_RETRY_AT, "timestamptz", "", 1},
    {COL_NEXT_ATTEMPT_AT, "timestamptz", "", 1},
    {COL_RETRY_COUNT, "integer", " NOT NULL DEFAULT 0", 1},
    {COL_ERROR_CODE, "text", "", 63},
    {COL_ERROR_MESSAGE, "text", "", 511},
    {COL_PROVIDER, "text", "", 8},
    {COL_PROVIDER_MESSAGE_ID, "text", "", 127},
    {COL_PROVIDER_RESPONSE, "jsonb", "", 1},
    {COL_DELIVERY, "text", "", 10},
    {COL_DELIVERY_AT, "timestamptz", "", 1},
    {COL_DELIVERED_AT, "timestamptz", "", 1},
    {COL_BOUNCED_AT, "timestamptz", "", 1},
    {COL_COMPLAINED_AT, "timestamptz", "", 1},
    {COL_BOUNCE_TYPE, "text", "", 12},
    {COL_CLAIMED_BY, "text", "", 84},
    {COL_CLAIM_TOKEN, "bigint", " NOT NULL DEFAULT 0", 1},
    {COL_LEASE_EXPIRES_AT, "timestamptz", "", 1},
    {COL_REQUEST_ID, "uuid", "", 1},
    {COL_UNFINISHED_CLAIMS, "smallint", " NOT NULL DEFAULT 0", 1},
};

static const enum column REQUIRED[] = {COL_ID, COL_TO_EMAIL, COL_SUBJECT, COL_STATUS,
                                       COL_CREATED_AT};

#define STATES "ARRAY['pending','processing','sent','failed','cancelled']"

/* Enums without our words, a status too narrow, an id that is not unique: each as "what:
 * statement". $1 is the table, $2 the status column, $3 the id column. */
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
    "UNION ALL SELECT format('column %I has no unique index of its own."
    " Run: CREATE UNIQUE INDEX CONCURRENTLY ON %s (%I);', $3, $1, $3)"
    " FROM i, t WHERE NOT EXISTS (SELECT 1 FROM pg_index x WHERE x.indrelid = t.oid"
    "  AND x.indisunique AND x.indpred IS NULL AND x.indkey[0] = i.attnum)";

/* Columns of ADDED that are there with a type postroom cannot read, or not write all its words to:
 * found here, because a worker that finds out has sent the mail already. $1 is the table, the
 * others are ADDED's columns: their names here and in SPEC, types and room. */
static const char MISFITS[] =
    "WITH a AS (SELECT w.*, format_type(a.atttypid, a.atttypmod) AS found, t.typcategory AS "
    "category,"
    "  coalesce(nullif(t.typbasetype, 0), t.oid) AS base,"
    "  a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype)"
    "   AND a.atttypmod BETWEEN 0 AND w.room + 3 AS narrow"
    " FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) AS w(name, ours, type, room)"
    " JOIN pg_attribute a ON a.attrelid = to_regclass($1) AND a.attname = w.name"
    "  AND NOT a.attisdropped"
    " JOIN pg_type t ON t.oid = a.atttypid),"
    " b AS (SELECT *, CASE"
    "  WHEN type = 'text' THEN room = 0 OR category = 'S'"
    "  WHEN type = 'text[]' THEN category = 'A' OR base IN ('json'::regtype, 'jsonb'::regtype)"
    "  WHEN type = 'jsonb' THEN room = 0 OR base = 'jsonb'::regtype"
    "  WHEN type = 'timestamptz' THEN base IN ('timestamptz'::regtype, 'timestamp'::regtype)"
    "   OR room = 0 AND base = 'date'::regtype"
    "  WHEN type = 'uuid' THEN base = 'uuid'::regtype"
    "  ELSE category = 'N' END AS fits FROM a)"
    "SELECT CASE WHEN fits THEN format('column %I is %s: some of what is written there is longer."
    " Run: ALTER TABLE %s ALTER COLUMN %I TYPE text;', name, found, $1, name)"
    " ELSE format('column %I is %s where %s is needed: leave it as it is and name another in the"
    " configuration, which is then added: [columns] %s = postroom_%s', name, found, type, ours, "
    "ours)"
    " END FROM b WHERE narrow OR NOT fits";

/* A creation in local time would be read as UTC: mail waits for hours, or passes older one. What
 * zone the application's sessions have cannot be seen from ours; so it is told once, as a comment
 * that does no harm among SQL. $1 is the table, $2 created_at. */
static const char LOCAL_TIME[] =
    "SELECT format('-- note: column %I has no time zone and is read as UTC. Where the database''s "
    "is"
    " another (SHOW timezone), run: ALTER TABLE %s ALTER COLUMN %I SET DEFAULT (now() AT TIME ZONE"
    " ''UTC'');', $2::text, $1::text, $2)"
    " FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND a.atttypid = 'timestamp'::regtype"
    "  AND pg_get_expr(d.adbin, d.adrelid) !~* 'time zone|timezone'";

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

/* What a query finds, a line each. */
static bool say_rows(struct db *db, const char *sql, int n, const char *const *params,
                     struct hearer *h, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, sql, n, params, &r, err))
        return false;
    for (int i = 0; i < PQntuples(r); i++, h->obstacles++)
        h->say(h->arg, cell_text(r, i, 0));
    PQclear(r);
    return true;
}

static bool check_types(struct db *db, struct hearer *h, struct err *err) {
    const struct settings *s = db_settings(db);
    struct buf a[4]; /* names, SPEC's names, types, room */
    const char *params[5] = {db_map(db)->table};
    bool failed = false;
    for (int i = 0; i < 4; i++) {
        buf_init(&a[i], (size_t)16 * 1024);
        array_begin(&a[i]);
    }
    for (size_t i = 0; i < sizeof ADDED / sizeof ADDED[0]; i++) {
        array_text(&a[0], s->columns[ADDED[i].column]);
        array_text(&a[1], column_name(ADDED[i].column));
        array_text(&a[2], ADDED[i].type);
        array_int(&a[3], ADDED[i].room);
    }
    for (int i = 0; i < 4; i++) {
        array_end(&a[i]);
        failed = failed || a[i].failed;
        params[1 + i] = buf_text(&a[i]);
    }
    bool ok = !failed || err_nomem(err);
    ok = ok && say_rows(db, MISFITS, 5, params, h, err);
    for (int i = 0; i < 4; i++)
        buf_free(&a[i]);
    return ok;
}

bool adopt_check(struct db *db, void (*say)(void *, const char *), void *arg, struct err *err) {
    const struct settings *s = db_settings(db);
    const struct table_map *map = db_map(db);
    if (!map->exists)
        return true;
    struct hearer h = {say, arg, check_columns(map, s, say, arg)};
    const char *params[] = {map->table, s->columns[COL_STATUS], s->columns[COL_ID]};
    if (!say_rows(db, OBSTACLES, 3, params, &h, err) || !check_types(db, &h, err))
        return false;
    struct hearer notes = {say, arg, 0};
    if (!map->type[COL_CLAIM_TOKEN][0] && /* not adopted yet */
        !say_rows(db, LOCAL_TIME, 2, (const char *[]){map->table, s->columns[COL_CREATED_AT]},
                  &notes, err))
        return false;
    if (h.obstacles == 0 && !adopt_trial(db, &h, err)) /* with columns as they should be */
        return false;
    int obstacles = h.obstacles;
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
        buf_printf(sql, " ADD COLUMN IF NOT EXISTS %s %s%s", map->column[c], ADDED[i].type,
                   ADDED[i].attributes);
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
