/* The connection: open, check, lose, open again. Owned by one thread, but for db_abort. */
#include "db/db.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/connect.h"
#include "db/internal.h"
#include "db/schema.h"
#include "db/session.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_US (20 * USEC_PER_SEC)

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
    db->deadline_ms = DB_DEADLINE_MS;
    db->meanwhile.fd = -1;
    if (!wake_open(&db->abort_wake, err)) {
        mem_free(db);
        return NULL;
    }
    return db;
}

void db_free(struct db *db) {
    if (!db)
        return;
    db_close(db, NULL);
    wake_close(&db->abort_wake);
    mem_free(db);
}

void db_set_meanwhile(struct db *db, struct db_meanwhile m) {
    db->meanwhile = m;
}

bool db_is_open(const struct db *db) {
    return db->conn != NULL;
}

static void stop_dialing(struct db *db) {
    dial_free(db->dial);
    db->dial = NULL;
}

void db_close(struct db *db, const char *reason) {
    stop_dialing(db);
    if (!db->conn)
        return;
    if (reason)
        log_event(LOG_WARN, "database_closed", "%s", reason);
    PQfinish(db->conn);
    db->conn = NULL;
    db->kept_count = 0;
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

bool db_is_pooled(const struct db *db) {
    return db->pooled;
}

static bool is_local(PGconn *conn) {
    const char *host = PQhost(conn);
    const char *addr = PQhostaddr(conn);
    return !host || host[0] == '\0' || host[0] == '/' || (addr && str_starts(addr, "127.")) ||
           str_eq(addr, "::1");
}

bool db_is_exposed(const struct db *db) {
    return !is_local(db->conn) && !PQsslInUse(db->conn);
}

bool db_is_read_only(const struct db *db) {
    return db->use == DB_READONLY;
}

bool db_refuses_writes(const struct db *db) {
    return db->refuses_writes;
}

void db_set_deadline_ms(struct db *db, int64_t ms) {
    db->deadline_ms = ms;
}

int db_fd(const struct db *db) {
    return db->conn ? PQsocket(db->conn) : db->dial ? dial_fd(db->dial) : -1;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void note_display(struct db *db) {
    const char *host = PQhost(db->conn);
    const char *port = PQport(db->conn);
    bool usual = str_eq(port, "5432");
    bool socket = !host || host[0] == '\0' || host[0] == '/';
    char before[sizeof db->display];
    str_copy(before, sizeof before, db->display);
    str_format(db->display, sizeof db->display, "%s@%s%s%s", PQdb(db->conn),
               socket ? "local" : host, usual ? "" : ":", usual ? "" : port);
    if (db_is_exposed(db) && !str_eq(before, db->display))
        log_event(LOG_WARN, "database_unencrypted",
                  "the connection to %s is not encrypted: add sslmode=verify-full to DATABASE_URL",
                  db->display);
}

/* The clocks, and whose session this is: a pooler tells a number of its own as the process. */
static bool note_server(struct db *db, struct err *err) {
    PGresult *r = NULL;
    int64_t before = clock_wall_us();
    if (!db_exec(db,
                 "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,"
                 " pg_backend_pid()",
                 0, NULL, &r, err))
        return false;
    int64_t after = clock_wall_us();
    db->skew_us = cell_int(r, 0, 0, after) - (before + after) / 2;
    db->pooled = cell_int(r, 0, 1, 0) != PQbackendPID(db->conn);
    PQclear(r);
    return true;
}

/* A session that is ours alone is told once; in a shared one each transaction is (exec.c). */
static bool refuse_writes(struct db *db, struct err *err) {
    db->refuses_writes = false;
    if (!db_is_read_only(db) || db->pooled)
        return true;
    db->refuses_writes = db_run(db, "SET default_transaction_read_only = on", err);
    return db->refuses_writes;
}

static bool set_up(struct db *db, struct err *err) {
    note_display(db);
    if (!note_server(db, err) || !refuse_writes(db, err) || !map_load(db, &db->map, err))
        return false;
    return db->use == DB_MIGRATE || schema_check(db, err);
}

bool db_dial(struct db *db, struct err *err) {
    if (atomic_load(&db->aborted))
        return err_set(err, ERR_AWAY, "stopping");
    if (!db->dial)
        db->dial = dial_new(db->settings->database_url, db->use != DB_READONLY, err);
    return db->dial && dial_start(db->dial, err);
}

enum db_answer db_answered(struct db *db, struct err *err) {
    if (!db->dial)
        return DB_DIALING;
    db->conn = dial_take(db->dial, err);
    if (!db->conn)
        return err->code == ERR_NONE ? DB_DIALING : DB_FAILED;
    stop_dialing(db);
    if (set_up(db, err))
        return DB_OPENED;
    db_close(db, NULL);
    return DB_FAILED;
}

/* Until an attempt ended, the time is up or db_abort was called. */
static bool wait_for_attempt(struct db *db, int64_t until_us, struct err *err) {
    struct pollfd fds[2] = {{.fd = db_fd(db), .events = POLLIN},
                            {.fd = db->abort_wake.fd, .events = POLLIN}};
    int64_t left = (until_us - clock_boot_us()) / USEC_PER_MS + 1;
    if (left <= 0)
        return err_set(err, ERR_AWAY, "cannot connect to the database: no answer within %d s",
                       (int)(OPEN_US / USEC_PER_SEC));
    (void)poll(fds, 2, (int)left);
    return !atomic_load(&db->aborted) || err_set(err, ERR_AWAY, "stopping");
}

bool db_open(struct db *db, struct err *err) {
    int64_t until_us = clock_boot_us() + OPEN_US;
    if (db->conn)
        return true;
    enum db_answer answer = db_dial(db, err) ? DB_DIALING : DB_FAILED;
    while (answer == DB_DIALING)
        answer = wait_for_attempt(db, until_us, err) ? db_answered(db, err) : DB_FAILED;
    if (answer == DB_FAILED)
        db_close(db, NULL);
    return answer == DB_OPENED;
}
