/* The table as it is: which columns it has, of which types, and what ${names} in templates mean. */
#include "base/str.h"
#include "db/internal.h"

#include <string.h>

/* "name" with quotes doubled: identifiers come from the configuration. */
static void quote(char *dst, size_t size, const char *name) {
    size_t n = 0;
    dst[n++] = '"';
    for (; *name && n + 3 < size; name++) {
        if (*name == '"')
            dst[n++] = '"';
        dst[n++] = *name;
    }
    dst[n++] = '"';
    dst[n] = '\0';
}

/* "app.email_messages" has its parts quoted one by one. */
static void quote_table(char *dst, size_t size, const char *name) {
    const char *dot = strchr(name, '.');
    char schema[70] = "";
    char table[70];
    if (dot) {
        char part[64];
        str_format(part, sizeof part, "%.*s", (int)(dot - name), name);
        quote(schema, sizeof schema, part);
    }
    quote(table, sizeof table, dot ? dot + 1 : name);
    str_format(dst, size, "%s%s%s", schema, dot ? "." : "", table);
}

static void note_column(struct table_map *map, const struct settings *s, const char *name,
                        const char *type) {
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (strcmp(s->columns[c], name) == 0)
            str_copy(map->type[c], sizeof map->type[c], type);
}

bool map_load(struct db *db, struct table_map *map, struct err *err) {
    const struct settings *s = db_settings(db);
    PGresult *r = NULL;
    memset(map, 0, sizeof *map);
    quote_table(map->table, sizeof map->table, s->table);
    for (int c = 0; c < COLUMN_COUNT; c++)
        quote(map->column[c], sizeof map->column[c], s->columns[c]);
    if (!db_exec(db,
                 "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
                 " WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped",
                 1, (const char *[]){map->table}, &r, err))
        return false;
    map->exists = PQntuples(r) > 0;
    for (int i = 0; i < PQntuples(r); i++)
        note_column(map, s, cell_text(r, i, 0), cell_text(r, i, 1));
    PQclear(r);
    return true;
}

static int column_by_name(const char *name) {
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (strcmp(column_name((enum column)c), name) == 0)
            return c;
    return -1;
}

static void put_column(const struct table_map *map, const char *alias, enum column c,
                       struct buf *out) {
    buf_printf(out, "%s%s%s", alias, alias[0] ? "." : "", map->column[c]);
}

/* A timestamp of an adopted table may be without time zone: then it is taken as UTC, written so
 * that the expression is immutable and may stand in an index. */
static void put_time(const struct table_map *map, const char *alias, enum column c,
                     struct buf *out) {
    bool bare = map->type[c][0] && strcmp(map->type[c], "timestamp with time zone") != 0;
    buf_puts(out, bare ? "((" : "");
    put_column(map, alias, c, out);
    buf_puts(out, bare ? ")::timestamp AT TIME ZONE 'UTC')" : "");
}

static void put_due(const struct table_map *map, const char *alias, struct buf *out) {
    buf_puts(out, "coalesce(");
    put_time(map, alias, COL_SCHEDULED_AT, out);
    buf_puts(out, ", ");
    put_time(map, alias, COL_CREATED_AT, out);
    buf_puts(out, ", '-infinity'::timestamptz)");
}

static void put_rank(const struct table_map *map, const char *alias, struct buf *out) {
    buf_puts(out, "least(9, greatest(0, coalesce(");
    put_column(map, alias, COL_PRIORITY, out);
    buf_puts(out, ", 5)))");
}

bool map_expand(const struct table_map *map, const char *alias, const char *name, struct buf *out) {
    int c = column_by_name(name);
    if (c >= 0)
        put_column(map, alias, (enum column)c, out);
    else if (strcmp(name, "messages") == 0)
        buf_puts(out, map->table);
    else if (strcmp(name, "id_type") == 0)
        buf_puts(out, map->type[COL_ID]);
    else if (strcmp(name, "status_type") == 0)
        buf_puts(out, map->type[COL_STATUS]);
    else if (strcmp(name, "due") == 0)
        put_due(map, alias, out);
    else if (strcmp(name, "rank") == 0)
        put_rank(map, alias, out);
    else
        return false;
    return true;
}
