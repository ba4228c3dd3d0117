/* One path for every statement: template to SQL, parameters in, status and SQLSTATE classified. */
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "db/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_MAX ((size_t)64 * 1024)
#define CONFLICT_TRIES 5

bool db_expand(const struct db *db, const char *template, struct buf *out, struct err *err) {
    const struct table_map *map = db_map((struct db *)db);
    for (const char *p = template; *p;) {
        const char *mark = strstr(p, "${");
        if (!mark) {
            buf_puts(out, p);
            break;
        }
        buf_add(out, p, (size_t)(mark - p));
        const char *end = strchr(mark, '}');
        char name[64] = "";
        char alias[16] = "";
        if (!end || (size_t)(end - mark) - 2 >= sizeof name)
            return err_set(err, ERR_DB, "a broken name in a statement's template");
        memcpy(name, mark + 2, (size_t)(end - mark) - 2);
        char *dot = strchr(name, '.');
        if (dot) {
            *dot = '\0';
            str_copy(alias, sizeof alias, name);
        }
        if (!map_expand(map, alias, dot ? dot + 1 : name, out))
            return err_set(err, ERR_DB, "no such name in a statement's template: %s", name);
        p = end + 1;
    }
    return out->failed ? err_nomem(err) : true;
}

static bool refused(const PGresult *r, struct err *err) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    err_set(err, ERR_DB, "the database refused: %s", text ? text : "no reason given");
    if (err && state)
        str_copy(err->sqlstate, sizeof err->sqlstate, state);
    return false;
}

static bool is_conflict(const PGresult *r) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "40P01") == 0 || strcmp(state, "40001") == 0);
}

static bool is_good(const PGresult *r) {
    ExecStatusType s = PQresultStatus(r);
    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

static void pause_a_little(int attempt) {
    struct rand r;
    rand_seed_random(&r);
    double ms = rand_between(&r, 5.0, 25.0) * (attempt + 1);
    nanosleep(&(struct timespec){.tv_nsec = (long)(ms * 1e6)}, NULL);
}

/* The server may have gone while it answered (57P01 and its kin): then the connection is done. */
static void drop_if_dead(struct db *db, const PGresult *r, struct err *err) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (!state || (strncmp(state, "57P", 3) != 0 && strncmp(state, "08", 2) != 0))
        return;
    if (err)
        err->code = ERR_AWAY;
    db_close(db, NULL);
}

static bool run_sql(struct db *db, const char *sql, int n, const char *const *params,
                    PGresult **out, struct err *err) {
    for (int attempt = 0;; attempt++) {
        PGresult *r = NULL;
        bool alone = db_conn(db) && PQtransactionStatus(db_conn(db)) == PQTRANS_IDLE;
        if (!db_converse(db, sql, n, params, &r, err))
            return false;
        if (is_good(r)) {
            *out = r;
            return true;
        }
        bool again = alone && is_conflict(r) && attempt < CONFLICT_TRIES;
        if (!again) {
            refused(r, err);
            drop_if_dead(db, r, err);
        }
        PQclear(r);
        if (!again)
            return false;
        pause_a_little(attempt);
    }
}

bool db_exec(struct db *db, const char *template, int n, const char *const *params, PGresult **out,
             struct err *err) {
    struct buf sql;
    PGresult *r = NULL;
    buf_init(&sql, SQL_MAX);
    bool ok = db_expand(db, template, &sql, err) && run_sql(db, buf_text(&sql), n, params, &r, err);
    buf_free(&sql);
    if (out)
        *out = r;
    else
        PQclear(r);
    return ok;
}

bool db_exec_one(struct db *db, db_exec_fn *exec, const char *template, int n,
                 const char *const *params, PGresult **out, struct err *err) {
    struct err why;
    *out = NULL;
    if (!exec(db, template, n, params, out, &why) &&
        !(why.code == ERR_DB && strncmp(why.sqlstate, "22", 2) == 0)) {
        *err = why;
        return false;
    }
    if (*out && PQntuples(*out) == 1)
        return true;
    PQclear(*out);
    *out = NULL;
    return err_set(err, ERR_NOTFOUND, "there is no message %s", params[0]);
}

bool db_run(struct db *db, const char *template, struct err *err) {
    return db_exec(db, template, 0, NULL, NULL, err);
}

bool db_begin(struct db *db, struct err *err) {
    return db_run(db, "BEGIN; SELECT " DB_NO_IDLING, err);
}

bool db_commit(struct db *db, struct err *err) {
    return db_run(db, "COMMIT", err);
}

void db_rollback(struct db *db) {
    struct err ignored;
    if (db_conn(db) && !db_run(db, "ROLLBACK", &ignored))
        db_close(db, ignored.text);
}

/* --- array literals ------------------------------------------------------------------------- */

void array_begin(struct buf *b) {
    buf_addc(b, '{');
}

static void array_comma(struct buf *b) {
    if (b->len > 0 && b->data[b->len - 1] != '{')
        buf_addc(b, ',');
}

void array_text(struct buf *b, const char *s) {
    array_comma(b);
    if (!s) {
        buf_puts(b, "NULL");
        return;
    }
    buf_addc(b, '"');
    for (; *s; s += strcspn(s, "\"\\")) {
        if (*s == '"' || *s == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, *s++);
        }
        buf_add(b, s, strcspn(s, "\"\\"));
    }
    buf_addc(b, '"');
}

void array_int(struct buf *b, int64_t n) {
    array_comma(b);
    buf_printf(b, "%lld", (long long)n);
}

void array_end(struct buf *b) {
    buf_addc(b, '}');
}

/* --- cells ---------------------------------------------------------------------------------- */

const char *cell_text(const PGresult *r, int row, int col) {
    return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

int64_t cell_int(const PGresult *r, int row, int col, int64_t fallback) {
    int64_t n;
    return str_to_int64(cell_text(r, row, col), &n) ? n : fallback;
}

double cell_double(const PGresult *r, int row, int col, double fallback) {
    double d;
    return str_to_double(cell_text(r, row, col), &d) ? d : fallback;
}

bool cell_bool(const PGresult *r, int row, int col) {
    const char *s = cell_text(r, row, col);
    return s && s[0] == 't';
}
