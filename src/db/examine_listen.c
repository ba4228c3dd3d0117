/* LISTEN, tried: a connection as the workers' listening one, a channel of our own, one NOTIFY from
 * the other connection. Arriving proves more than each end alone: that both lead to the same
 * database, and that no pooler hands the listening session around. See examine.h. */
#include "db/examine.h"

#include "base/clock.h"
#include "base/rand.h"
#include "base/str.h"
#include "db/internal.h"

#include <poll.h>
#include <string.h>

#define WAIT_US (5 * USEC_PER_SEC)

static void say_polling(struct db *db, struct findings *out) {
    findings_remedy(out,
                    "let LISTEN_DATABASE_URL name the server itself; until then workers look every "
                    "%.3g s (poll_interval)",
                    (double)db_settings(db)->poll_interval_ms / 1000);
}

/* The channel's name comes as `word`, which nothing but hexadecimal is in. */
static bool hears(struct db *ear, const char *channel) {
    PGconn *conn = db_conn(ear);
    int64_t until_us = clock_boot_us() + WAIT_US;
    for (int64_t left = WAIT_US; conn && left > 0; left = until_us - clock_boot_us()) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
        if (PQconsumeInput(conn) != 1)
            return false;
        for (PGnotify *n; (n = PQnotifies(conn));) {
            bool ours = strcmp(n->relname, channel) == 0;
            PQfreemem(n);
            if (ours)
                return true;
        }
        (void)poll(&fd, 1, (int)(left / USEC_PER_MS) + 1);
    }
    return false;
}

static void try_it(struct db *db, struct db *ear, struct findings *out) {
    char uuid[UUID_TEXT], channel[64], listen[96];
    struct err err;
    rand_uuid(uuid);
    str_format(channel, sizeof channel, "postroom_doctor_%.8s", uuid);
    str_format(listen, sizeof listen, "LISTEN %s", channel);
    if (!db_run(ear, listen, &err) ||
        !db_exec(db, "SELECT pg_notify($1, '')", 1, (const char *[]){channel}, NULL, &err)) {
        findings_add(out, FINDING_UNKNOWN, "database.listen", "LISTEN could not be tried: %s",
                     err.text);
    } else if (hears(ear, channel)) {
        findings_add(out, FINDING_OK, "database.listen", "LISTEN works: new mail wakes workers");
    } else {
        findings_add(out, FINDING_NOTE, "database.listen",
                     "a NOTIFY does not arrive where workers listen: the two addresses do not lead "
                     "to the same database");
        say_polling(db, out);
    }
}

void examine_listen(struct db *db, struct findings *out) {
    struct err err;
    struct settings s = *db_settings(db);
    if (s.listen_database_url[0])
        s.database_url = s.listen_database_url;
    struct db *ear = db_new(&s, DB_MIGRATE, &err);
    if (!ear || !db_open(ear, &err)) {
        findings_add(out, FINDING_NOTE, "database.listen", "no connection to listen on: %s",
                     err.text);
        say_polling(db, out);
    } else if (db_is_pooled(ear)) {
        findings_add(out, FINDING_NOTE, "database.listen",
                     "LISTEN does not work through a pooler: workers are not woken by new mail");
        say_polling(db, out);
    } else {
        try_it(db, ear, out);
    }
    db_free(ear);
}
