/* `postroom migrate`: the files of schema/ statement by statement, skipping what is there.
 * One connection, one thread, an advisory lock so that two migrations take turns. That lock and a
 * setting for the session are left out behind a pooler, where they would stay behind in a session
 * that others share. */
#include "db/schema.h"

#include "base/mem.h"
#include "base/str.h"
#include "db/adopt.h"
#include "db/internal.h"
#include "db/partition.h"
#include "schema_sql.h"

#include <string.h>
#include <time.h>

#define LOCK_TRIES 60 /* x 2 s lock_timeout: two minutes of somebody else's long transactions */
#define MIGRATION_LOCK "72387613" /* any number of our own */
#define FILES (int)(sizeof schema_files / sizeof schema_files[0])

struct migration {
    struct db *db;
    const struct schema_options *options;
    bool partitioned;
    bool notify;   /* the trigger is wanted */
    int done, all; /* statements */
    int changed;
};

bool schema_check(struct db *db, struct err *err) {
    PGresult *r = NULL;
    struct err refused = {0};
    if (!db_exec(db, "SELECT value FROM postroom.meta WHERE key = 'schema_version'", 0, NULL, &r,
                 &refused)) {
        bool missing = str_eq(refused.sqlstate, "42P01") || str_eq(refused.sqlstate, "3F000");
        if (missing)
            return err_set(err, ERR_SCHEMA,
                           "the database %s is not prepared for postroom: run `postroom migrate`",
                           db_display_name(db));
        *err = refused;
        return false;
    }
    int64_t version = PQntuples(r) == 1 ? cell_int(r, 0, 0, 0) : 0;
    PQclear(r);
    if (version == SCHEMA_VERSION)
        return db_map(db)->exists
                   ? true
                   : err_set(err, ERR_SCHEMA, "there is no table %s in %s: run `postroom migrate`",
                             db_map(db)->table, db_display_name(db));
    return err_set(err, ERR_SCHEMA,
                   version > SCHEMA_VERSION
                       ? "the schema has version %lld, this postroom knows %d: install the newer "
                         "postroom"
                       : "the schema has version %lld, this postroom needs %d: run `postroom "
                         "migrate`",
                   (long long)version, SCHEMA_VERSION);
}

/* --- splitting a file ------------------------------------------------------------------------- */

/* The next statement's end: a ';' at a line's end outside $$…$$; NULL after the last. */
static const char *statement_end(const char *p) {
    bool quoted = false;
    for (; *p; p++) {
        if (p[0] == '$' && p[1] == '$')
            quoted = !quoted, p++;
        else if (p[0] == ';' && p[1] == '\n' && !quoted)
            return p;
    }
    return NULL;
}

/* Skips blank lines and comment lines before a statement. */
static const char *statement_start(const char *p) {
    for (;;) {
        p += strspn(p, " \n\t");
        if (p[0] != '-' || p[1] != '-')
            return p;
        p += strcspn(p, "\n");
    }
}

static int count_statements(void) {
    int n = 0;
    for (int i = 0; i < FILES; i++)
        for (const char *p = schema_files[i].sql; (p = statement_end(p)); p++)
            n++;
    return n;
}

/* --- what is there already ---------------------------------------------------------------------
 */

static bool ask(struct db *db, const char *sql, const char *a, const char *b, bool *yes,
                struct err *err) {
    PGresult *r = NULL;
    if (!db_exec(db, sql, b ? 2 : 1, (const char *[]){a, b}, &r, err))
        return false;
    *yes = PQntuples(r) > 0 && cell_bool(r, 0, 0);
    PQclear(r);
    return true;
}

/* An index left invalid by an interrupted CONCURRENTLY is dropped, to be built anew. */
static bool index_exists(struct migration *m, const char *name, bool *yes, struct err *err) {
    const char *table = db_map(m->db)->table;
    bool invalid = false;
    if (!ask(m->db,
             "SELECT true FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
             " WHERE i.indrelid = to_regclass($1) AND c.relname = $2 AND i.indisvalid",
             table, name, yes, err) ||
        !ask(m->db,
             "SELECT true FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
             " WHERE i.indrelid = to_regclass($1) AND c.relname = $2 AND NOT i.indisvalid",
             table, name, &invalid, err))
        return false;
    if (!invalid || m->options->dry_run)
        return true;
    char sql[160];
    str_format(sql, sizeof sql, "DROP INDEX CONCURRENTLY IF EXISTS %s", name);
    return db_run(m->db, sql, err);
}

/* A function is there only as this version has it: its body, between the $$, decides. */
static bool function_exists(struct migration *m, const char *name, const char *sql, bool *yes,
                            struct err *err) {
    const char *start = strstr(sql, "$$");
    const char *end = start ? strstr(start + 2, "$$") : NULL;
    struct buf body;
    if (!end)
        return err_set(err, ERR_DB, "a function of the schema has no body");
    buf_init(&body, 64 * 1024);
    buf_add(&body, start + 2, (size_t)(end - start) - 2);
    bool ok = (!body.failed || err_nomem(err)) &&
              ask(m->db, "SELECT prosrc = $2 FROM pg_proc WHERE oid = to_regproc($1)", name,
                  buf_text(&body), yes, err);
    buf_free(&body);
    return ok;
}

