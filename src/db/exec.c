/* One path for every statement: template to SQL, parameters in, status and SQLSTATE classified. */
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "db/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_MAX ((size_t)64 * 1024)
#define SETTINGS_MAX 800
#define CONFLICT_TRIES 5
#define NO_WRITES "25006" /* read_only_sql_transaction */
#define READ_ONLY "set_config('transaction_read_only', 'on', true)"

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
    err_set(err, ERR_DB, "the database %s: %s",
            str_eq(state, NO_WRITES) ? "takes no writes, it may be a standby" : "refused",
            text ? text : "no reason given");
    if (err && state)
        str_copy(err->sqlstate, sizeof err->sqlstate, state);
    return false;
}

static bool is_conflict(const struct err *err) {
    return str_eq(err->sqlstate, "40P01") || str_eq(err->sqlstate, "40001");
}

static bool is_idle(struct db *db) {
    return db_conn(db) && PQtransactionStatus(db_conn(db)) == PQTRANS_IDLE;
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

/* Some refusals mean that this connection is of no more use: the server goes (57P01 and its kin),
 * it takes no writes, and of several hosts another may, or the statements that it kept are gone
 * (26000: somebody between hands sessions around) or are no more what they were (0A000: a column's
 * type has changed). */
static void drop_if_useless(struct db *db, struct err *err) {
    bool goes = strncmp(err->sqlstate, "57P", 3) == 0 || strncmp(err->sqlstate, "08", 2) == 0;
    bool no_writes = str_eq(err->sqlstate, NO_WRITES) && !db_is_read_only(db);
    bool lost_them = str_eq(err->sqlstate, "26000") && db_keeps(db);
    bool outdated = str_eq(err->sqlstate, "0A000") && db_keeps(db);
    if (lost_them)
        db_keep_no_more(db);
    if (!goes && !no_writes && !lost_them && !outdated)
        return;
    err->code = ERR_AWAY;
    db_close(db, NULL);
}

/* The answer was good, or says why not. */
static bool take_answer(PGresult *r, PGresult **out, struct err *err) {
    bool good = is_good(r);
    if (!good)
        refused(r, err);
    if (good && out)
        *out = r;
    else
        PQclear(r);
    return good;
}

static bool say(struct db *db, const char *template, int n, const char *const *params, PGresult **r,
                struct err *err) {
    if (n > 0 && db_keeps(db))
        return db_converse_steps(db, &(struct db_step){template, n, params, false}, 1, 0, r, err);
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    bool ok =
        db_expand(db, template, &sql, err) && db_converse(db, buf_text(&sql), n, params, r, err);
    buf_free(&sql);
    return ok;
}

static bool run_template(struct db *db, const char *template, int n, const char *const *params,
                         PGresult **out, struct err *err) {
    if (out)
        *out = NULL;
    for (int attempt = 0;; attempt++) {
        PGresult *r = NULL;
        bool alone = is_idle(db);
        if (!say(db, template, n, params, &r, err))
            return false;
        if (take_answer(r, out, err))
            return true;
        if (!alone || !is_conflict(err) || attempt == CONFLICT_TRIES) {
            drop_if_useless(db, err);
            return false;
        }
        pause_a_little(attempt);
    }
}

bool db_run(struct db *db, const char *template, struct err *err) {
    return run_template(db, template, 0, NULL, NULL, err);
}

/* --- transactions ----------------------------------------------------------------------------- */

bool db_begin(struct db *db, struct err *err) {
    if (db_run(db, "BEGIN; SELECT " DB_NO_IDLING, err))
        return true;
    db_rollback(db);
    return false;
}

bool db_commit(struct db *db, struct err *err) {
    return db_run(db, "COMMIT", err);
}

void db_rollback(struct db *db) {
    struct err ignored;
    if (db_conn(db) && !is_idle(db) && !db_run(db, "ROLLBACK", &ignored))
        db_close(db, ignored.text);
}

/* "BEGIN; SELECT settings; statement", or a part of that, as one message: several statements in one
 * are one transaction, and the last one's result counts. */
static bool run_set(struct db *db, const char *begin, const char *settings, const char *then,
                    PGresult **out, struct err *err) {
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    buf_printf(&sql, "%sSELECT %s; ", begin, settings);
    buf_puts(&sql, then);
    bool ok = sql.failed ? err_nomem(err) : run_template(db, buf_text(&sql), 0, NULL, out, err);
    buf_free(&sql);
    return ok;
}

/* Steps said in one message; the answer to step `wanted` counts. */
static bool run_steps(struct db *db, const struct db_step *steps, int n, int wanted, PGresult **out,
                      struct err *err) {
    PGresult *r = NULL;
    if (!db_converse_steps(db, steps, n, wanted, &r, err))
        return false;
    if (take_answer(r, out, err))
        return true;
    drop_if_useless(db, err);
    return false;
}

static bool in_one_message(struct db *db, const char *settings, const char *template, int n,
                           const char *const *params, bool whole, PGresult **out, struct err *err) {
    char select[SETTINGS_MAX];
    str_format(select, sizeof select, "SELECT %s", settings);
    const struct db_step steps[] = {
        {"BEGIN", 0, NULL, false},
        {select, 0, NULL, false},
        {template, n, params, false},
        {"COMMIT", 0, NULL, true}, /* spelt out, so that a trace of the wire shows it */
    };
    return whole ? run_steps(db, steps, 4, 2, out, err) : run_steps(db, &steps[1], 2, 1, out, err);
}

static bool in_three_messages(struct db *db, const char *settings, const char *template, int n,
                              const char *const *params, PGresult **out, struct err *err) {
    return run_set(db, "BEGIN; ", settings, "", NULL, err) &&
           run_template(db, template, n, params, out, err) && db_commit(db, err);
}

static bool try_transaction(struct db *db, const char *settings, const char *template, int n,
                            const char *const *params, PGresult **out, struct err *err) {
    if (db_keeps(db) ? in_one_message(db, settings, template, n, params, true, out, err)
                     : in_three_messages(db, settings, template, n, params, out, err))
        return true;
    db_rollback(db);
    if (out) {
        PQclear(*out);
        *out = NULL;
    }
    return false;
}

static bool run_transaction(struct db *db, const char *settings, const char *template, int n,
                            const char *const *params, PGresult **out, struct err *err) {
    for (int attempt = 0; !try_transaction(db, settings, template, n, params, out, err);
         attempt++) {
        if (!is_conflict(err) || attempt == CONFLICT_TRIES)
            return false;
        pause_a_little(attempt);
    }
    return true;
}

/* Without parameters it is one message to any server, else a short transaction. */
static bool run_apart(struct db *db, const char *settings, const char *template, int n,
                      const char *const *params, PGresult **out, struct err *err) {
    if (out)
        *out = NULL;
    return n == 0 && !db_keeps(db) ? run_set(db, "", settings, template, out, err)
                                   : run_transaction(db, settings, template, n, params, out, err);
}

/* Must each transaction be told that it changes nothing? */
static bool needs_telling(const struct db *db) {
    return db_is_read_only(db) && !db_refuses_writes(db);
}

bool db_exec_with(struct db *db, const char *settings, const char *template, int n,
                  const char *const *params, PGresult **out, struct err *err) {
    char both[SETTINGS_MAX];
    bool told = !needs_telling(db);
    if (db_conn(db) && PQtransactionStatus(db_conn(db)) == PQTRANS_INTRANS)
        return db_keeps(db) ? in_one_message(db, settings, template, n, params, false, out, err)
                            : run_set(db, "", settings, "", NULL, err) &&
                                  run_template(db, template, n, params, out, err);
    str_format(both, sizeof both, "%s%s", settings, told ? "" : ", " READ_ONLY);
    return run_apart(db, both, template, n, params, out, err);
}

bool db_exec(struct db *db, const char *template, int n, const char *const *params, PGresult **out,
             struct err *err) {
    if (needs_telling(db) && is_idle(db))
        return run_apart(db, READ_ONLY, template, n, params, out, err);
    return run_template(db, template, n, params, out, err);
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
