/* The database: can it be reached, and what it says of itself (db/examine.h). */
#include "doctor/internal.h"

#include "base/str.h"
#include "db/examine.h"

static void say_away(const struct err *err, struct findings *out) {
    findings_add(out, FINDING_MEND, "database.connection", "%s", err->text);
    findings_remedy(out, err->code == ERR_USAGE
                             ? "see DATABASE_URL in postroom.conf(5)"
                             : "check DATABASE_URL: host, port, database, user and password; that "
                               "the server runs, and lets this machine in (pg_hba.conf)");
    findings_add(out, FINDING_UNKNOWN, "database.schema",
                 "version, schema, rights and queue: the database cannot be asked");
}

static void examine(struct db *db, struct findings *out) {
    findings_add(out, FINDING_OK, "database.connection", "connected to %s", db_display_name(db));
    examine_server(db, out);
    examine_listen(db, out);
    if (examine_schema(db, out)) {
        examine_rights(db, out);
        examine_queue(db, out);
    }
    doctor_clock("clock.database", "the database's", -db_clock_skew_us(db), 100000, out);
}

void doctor_database(const struct settings *s, struct findings *out) {
    struct err err;
    struct db *db = db_new(s, DB_MIGRATE, &err);
    if (db && db_open(db, &err))
        examine(db, out);
    else
        say_away(&err, out);
    db_free(db);
}
