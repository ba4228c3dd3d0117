/* A transaction that somebody forgot to end keeps all rows dead since then in the table and its
 * indexes: every claim walks past them. So does a replication slot whose standby went away, or has
 * a long query. Who is it? The worker's thread. */
#ifndef POSTROOM_DB_HORIZON_H
#define POSTROOM_DB_HORIZON_H

#include "db/db.h"

struct horizon {
    char what[200];   /* "psql of shop (pid 71) has a transaction open"; "": nobody */
    char remedy[200]; /* what to do about it, to follow "slows it down; " */
    int64_t since_us; /* wall time, database clock; 0: not known (a slot) */
};

/* Who holds back the most: a transaction of this database that has been open for longer than that,
 * or a slot that is 10,000 transactions behind and not read, or 500,000 and read. Where the role
 * may not see other sessions (pg_read_all_stats) of those nobody is found. */
bool horizon_holder(struct db *db, int64_t longer_than_ms, struct horizon *out,
                    struct err *err) MUST_CHECK;

#endif
