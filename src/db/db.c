/* The connection: open, check, lose, open again; and the listening connection beside it.
 * Owned by one thread, but for db_abort. Session settings are never changed for a worker's
 * connection, so that it may go through a transaction pooler. */
#include "db/db.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/wake.h"
#include "db/internal.h"
#include "db/schema.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_DEFAULT_MS INT64_C(15000)

struct db {
    const struct settings *settings;
    enum db_use use;
    PGconn *conn;
    PGconn *listen;
    struct table_map map;
    char display[256];
    int64_t skew_us;
    int64_t deadline_ms;
    struct wake abort_wake;
    _Atomic bool aborted;
};

/* Timestamps come back in UTC; PGTZ is the one session setting every pooler tracks. */
static void use_utc(void) {
    setenv("PGTZ", "UTC", 1);
}

struct db *db_new(const struct settings *s, enum db_use use, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct db *db = mem_alloc(sizeof *db);
    if (!db) {
        err_nomem(err);
        return NULL;
    }
    pthread_once(&once, use_utc);
    db->settings = s;
    db->use = use;
    db->deadline_ms = DEADLINE_DEFAULT_MS;
    if (!wake_open(&db->abort_wake, err)) {
        mem_free(db);
        return NULL;
    }
    return db;
}

static void listen_close(struct db *db) {
    if (db->listen)
        PQfinish(db->listen);
    db->listen = NULL;
}

void db_free(struct db *db) {
    if (!db)
        return;
    db_close(db, NULL);
    wake_close(&db->abort_wake);
    mem_free(db);
}

bool db_is_open(const struct db *db) {
    return db->conn != NULL;
}

void db_close(struct db *db, const char *reason) {
    if (db->conn) {
        if (reason)
            log_event(LOG_WARN, "database_closed", "%s", reason);
        PQfinish(db->conn);
        db->conn = NULL;
    }
    listen_close(db);
}

void db_abort(struct db *db) {
    atomic_store(&db->aborted, true);
    wake_up(&db->abort_wake);
}

PGconn *db_conn(struct db *db) {
    return db->conn;
}

struct table_map *db_map(struct db *db) {
    return &db->map;
}

const struct settings *db_settings(const struct db *db) {
    return db->settings;
}

const char *db_display_name(const struct db *db) {
    return db->display;
}

int64_t db_clock_skew_us(const struct db *db) {
    return db->skew_us;
}

void db_set_deadline_ms(struct db *db, int64_t ms) {
    db->deadline_ms = ms;
}

/* libpq's words on one line, without the trailing newline and without its long prefix twice. */
static void one_line(char *dst, size_t size, const char *text) {
    size_t n = 0;
    for (; *text && n + 1 < size; text++) {
        char c = *text == '\n' || *text == '\t' ? ' ' : *text;
        if (c == ' ' && (n == 0 || dst[n - 1] == ' '))
            continue;
        dst[n++] = c;
    }
    while (n > 0 && dst[n - 1] == ' ')
        n--;
    dst[n] = '\0';
}

static bool connect_failed(PGconn *conn, struct err *err) {
    char text[400];
    one_line(text, sizeof text, conn ? PQerrorMessage(conn) : "out of memory");
    PQfinish(conn);
    return err_set(err, ERR_AWAY, "cannot connect to the database: %s", text);
}

static void ignore_notice(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

/* Is the URL one? Its own text is never repeated: it may hold a password. */
static bool url_check(const char *url, struct err *err) {
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &words);
    PQfreemem(words);
    PQconninfoFree(options);
    if (options || url[0] == '\0')
        return true;
    return err_set(err, ERR_USAGE,
                   "DATABASE_URL is no PostgreSQL address: write it as "
                   "postgres://user:password@host:5432/database");
}

/* Connects with time limits for hosts that do not answer; what the URL says itself wins. */
static bool connect_to(const char *url, PGconn **out, struct err *err) {
    const char *keys[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                          "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                          "client_encoding",  "dbname",           NULL};
    const char *values[] = {"5", "10", "5", "3", "15000", "postroom", "UTF8", url, NULL};
    if (!url_check(url, err))
        return false;
    if (url[0] == '\0')
        keys[7] = NULL;
    PGconn *conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(conn) != CONNECTION_OK)
        return connect_failed(conn, err);
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    PQsetnonblocking(conn, 1);
    *out = conn;
    return true;
}

static bool is_local(PGconn *conn) {
    const char *host = PQhost(conn);
    const char *addr = PQhostaddr(conn);
    return !host || host[0] == '\0' || host[0] == '/' || (addr && str_starts(addr, "127.")) ||
           str_eq(addr, "::1");
}

static void note_display(struct db *db) {
    const char *host = PQhost(db->conn);
    const char *port = PQport(db->conn);
    bool usual = str_eq(port, "5432");
    bool socket = !host || host[0] == '\0' || host[0] == '/';
    str_format(db->display, sizeof db->display, "%s@%s%s%s", PQdb(db->conn),
               socket ? "local" : host, usual ? "" : ":", usual ? "" : port);
    if (!is_local(db->conn) && !PQsslInUse(db->conn))
        log_event(LOG_WARN, "database_unencrypted",
                  "the connection to %s is not encrypted: add sslmode=verify-full to DATABASE_URL",
                  db->display);
}

