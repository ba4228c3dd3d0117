/* How statements are said and their answers awaited (exec.c knows what is asked): one at a time, or
 * a whole transaction in one message, of statements that the session knows by name. */
#include "base/clock.h"
#include "base/str.h"
#include "db/connect.h"
#include "db/internal.h"
#include "db/session.h"

#include <poll.h>

/* Where the server just went, libpq guesses why over three lines. */
static bool lost(struct db *db, struct err *err, const char *what) {
    char text[300];
    libpq_line(text, sizeof text, what);
    db_close(db, NULL);
    bool closed = !text[0] || str_starts(text, "server closed the connection");
    return err_set(err, ERR_AWAY, "%s", closed ? "the database closed the connection" : text);
}

/* Another's LISTEN may stand in a session that a pooler hands around: what it brings is dropped. */
static void drop_notifications(PGconn *conn) {
    for (PGnotify *n; (n = PQnotifies(conn)); PQfreemem(n)) {
    }
}

bool db_still_there(struct db *db, struct err *err) {
    if (!db->conn)
        return err_set(err, ERR_AWAY, "not connected to the database");
    if (PQconsumeInput(db->conn) != 1)
        return lost(db, err, PQerrorMessage(db->conn));
    drop_notifications(db->conn);
    return true;
}

/* Until the socket is ready (events), or for the caller to look again: a signal. */
static bool wait_once(struct db *db, short events, int timeout_ms) {
    struct pollfd fds[] = {{.fd = PQsocket(db->conn), .events = events},
                           {.fd = db->abort_wake.fd, .events = POLLIN},
                           {.fd = db->meanwhile.fd, .events = POLLIN}};
    if (poll(fds, 3, timeout_ms) < 0)
        return true;
    if (fds[2].revents)
        db->meanwhile.turn(db->meanwhile.arg);
    return fds[0].revents || fds[1].revents;
}

/* Waits until the socket is ready (events), the deadline passed or db_abort was called. */
static bool wait_ready(struct db *db, short events, int64_t deadline_us, struct err *err) {
    for (bool ready = false; !ready;) {
        int64_t left = deadline_us ? (deadline_us - clock_boot_us()) / USEC_PER_MS + 1 : -1;
        if (deadline_us && left <= 0)
            return lost(db, err, "the database did not answer in time");
        ready = wait_once(db, events, left > 60000 ? 60000 : (int)left);
        if (atomic_load(&db->aborted))
            return lost(db, err, "stopped while the database was busy");
    }
    return true;
}

static bool flush(struct db *db, int64_t deadline_us, struct err *err) {
    for (;;) {
        int left = PQflush(db->conn);
        if (left == 0)
            return true;
        if (left < 0)
            return lost(db, err, PQerrorMessage(db->conn));
        if (!wait_ready(db, POLLIN | POLLOUT, deadline_us, err))
            return false;
        if (PQconsumeInput(db->conn) != 1)
            return lost(db, err, PQerrorMessage(db->conn));
    }
}

/* The next result, or NULL where a statement's results end. */
static bool next_result(struct db *db, int64_t deadline_us, PGresult **out, struct err *err) {
    while (PQisBusy(db->conn)) {
        if (!wait_ready(db, POLLIN, deadline_us, err))
            return false;
        if (PQconsumeInput(db->conn) != 1)
            return lost(db, err, PQerrorMessage(db->conn));
    }
    *out = PQgetResult(db->conn);
    if (PQstatus(db->conn) == CONNECTION_OK)
        return true;
    bool dead = lost(db, err, *out ? PQresultErrorMessage(*out) : "no answer");
    PQclear(*out);
    return dead;
}

/* Of several statements in one message the last one's counts. */
static bool collect(struct db *db, int64_t deadline_us, PGresult **out, struct err *err) {
    PGresult *last = NULL;
    for (;;) {
        PGresult *r = NULL;
        if (!next_result(db, deadline_us, &r, err)) {
            PQclear(last);
            return false;
        }
        if (!r)
            break;
        PQclear(last);
        last = r;
    }
    if (!last)
        return lost(db, err, "no answer");
    drop_notifications(db->conn);
    *out = last;
    return true;
}

static int64_t deadline_of(const struct db *db) {
    return db->deadline_ms ? clock_boot_us() + db->deadline_ms * USEC_PER_MS : 0;
}

bool db_converse(struct db *db, const char *sql, int n, const char *const *params, PGresult **out,
                 struct err *err) {
    if (!db->conn)
        return err_set(err, ERR_AWAY, "not connected to the database");
    int64_t deadline = deadline_of(db);
    int sent = n > 0 ? PQsendQueryParams(db->conn, sql, n, NULL, params, NULL, NULL, 0)
                     : PQsendQuery(db->conn, sql); /* may be several statements */
    if (sent != 1)
        return lost(db, err, PQerrorMessage(db->conn));
    return flush(db, deadline, err) && collect(db, deadline, out, err);
}

/* --- several at once, kept by name ------------------------------------------------------------ */

#define STEPS_MAX 4
#define NAME_MAX_LEN 32
#define SQL_MAX ((size_t)64 * 1024)

