/* A connection to PostgreSQL: open, use, lose, open again. All of libpq lives in src/db.
 *
 * One thread owns a `struct db`. Every statement has a deadline: a database that does not answer
 * fails it with ERR_AWAY and closes the connection; the owner opens it again later. So does one
 * that takes no writes where it must: of several hosts the next attempt finds the one that does.
 * The names of table and columns are looked up at each opening (struct settings `columns`). No
 * setting outlives its transaction where the session may be one that a pooler hands around. */
#ifndef POSTROOM_DB_DB_H
#define POSTROOM_DB_DB_H

#include "base/err.h"
#include "core/settings.h"

#include <stdint.h>

struct db;

enum db_use {
    DB_WORKER,   /* needs the schema of this version */
    DB_TOOL,     /* the same, for commands and the feed */
    DB_READONLY, /* the same, changing nothing; a standby will do */
    DB_MIGRATE,  /* whatever is there */
};

/* No connection yet. settings must outlive it. */
struct db *db_new(const struct settings *s, enum db_use use, struct err *err) MUST_CHECK;
void db_free(struct db *db); /* NULL is fine */

/* Connects (20 s at most), checks the schema's version, reads the table's map. ERR_AWAY: not
 * reachable; ERR_SCHEMA: run `postroom migrate`; ERR_USAGE: the URL itself is no good. */
bool db_open(struct db *db, struct err *err) MUST_CHECK;
bool db_is_open(const struct db *db);

/* The same for a loop that has other things to do. db_dial begins an attempt to connect, beside
 * those that still run; db_answered sees what came of them. */
bool db_dial(struct db *db, struct err *err) MUST_CHECK;
enum db_answer {
    DB_DIALING, /* nothing yet */
    DB_OPENED,
    DB_FAILED /* one did not; others may still run */
};
enum db_answer db_answered(struct db *db, struct err *err) MUST_CHECK;

/* Readable: an attempt ended, or the server said something unasked. -1: neither can be. */
int db_fd(const struct db *db);

/* Reads what the server said unasked: that it goes, mostly. false (ERR_AWAY): it is gone. */
bool db_still_there(struct db *db, struct err *err) MUST_CHECK;

/* Does any thread of this process still try to connect? Some were left behind by db_close. */
bool db_is_connecting(void);

void db_close(struct db *db, const char *reason); /* the reason goes to the log; NULL: quietly */

/* From another thread, at the hard deadline: whatever statement runs fails now with ERR_AWAY,
 * and so does every later one. */
void db_abort(struct db *db);

/* While answers are awaited `fd` is watched, too, and `turn(arg)` called where it is readable: by
 * the owner's thread, in the middle of a statement, so it must not use the connection. {.fd = -1},
 * as at first: nothing is watched. */
struct db_meanwhile {
    int fd;
    void (*turn)(void *arg);
    void *arg;
};
void db_set_meanwhile(struct db *db, struct db_meanwhile m);

/* One transaction around several statements. db_rollback also after a failure, whatever it was. */
bool db_begin(struct db *db, struct err *err) MUST_CHECK;
bool db_commit(struct db *db, struct err *err) MUST_CHECK;
void db_rollback(struct db *db);

/* "shop@db-eu1": current_database()@host, a socket is "local", ":port" unless 5432. */
const char *db_display_name(const struct db *db);

/* The database's clock minus ours, wall microseconds, measured at opening. */
int64_t db_clock_skew_us(const struct db *db);

/* Does a pooler stand between? Then sessions are shared, and nothing may be left behind in one. */
bool db_is_pooled(const struct db *db);

/* Does it go over a network without being encrypted? */
bool db_is_exposed(const struct db *db);

#endif