static bool note_clock(struct db *db, struct err *err) {
    PGresult *r = NULL;
    int64_t before = clock_wall_us();
    if (!db_exec(db, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", 0, NULL,
                 &r, err))
        return false;
    int64_t after = clock_wall_us();
    db->skew_us = cell_int(r, 0, 0, after) - (before + after) / 2;
    PQclear(r);
    return true;
}

static bool set_up(struct db *db, struct err *err) {
    if (db->use == DB_READONLY && !db_run(db, "SET default_transaction_read_only = on", err))
        return false;
    if (!note_clock(db, err) || !map_load(db, &db->map, err))
        return false;
    return db->use == DB_MIGRATE || schema_check(db, err);
}

bool db_open(struct db *db, struct err *err) {
    if (db->conn)
        return true;
    if (atomic_load(&db->aborted))
        return err_set(err, ERR_AWAY, "stopping");
    if (!connect_to(db->settings->database_url, &db->conn, err))
        return false;
    note_display(db);
    if (set_up(db, err))
        return true;
    db_close(db, NULL);
    return false;
}

/* --- LISTEN ------------------------------------------------------------------------------- */

bool db_listen_open(struct db *db, struct err *err) {
    if (db->listen)
        return true;
    const char *own = db->settings->listen_database_url;
    if (!connect_to(own[0] ? own : db->settings->database_url, &db->listen, err))
        return false;
    PGresult *r = PQexec(db->listen, "LISTEN postroom");
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    if (ok)
        return true;
    char text[300];
    one_line(text, sizeof text, PQerrorMessage(db->listen));
    listen_close(db);
    return err_set(err, ERR_DB, "LISTEN does not work here: %s", text);
}

int db_listen_fd(const struct db *db) {
    return db->listen ? PQsocket(db->listen) : -1;
}

int db_listen_take(struct db *db) {
    int notes = DB_NOTE_NONE;
    if (!db->listen)
        return notes;
    bool alive = PQconsumeInput(db->listen) == 1;
    for (PGnotify *n; (n = PQnotifies(db->listen)); PQfreemem(n))
        notes |= strcmp(n->extra, "control") == 0 ? DB_NOTE_CONTROL : DB_NOTE_MAIL;
    if (!alive || PQstatus(db->listen) != CONNECTION_OK)
        listen_close(db);
    return notes;
}

/* --- statements: how one waits for its answer (exec.c says what is asked) ------------------- */

static bool lost(struct db *db, struct err *err, const char *what) {
    char text[300];
    one_line(text, sizeof text, what);
    db_close(db, NULL);
    return err_set(err, ERR_AWAY, "%s", text[0] ? text : "the database closed the connection");
}

/* Waits until the socket is ready (events), the deadline passed or db_abort was called. */
static bool wait_ready(struct db *db, short events, int64_t deadline_us, struct err *err) {
    struct pollfd fds[2] = {{.fd = PQsocket(db->conn), .events = events},
                            {.fd = db->abort_wake.fd, .events = POLLIN}};
    int64_t left = deadline_us ? (deadline_us - clock_boot_us()) / USEC_PER_MS + 1 : -1;
    if (deadline_us && left <= 0)
        return lost(db, err, "the database did not answer in time");
    if (poll(fds, 2, left > 60000 ? 60000 : (int)left) < 0)
        return true; /* a signal: the caller looks again */
    if (atomic_load(&db->aborted))
        return lost(db, err, "stopped while the database was busy");
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

static bool collect(struct db *db, int64_t deadline_us, PGresult **out, struct err *err) {
    PGresult *last = NULL;
    for (;;) {
        while (PQisBusy(db->conn)) {
            if (!wait_ready(db, POLLIN, deadline_us, err)) {
                PQclear(last);
                return false;
            }
            if (PQconsumeInput(db->conn) != 1) {
                PQclear(last);
                return lost(db, err, PQerrorMessage(db->conn));
            }
        }
        PGresult *r = PQgetResult(db->conn);
        if (!r)
            break;
        PQclear(last);
        last = r;
    }
    if (!last || PQstatus(db->conn) != CONNECTION_OK) {
        bool dead = lost(db, err, last ? PQresultErrorMessage(last) : "no answer");
        PQclear(last);
        return dead;
    }
    *out = last;
    return true;
}

bool db_converse(struct db *db, const char *sql, int n, const char *const *params, PGresult **out,
                 struct err *err) {
    if (!db->conn)
        return err_set(err, ERR_AWAY, "not connected to the database");
    int64_t deadline = db->deadline_ms ? clock_boot_us() + db->deadline_ms * USEC_PER_MS : 0;
    int sent = n > 0 ? PQsendQueryParams(db->conn, sql, n, NULL, params, NULL, NULL, 0)
                     : PQsendQuery(db->conn, sql); /* may be several statements: guided.c */
    if (sent != 1)
        return lost(db, err, PQerrorMessage(db->conn));
    return flush(db, deadline, err) && collect(db, deadline, out, err);
}
