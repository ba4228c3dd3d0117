/* Indexes of a partitioned table: see partition.h. A partition's index is called after the parent's
 * and its own number (postroom_due_16543), so that what an interrupted run left is found again. */
#include "db/partition.h"

#include "base/str.h"

#include <string.h>

bool partition_any(struct db *db, bool *yes, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, "SELECT true FROM pg_partitioned_table WHERE partrelid = to_regclass($1)", 1,
                 (const char *[]){db_map(db)->table}, &r, err))
        return false;
    *yes = PQntuples(r) > 0;
    PQclear(r);
    return true;
}

/* The parent's index by its full name; "" where it is not there. */
static bool parent_index(struct db *db, const char *name, char *dst, size_t size, struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db,
                 "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c"
                 " ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass($1) AND c.relname = $2",
                 2, (const char *[]){db_map(db)->table, name}, &r, err))
        return false;
    str_copy(dst, size, PQntuples(r) > 0 ? cell_text(r, 0, 0) : "");
    PQclear(r);
    return true;
}

/* Partitions whose index is not attached yet: the partition, the name its index shall have, the
 * full name of that index where it is there, is that one whole, is the partition itself one with
 * partitions. */
static const char OPEN[] =
    "SELECT p.oid::regclass::text, $2 || '_' || p.oid, own.oid::regclass::text,"
    " coalesce(x.indisvalid, false), p.relkind = 'p'"
    " FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhrelid"
    " LEFT JOIN (pg_index x JOIN pg_class own ON own.oid = x.indexrelid)"
    "  ON x.indrelid = p.oid AND own.relname = $2 || '_' || p.oid"
    " WHERE h.inhparent = to_regclass($1) AND NOT EXISTS (SELECT FROM pg_index i"
    "  JOIN pg_inherits a ON a.inhrelid = i.indexrelid JOIN pg_class c ON c.oid = a.inhparent"
    "  WHERE i.indrelid = p.oid AND c.relname = $2) ORDER BY p.oid";

struct job {
    partition_apply *apply;
    void *arg;
    const char *name; /* of the index */
    const char *rest; /* " (columns) WHERE ..." */
};

static bool run(const struct job *j, const char *fmt, const char *a, const char *b, const char *c,
                const char *d, struct err *err) {
    struct buf sql;
    buf_init(&sql, 64 * 1024);
    buf_puts(&sql, fmt);
    const char *const parts[] = {a, b, c, d};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buf_puts(&sql, parts[i]);
    bool ok = !sql.failed ? j->apply(j->arg, buf_text(&sql), err) : err_nomem(err);
    buf_free(&sql);
    return ok;
}

static bool index_one(struct db *db, const struct job *j, const PGresult *r, int row,
                      struct err *err) {
    const char *part = cell_text(r, row, 0), *name = cell_text(r, row, 1);
    const char *own = cell_text(r, row, 2);
    bool whole = cell_bool(r, row, 3), has_partitions = cell_bool(r, row, 4);
    char index[300], parent[300];
    if (own && !whole && !has_partitions &&
        !run(j, "DROP INDEX CONCURRENTLY ", own, "", "", "", err))
        return false;
    if (!(own && (whole || has_partitions)) &&
        !run(j, has_partitions ? "CREATE INDEX " : "CREATE INDEX CONCURRENTLY ", name, " ON ", part,
             j->rest, err))
        return false;
    /* an index lives where its table does */
    const char *dot = strrchr(part, '.');
    str_format(index, sizeof index, "%.*s%s", dot ? (int)(dot - part + 1) : 0, part, name);
    if (!parent_index(db, j->name, parent, sizeof parent, err))
        return false;
    return run(j, "ALTER INDEX ", parent[0] ? parent : j->name, " ATTACH PARTITION ", index, "",
               err);
}

bool partition_index(struct db *db, const char *sql, partition_apply *apply, void *arg,
                     struct err *err) {
    static const char MARK[] = " IF NOT EXISTS ";
    char name[80], parent[300];
    PGresult *r = NULL;
    const char *at = strstr(sql, MARK), *on = at ? strstr(at, " ON ") : NULL;
    const char *rest = on ? strstr(on, " (") : NULL;
    if (!rest)
        return err_set(err, ERR_DB, "a statement of the schema is not an index");
    at += sizeof MARK - 1;
    str_format(name, sizeof name, "%.*s", (int)(on - at), at);
    struct job j = {apply, arg, name, rest};
    if (!parent_index(db, name, parent, sizeof parent, err) ||
        (!parent[0] &&
         !run(&j, "CREATE INDEX ", name, " ON ONLY ", db_map(db)->table, rest, err)) ||
        !db_exec(db, OPEN, 2, (const char *[]){db_map(db)->table, name}, &r, err))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = index_one(db, &j, r, i, err);
    PQclear(r);
    return ok;
}
