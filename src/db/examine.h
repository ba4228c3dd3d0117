/* What `doctor` finds out about the database, as findings called "database.*" and "queue.*". Each
 * only looks, but for one NOTIFY that nobody else hears. The thread that owns the struct db. */
#ifndef POSTROOM_DB_EXAMINE_H
#define POSTROOM_DB_EXAMINE_H

#include "core/findings.h"
#include "db/db.h"

/* The server, its settings and the way to it. db: opened as DB_MIGRATE; so for all of these. */
void examine_server(struct db *db, struct findings *out);

/* Is the schema this version's, and whole? false: the rest cannot be looked at. */
bool examine_schema(struct db *db, struct findings *out) MUST_CHECK;

/* Does the role have what it needs? */
void examine_rights(struct db *db, struct findings *out);

/* Does a NOTIFY made here arrive where workers LISTEN (listen_database_url)? Waits 5 s at most. */
void examine_listen(struct db *db, struct findings *out);

/* Old transactions, workers, pauses, parked lanes, uncertain messages. */
void examine_queue(struct db *db, struct findings *out);

#endif