/* What was sent, in order: a step is one statement, or two where it is made known first. */
struct sent {
    int n;
    int wanted;                     /* the place of the result that counts */
    uint64_t learnt[2 * STEPS_MAX]; /* at the places that make a statement known: its hash */
};

bool db_keeps(const struct db *db) {
    return db->use == DB_WORKER && !db->pooled && !db->forgets;
}

void db_keep_no_more(struct db *db) {
    db->forgets = true;
}

/* FNV-1a. */
static uint64_t hash_of(const char *s) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h ? h : 1;
}

static bool is_kept(const struct db *db, uint64_t hash) {
    for (int i = 0; i < db->kept_count; i++)
        if (db->kept[i] == hash)
            return true;
    return false;
}

static bool send_as_it_is(struct db *db, const struct db_step *s, struct err *err) {
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    bool ok = db_expand(db, s->template, &sql, err);
    if (ok &&
        PQsendQueryParams(db->conn, buf_text(&sql), s->n, NULL, s->params, NULL, NULL, 0) != 1)
        ok = err_set(err, ERR_AWAY, "%s", PQerrorMessage(db->conn));
    buf_free(&sql);
    return ok;
}

static bool make_known(struct db *db, const char *name, const struct db_step *s, struct err *err) {
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    bool ok = db_expand(db, s->template, &sql, err);
    if (ok && PQsendPrepare(db->conn, name, buf_text(&sql), 0, NULL) != 1)
        ok = err_set(err, ERR_AWAY, "%s", PQerrorMessage(db->conn));
    buf_free(&sql);
    return ok;
}

static bool send_kept(struct db *db, const struct db_step *s, struct sent *sent, struct err *err) {
    char name[NAME_MAX_LEN];
    uint64_t hash = hash_of(s->template);
    str_format(name, sizeof name, "postroom_%016llx", (unsigned long long)hash);
    if (!is_kept(db, hash)) {
        if (!make_known(db, name, s, err))
            return false;
        sent->learnt[sent->n++] = hash;
    }
    return PQsendQueryPrepared(db->conn, name, s->n, s->params, NULL, NULL, 0) == 1 ||
           err_set(err, ERR_AWAY, "%s", PQerrorMessage(db->conn));
}

static bool send_steps(struct db *db, const struct db_step *steps, int n, int wanted,
                       struct sent *sent, struct err *err) {
    if (PQenterPipelineMode(db->conn) != 1)
        return err_set(err, ERR_AWAY, "%s", PQerrorMessage(db->conn));
    for (int i = 0; i < n; i++) {
        bool room = db->kept_count + STEPS_MAX <= KEPT_MAX;
        bool ok = steps[i].spelt || !room ? send_as_it_is(db, &steps[i], err)
                                          : send_kept(db, &steps[i], sent, err);
        if (!ok)
            return false;
        if (i == wanted)
            sent->wanted = sent->n;
        sent->n++;
    }
    return PQpipelineSync(db->conn) == 1 || err_set(err, ERR_AWAY, "%s", PQerrorMessage(db->conn));
}

static bool is_bad(const PGresult *r) {
    ExecStatusType s = PQresultStatus(r);
    return s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK;
}

/* One statement's result and the NULL behind it. What comes behind a bad one was not done. */
static bool take_one(struct db *db, int64_t deadline, int at, const struct sent *sent,
                     PGresult **out, struct err *err) {
    PGresult *r = NULL, *none = NULL;
    if (!next_result(db, deadline, &r, err))
        return false;
    bool decided = *out && is_bad(*out);
    if (r && !is_bad(r) && sent->learnt[at])
        db->kept[db->kept_count++] = sent->learnt[at];
    if (r && !decided && (is_bad(r) || at == sent->wanted)) {
        PQclear(*out);
        *out = r;
    } else {
        PQclear(r);
    }
    bool ok = next_result(db, deadline, &none, err);
    PQclear(ok ? none : NULL);
    return ok;
}

static bool take_all(struct db *db, int64_t deadline, const struct sent *sent, PGresult **out,
                     struct err *err) {
    PGresult *sync = NULL;
    for (int i = 0; i < sent->n; i++)
        if (!take_one(db, deadline, i, sent, out, err))
            return false;
    if (!next_result(db, deadline, &sync, err))
        return false;
    bool ended = PQresultStatus(sync) == PGRES_PIPELINE_SYNC && *out;
    PQclear(sync);
    drop_notifications(db->conn);
    return (ended && PQexitPipelineMode(db->conn) == 1) ||
           lost(db, err, "an answer that was not expected");
}

bool db_converse_steps(struct db *db, const struct db_step *steps, int n, int wanted,
                       PGresult **out, struct err *err) {
    struct sent sent = {0};
    *out = NULL;
    if (!db->conn)
        return err_set(err, ERR_AWAY, "not connected to the database");
    int64_t deadline = deadline_of(db);
    if (!send_steps(db, steps, n, wanted, &sent, err)) {
        db_close(db, NULL); /* half of it may be under way */
        return false;
    }
    if (flush(db, deadline, err) && take_all(db, deadline, &sent, out, err))
        return true;
    PQclear(*out);
    *out = NULL;
    return false;
}
