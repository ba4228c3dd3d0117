/* A connection to PostgreSQL: open, use, lose, open again. All of libpq lives in src/db.
 *
 * One thread owns a `struct db`. Every statement has a deadline: a database that does not answer
 * fails it with ERR_AWAY and closes the connection; the owner opens it again later. The names of
 * table and columns are looked up at each opening (struct settings `columns`). */
#ifndef POSTROOM_DB_DB_H
#define POSTROOM_DB_DB_H

#include "base/err.h"
#include "core/settings.h"

#include <stdint.h>

struct db;

enum db_use {
    DB_WORKER,   /* needs the schema of this version */
    DB_TOOL,     /* the same, for commands and the feed */
    DB_READONLY, /* the same, in a read-only session */
    DB_MIGRATE,  /* whatever is there */
};

/* No connection yet. settings must outlive it. */
struct db *db_new(const struct settings *s, enum db_use use, struct err *err) MUST_CHECK;
void db_free(struct db *db); /* NULL is fine */

/* Connects within 10 s, checks the schema's version, reads the table's map. ERR_AWAY: not
 * reachable; ERR_SCHEMA: run `postroom migrate`; ERR_USAGE: the URL itself is no good. */
bool db_open(struct db *db, struct err *err) MUST_CHECK;
bool db_is_open(const struct db *db);
void db_close(struct db *db, const char *reason); /* the reason goes to the log; NULL: quietly */

/* From another thread, at the hard deadline: whatever statement runs fails now with ERR_AWAY,
 * and so does every later one. */
void db_abort(struct db *db);

/* One transaction around several statements. db_rollback also after a failure, whatever it was. */
bool db_begin(struct db *db, struct err *err) MUST_CHECK;
bool db_commit(struct db *db, struct err *err) MUST_CHECK;
void db_rollback(struct db *db);

/* "shop@db-eu1": current_database()@host, a socket is "local", ":port" unless 5432. */
const char *db_display_name(const struct db *db);

/* The database's clock minus ours, wall microseconds, measured at opening. */
int64_t db_clock_skew_us(const struct db *db);

/* --- LISTEN, on a connection of its own (listen_database_url) ------------------------------- */

/* Opens it; false where it cannot be had (a pooler): polling then does the work. */
bool db_listen_open(struct db *db, struct err *err) MUST_CHECK;
int db_listen_fd(const struct db *db); /* -1: not open */
enum db_note {
    DB_NOTE_NONE = 0,
    DB_NOTE_MAIL = 1,
    DB_NOTE_CONTROL = 2
};
/* Empties what has arrived; a set of DB_NOTE_*. Closes the connection where it is broken. */
int db_listen_take(struct db *db);

#endif
