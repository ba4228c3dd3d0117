/* The inside of a connection, for db.c (which opens it) and converse.c (which speaks over it). */
#ifndef POSTROOM_DB_SESSION_H
#define POSTROOM_DB_SESSION_H

#include "base/wake.h"
#include "db/internal.h"

#include <stdatomic.h>

#define KEPT_MAX 64 /* a worker has two dozen */

struct db {
    const struct settings *settings;
    enum db_use use;
    PGconn *conn;
    struct dial *dial; /* while it is being opened */
    bool pooled;
    bool refuses_writes; /* the session itself does */
    struct table_map map;
    char display[256];
    int64_t skew_us;
    int64_t deadline_ms;
    struct db_meanwhile meanwhile;
    struct wake abort_wake;
    _Atomic bool aborted;

    /* Statements that this session knows by name: a hash of their templates. */
    uint64_t kept[KEPT_MAX];
    int kept_count;
    bool forgets; /* it was seen to forget them, or to be handed around: none are kept any more */
};

#endif
