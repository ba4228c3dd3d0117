/* For tests of src/db against a real server: a migrated database in POSTROOM_TEST_DATABASE, asked
 * and filled by psql, which is what an application would use and trusts no code tested here. */
#ifndef TESTS_UNIT_DB_DATABASE_H
#define TESTS_UNIT_DB_DATABASE_H

#include "base/str.h"
#include "db/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings;
static struct err err;

/* False: there is none, so nothing to test. */
static inline bool database_given(void) {
    const char *url = getenv("POSTROOM_TEST_DATABASE");
    settings = (struct settings){.database_url = url,
                                 .listen_database_url = "",
                                 .table = "email_messages",
                                 .worker_name = "here"};
    for (int c = 0; c < COLUMN_COUNT; c++)
        settings.columns[c] = column_name((enum column)c);
    if (!url)
        puts("no POSTROOM_TEST_DATABASE: run by tests/db/*.sh");
    return url != NULL;
}

static inline struct db *open_db(enum db_use use) {
    struct db *db = db_new(&settings, use, &err);
    assert_non_null(db);
    if (!db_open(db, &err))
        fail_msg("%s", err.text);
    return db;
}

static inline void done(bool ok) {
    if (!ok)
        fail_msg("%s", err.text);
}

static inline char *psql(const char *sql, char *out, size_t size) {
    char command[8192];
    str_format(command, sizeof command,
               "psql -XqAt -v ON_ERROR_STOP=1 \"$POSTROOM_TEST_DATABASE\" <<'SQL'\n%s\nSQL", sql);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, size - 1, p);
    out[n] = '\0';
    assert_int_equal(pclose(p), 0);
    return str_trim(out);
}

static inline void sql(const char *text) {
    char out[256];
    (void)psql(text, out, sizeof out);
}

static inline void is(const char *query, const char *expected) {
    char out[1024];
    assert_string_equal(psql(query, out, sizeof out), expected);
}

static inline int fresh(void **state) {
    (void)state;
    sql("TRUNCATE email_messages, postroom.requests, postroom.attempts, postroom.lanes,"
        " postroom.usage, postroom.minutes, postroom.minute_errors, postroom.waiting,"
        " postroom.workers, postroom.attention, postroom.journal, postroom.operators, "
        "postroom.published;"
        " UPDATE postroom.control SET paused_at = NULL, paused_by = NULL, paused_reason = NULL,"
        "  trigger_at = NULL;");
    return 0;
}

#endif
