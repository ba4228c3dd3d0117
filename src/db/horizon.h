/* A transaction that somebody forgot to end keeps all rows dead since then in the table and its
 * indexes: every claim walks past them (HAZARDS finding 4). Who is it? The worker's thread. */
#ifndef POSTROOM_DB_HORIZON_H
#define POSTROOM_DB_HORIZON_H

#include "db/db.h"

struct horizon {
    int pid;          /* of the server's process; 0: nobody, or a prepared transaction */
    char name[128];   /* its application and user, or the prepared transaction's name; "": nobody */
    int64_t since_us; /* wall time, database clock */
};

/* The oldest transaction of this database that has been open for longer than that. Where the role
 * may not see other sessions (pg_read_all_stats) nobody is found. */
bool horizon_holder(struct db *db, int64_t longer_than_ms, struct horizon *out,
                    struct err *err) MUST_CHECK;

#endif
