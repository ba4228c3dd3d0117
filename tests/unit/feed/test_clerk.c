/* The clerk against a real server: errands done, a database that goes, comes and never was there.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "feed/clerk.h"
#include "unit/db/database.h"

#include <unistd.h>

#define LONG_MS 20000

static struct desk *desk;
static struct clerk *clerk;

static void start(const struct settings *s) {
    desk = desk_new(4, &err);
    assert_non_null(desk);
    clerk = clerk_start(s, desk, &err);
    if (!clerk)
        fail_msg("%s", err.text);
}

static void stop(void) {
    int64_t began = clock_boot_us();
    desk_close(desk);
    clerk_join(clerk);
    desk_free(desk);
    assert_true(clock_boot_us() - began <
                9 * USEC_PER_SEC); /* sooner than a statement is given up */
}

static enum errand_end ask(enum errand_kind kind, struct errand *e) {
    e->kind = kind;
    return desk_ask(desk, e, LONG_MS);
}

static void errands_are_carried_out(void **state) {
    (void)state;
    struct errand e = {.due = -1};
    start(&settings);
    sql("INSERT INTO email_messages (to_email, subject) VALUES ('a', 's'), ('b', 's')");
    assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_DONE);
    assert_int_equal(e.due, 2);
    sql("UPDATE email_messages SET status = 'sent' WHERE to_email = 'a';"
        "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker)"
        " VALUES ('a', 'sent', 1, 'w')");
    assert_int_equal(ask(ERRAND_PROGRESS, &e), ERRAND_DONE);
    assert_int_equal(e.sent, 1);
    assert_int_equal(e.remaining, 1);
    assert_int_equal(ask(ERRAND_STANDING, &e), ERRAND_DONE);
    assert_int_equal(e.standing.pending, 1);
    /* a picture serves for five seconds, longer where it took long: however slow we are */
    sql("DELETE FROM email_messages");
    clock_shift(-3600 * USEC_PER_SEC, 0);
    assert_int_equal(ask(ERRAND_STANDING, &e), ERRAND_DONE);
    assert_int_equal(e.standing.pending, 1);
    clock_shift(3600 * USEC_PER_SEC, 0);
    assert_int_equal(ask(ERRAND_STANDING, &e), ERRAND_DONE);
    assert_int_equal(e.standing.pending, 0);
    clock_shift(0, 0);
    stop();
}

/* The server ends its session; whoever asks next does not hear of it. */
static void a_dead_connection_is_replaced(void **state) {
    (void)state;
    struct errand e = {.due = -1};
    start(&settings);
    assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_DONE);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_DONE);
    stop();
}

static void a_database_that_is_away_is_said_so(void **state) {
    (void)state;
    struct errand e = {.due = -1};
    struct settings away = settings;
    away.database_url = "postgresql://postgres@127.0.0.1:1/nowhere";
    start(&away);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_AWAY);
    stop();
}

static void an_old_schema_is_said_so(void **state) {
    (void)state;
    struct errand e = {.due = -1};
    sql("UPDATE postroom.meta SET value = value::int - 1000 WHERE key = 'schema_version'");
    start(&settings);
    assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_SCHEMA);
    sql("UPDATE postroom.meta SET value = value::int + 1000 WHERE key = 'schema_version'");
    clock_shift(60 * USEC_PER_SEC, 0);
    assert_int_equal(ask(ERRAND_TRIGGER, &e), ERRAND_DONE);
    stop();
}

/* A statement that hangs holds up neither who asked nor the end. */
static void a_statement_that_hangs_holds_up_nothing(void **state) {
    (void)state;
    struct errand e = {.kind = ERRAND_TRIGGER};
    start(&settings);
    FILE *other = popen("psql -Xq \"$POSTROOM_TEST_DATABASE\" >/dev/null", "w");
    assert_non_null(other);
    fputs("BEGIN; LOCK TABLE postroom.control;\n", other);
    fflush(other);
    for (enum errand_end end = ERRAND_DONE; end != ERRAND_LATE;)
        end = desk_ask(desk, &e, 500);
    stop();
    fputs("ROLLBACK;\n", other);
    pclose(other);
}

int main(void) {
    if (!database_given())
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(errands_are_carried_out, fresh),
        cmocka_unit_test_setup(a_dead_connection_is_replaced, fresh),
        cmocka_unit_test_setup(a_database_that_is_away_is_said_so, fresh),
        cmocka_unit_test_setup(an_old_schema_is_said_so, fresh),
        cmocka_unit_test_setup(a_statement_that_hangs_holds_up_nothing, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