/* The word after "IF NOT EXISTS ", as it stands. */
static bool named_object(const char *sql, char *dst, size_t size) {
    static const char MARK[] = "IF NOT EXISTS ";
    const char *p = strstr(sql, MARK);
    if (!p)
        return false;
    p += sizeof MARK - 1;
    str_format(dst, size, "%.*s", (int)strcspn(p, " \n(;"), p);
    return true;
}

static bool exists_already(struct migration *m, const char *sql, bool *yes, struct err *err) {
    char name[200];
    *yes = false;
    if (str_starts(sql, "CREATE TRIGGER"))
        return ask(m->db,
                   "SELECT true FROM pg_trigger WHERE tgrelid = to_regclass($1)"
                   " AND tgname = 'postroom_notify'",
                   db_map(m->db)->table, NULL, yes, err);
    if (str_starts(sql, "CREATE OR REPLACE FUNCTION"))
        return function_exists(m, "postroom.notify_mail", sql, yes, err);
    if (str_starts(sql, "INSERT"))
        return ask(m->db, "SELECT to_regclass($1) IS NOT NULL", "postroom.control", NULL, yes, err);
    if (!named_object(sql, name, sizeof name))
        return true;
    if (str_starts(sql, "CREATE SCHEMA"))
        return ask(m->db, "SELECT to_regnamespace($1) IS NOT NULL", name, NULL, yes, err);
    if (strstr(sql, "INDEX") && strstr(sql, "CONCURRENTLY"))
        return index_exists(m, name, yes, err);
    if (strstr(sql, " INDEX ")) {
        char qualified[220];
        str_format(qualified, sizeof qualified, "postroom.%s", name);
        return ask(m->db, "SELECT to_regclass($1) IS NOT NULL", qualified, NULL, yes, err);
    }
    return ask(m->db, "SELECT to_regclass($1) IS NOT NULL", name, NULL, yes, err);
}

/* --- running ---------------------------------------------------------------------------------- */

static void nap(void) {
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* Building CONCURRENTLY waits without standing in the way, and in no transaction. */
static bool run_alone(struct migration *m, const char *sql, struct err *err) {
    if (!db_is_pooled(m->db) && !db_run(m->db, "SET lock_timeout = 0", err))
        return false;
    return db_run(m->db, sql, err);
}

/* A statement that waits for a lock would make everybody queue behind it: give up after 2 s, let
 * the others through, try again. */
static bool run_patiently(struct migration *m, const char *sql, struct err *err) {
    bool concurrently = strstr(sql, "CONCURRENTLY") != NULL;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (concurrently ? run_alone(m, sql, err)
                         : db_exec_with(m->db, "set_config('lock_timeout', '2s', true)", sql, 0,
                                        NULL, NULL, err))
            return true;
        if (!str_eq(err->sqlstate, "55P03"))
            return false;
        m->options->say(m->options->arg, "waiting for a lock on the table; trying again");
        nap();
    }
    return err_set(err, ERR_DB,
                   "somebody holds a lock on the table for minutes: end that transaction, then run "
                   "`postroom migrate` again (what is done stays done)");
}

/* "CREATE INDEX postroom_due ON ..." cut to its first line: what a person wants to see. */
static void headline(char *dst, size_t size, const char *sql) {
    str_format(dst, size, "%.*s", (int)strcspn(sql, "\n("), sql);
    char *end = dst + strlen(dst);
    while (end > dst && end[-1] == ' ')
        *--end = '\0';
}

static bool apply(struct migration *m, const char *sql, struct err *err) {
    const struct schema_options *o = m->options;
    char what[160];
    m->changed++;
    if (o->dry_run) {
        struct buf line;
        buf_init(&line, 64 * 1024);
        buf_printf(&line, "%s;", sql);
        o->say(o->arg, buf_text(&line));
        buf_free(&line);
        return true;
    }
    headline(what, sizeof what, sql);
    if (o->step)
        o->step(o->arg, m->done, m->all, what);
    return run_patiently(m, sql, err) || err_wrap(err, "%s", what);
}

static bool apply_one(void *arg, const char *sql, struct err *err) {
    return apply(arg, sql, err);
}

static bool run_statement(struct migration *m, const char *start, const char *end,
                          struct err *err) {
    bool there = false;
    struct buf template, sql;
    buf_init(&template, 64 * 1024);
    buf_init(&sql, 64 * 1024);
    buf_add(&template, start, (size_t)(end - start));
    bool ok = !template.failed ? db_expand(m->db, buf_text(&template), &sql, err) : err_nomem(err);
    bool by_partition = m->partitioned && ok && strstr(buf_text(&sql), " INDEX CONCURRENTLY ");
    if (ok && !by_partition)
        ok = exists_already(m, buf_text(&sql), &there, err);
    if (ok && by_partition)
        ok = partition_index(m->db, buf_text(&sql), apply_one, m, err);
    else if (ok && str_starts(buf_text(&sql), "INSERT") && !m->options->dry_run)
        ok = db_run(m->db, buf_text(&sql), err); /* a row of ours, perhaps there already */
    else if (ok && !there)
        ok = apply(m, buf_text(&sql), err);
    buf_free(&template);
    buf_free(&sql);
    m->done++;
    return ok;
}

static bool run_file(struct migration *m, const char *text, struct err *err) {
    const char *end;
    for (const char *p = statement_start(text); (end = statement_end(p));
         p = statement_start(end + 1))
        if (!run_statement(m, p, end, err))
            return false;
    return true;
}

/* Columns and storage of email_messages, after the file that creates it. */
static bool run_adoption(struct migration *m, struct err *err) {
    struct buf sql;
    buf_init(&sql, 16 * 1024);
    if (!m->options->dry_run && !map_load(m->db, db_map(m->db), err))
        return false;
    bool ok = adopt_columns(m->db, &sql, err);
    if (ok && sql.len > 0)
        ok = apply(m, buf_text(&sql), err);
    buf_clear(&sql);
    ok = ok && adopt_storage(m->db, &sql, err);
    if (ok && sql.len > 0)
        ok = apply(m, buf_text(&sql), err);
    buf_free(&sql);
    return ok && (m->options->dry_run || map_load(m->db, db_map(m->db), err));
}

/* Whether the trigger is wanted: asked for now, or as remembered, or by default. */
static bool decide_notify(struct migration *m, struct err *err) {
    bool meta = false, off = false;
    if (!ask(m->db, "SELECT to_regclass($1) IS NOT NULL", "postroom.meta", NULL, &meta, err))
        return false;
    if (meta && !ask(m->db, "SELECT value = $2 FROM postroom.meta WHERE key = $1", "notify", "off",
                     &off, err))
        return false;
    m->notify = m->options->notify < 0 ? !off : m->options->notify == 1;
    return true;
}

static bool remember(struct migration *m, const char *key, const char *value, struct err *err) {
    bool same = false;
    if (m->options->dry_run)
        return true;
    if (!ask(m->db, "SELECT value = $2 FROM postroom.meta WHERE key = $1", key, value, &same, err))
        return false;
    return same || db_exec(m->db,
                           "INSERT INTO postroom.meta (key, value) VALUES ($1, $2)"
                           " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                           2, (const char *[]){key, value}, NULL, err);
}

static bool drop_trigger(struct migration *m, struct err *err) {
    bool there = false;
    char sql[240];
    str_format(sql, sizeof sql, "DROP TRIGGER IF EXISTS postroom_notify ON %s",
               db_map(m->db)->table);
    return exists_already(m, "CREATE TRIGGER", &there, err) && (!there || apply(m, sql, err));
}

static bool run_all(struct migration *m, struct err *err) {
    char version[16];
    str_format(version, sizeof version, "%d", SCHEMA_VERSION);
    for (int i = 0; i < FILES; i++) {
        const char *name = schema_files[i].name;
        bool trigger = strstr(name, "notify") != NULL;
        if (trigger && !m->notify) {
            if (!drop_trigger(m, err))
                return false;
            continue;
        }
        if (!run_file(m, schema_files[i].sql, err))
            return false;
        if (strstr(name, "email_messages") && !run_adoption(m, err))
            return false;
    }
    return remember(m, "notify", m->notify ? "on" : "off", err) &&
           remember(m, "schema_version", version, err);
}

static bool take_turn(struct migration *m, struct err *err) {
    if (db_is_pooled(m->db) && m->options->dry_run)
        return true;
    if (db_is_pooled(m->db)) {
        m->options->say(
            m->options->arg,
            "DATABASE_URL leads to a pooler, through which two migrations cannot be kept"
            " apart: let this be the only one, or give the server's own address");
        return true;
    }
    for (bool mine = false, told = false;; nap()) {
        if (!ask(m->db, "SELECT pg_try_advisory_lock($1::bigint)", MIGRATION_LOCK, NULL, &mine,
                 err))
            return false;
        if (mine)
            return true;
        if (!told)
            m->options->say(m->options->arg, "another migration is running: waiting for it");
        told = true;
    }
}

static bool migrate(struct migration *m, struct err *err) {
    if (!db_open(m->db, err))
        return false;
    db_set_deadline_ms(m->db, 0);
    if (!take_turn(m, err) || !adopt_check(m->db, m->options->say, m->options->arg, err) ||
        !partition_any(m->db, &m->partitioned, err) || !decide_notify(m, err))
        return false;
    return run_all(m, err);
}

bool schema_migrate(const struct settings *s, const struct schema_options *options,
                    struct err *err) {
    struct migration m = {.options = options, .all = count_statements()};
    m.db = db_new(s, DB_MIGRATE, err);
    if (!m.db)
        return false;
    bool ok = migrate(&m, err);
    if (ok && m.changed == 0)
        options->say(options->arg, "nothing to do: the schema is up to date");
    else if (ok && !options->dry_run)
        options->say(options->arg, "done: the schema is up to date");
    db_free(m.db);
    return ok;
}
