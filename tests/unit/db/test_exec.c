/* Statements against a real server: what a read-only connection may do, what a refusal leaves
 * behind, and that neither settings nor notifications stay in a session. */
#include "unit/db/database.h"

#include "base/wake.h"
#include "db/guided.h"
#include "db/internal.h"

static int turns;

#define TOUCH "UPDATE postroom.control SET paused_by = 'x'"

static void shows(struct db *db, const char *setting, const char *expected) {
    PGresult *r = NULL;
    char text[100];
    str_format(text, sizeof text, "SHOW %s", setting);
    done(db_exec(db, text, 0, NULL, &r, &err));
    assert_string_equal(cell_text(r, 0, 0), expected);
    PQclear(r);
}

static void who_only_looks_cannot_write(void **state) {
    struct db *db = open_db(DB_READONLY);
    (void)state;
    assert_false(db_exec(db, TOUCH, 0, NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "25006");
    assert_false(db_exec(db, TOUCH " WHERE $1 = 'a'", 1, (const char *[]){"a"}, NULL, &err));
    assert_string_equal(err.sqlstate, "25006");
    assert_false(guided_exec(db, TOUCH, 0, NULL, NULL, &err));
    assert_false(guided_rows(db, TOUCH " WHERE $1 = 'a'", 1, (const char *[]){"a"}, NULL, &err));
    assert_true(db_is_open(db));
    shows(db, "transaction_read_only", "on"); /* by itself: the session is this window's alone */
    db_free(db);
}

/* The next attempt may find another host. */
static void a_database_without_writes_is_left(void **state) {
    struct db *db = open_db(DB_TOOL);
    (void)state;
    done(db_run(db, "SET default_transaction_read_only = on", &err));
    assert_false(db_exec(db, TOUCH, 0, NULL, NULL, &err));
    assert_int_equal(err.code, ERR_AWAY);
    assert_non_null(strstr(err.text, "takes no writes"));
    assert_false(db_is_open(db));
    done(db_open(db, &err));
    done(db_exec(db, TOUCH, 0, NULL, NULL, &err));
    db_free(db);
}

/* In three messages, and in one of statements kept by name. */
static const enum db_use both[] = {DB_TOOL, DB_WORKER};

static void settings_end(struct db *db) {
    PGresult *r = NULL;
    done(guided_exec(db, "SHOW enable_seqscan", 0, NULL, &r, &err));
    assert_string_equal(cell_text(r, 0, 0), "off");
    PQclear(r);
    done(guided_rows(db, "SELECT current_setting('enable_hashjoin') || $1", 1,
                     (const char *[]){"!"}, &r, &err));
    assert_string_equal(cell_text(r, 0, 0), "off!");
    PQclear(r);
    shows(db, "enable_seqscan", "on");
    shows(db, "enable_hashjoin", "on");
    shows(db, "idle_in_transaction_session_timeout", "0");
    db_free(db);
}

static void settings_end_with_their_statement(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++)
        settings_end(open_db(both[i]));
}

static void is_idle(struct db *db) {
    assert_true(db_is_open(db));
    assert_int_equal(PQtransactionStatus(db_conn(db)), PQTRANS_IDLE);
}

static void refused(struct db *db) {
    static const char *const one[] = {"0"};
    PGresult *r = NULL;
    assert_false(guided_rows(db, "SELECT 1 / $1::int", 1, one, &r, &err));
    assert_null(r);
    assert_string_equal(err.sqlstate, "22012");
    is_idle(db);
    assert_false(db_exec_with(db, "1 / 0", "SELECT $1", 1, one, &r, &err));
    assert_null(r);
    assert_string_equal(err.sqlstate, "22012");
    is_idle(db);
    assert_false(db_exec_with(db, "1 / 0", "SELECT 1", 0, NULL, &r, &err));
    is_idle(db);
    done(db_begin(db, &err));
    assert_false(db_exec(db, "SELECT 1 / $1::int", 1, one, &r, &err));
    db_rollback(db);
    is_idle(db);
    done(db_begin(db, &err));
    assert_false(guided_rows(db, "SELECT 1 / $1::int", 1, one, &r, &err));
    assert_null(r);
    assert_int_equal(PQtransactionStatus(db_conn(db)), PQTRANS_INERROR);
    db_rollback(db);
    is_idle(db);
    db_free(db);
}

static void a_refusal_leaves_no_transaction(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++)
        refused(open_db(both[i]));
}

/* --- statements kept by name --------------------------------------------------------------------
 */

/* How many this session keeps; or how often that with a word in it ran without a new plan. */
static int kept(struct db *db, const char *word) {
    PGresult *r = NULL;
    char text[200];
    str_format(
        text, sizeof text,
        word ? "SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%%%s%%'"
             : "SELECT count(*) FROM pg_prepared_statements",
        word);
    done(db_exec(db, text, 0, NULL, &r, &err));
    int n = (int)cell_int(r, 0, 0, -1);
    PQclear(r);
    return n;
}

static void a_worker_parses_and_plans_once(void **state) {
    static const char ask[] = "SELECT ${status} FROM ${messages} WHERE ${subject} = $1";
    struct db *db = open_db(DB_WORKER);
    int before = kept(db, NULL);
    (void)state;
    for (int i = 0; i < 3; i++)
        done(guided_rows(db, ask, 1, (const char *[]){"x"}, NULL, &err));
    assert_int_equal(kept(db, NULL), before + 3); /* BEGIN, the settings, the statement */
    assert_int_equal(kept(db, "email_messages"), 3);
    db_free(db);
    db = open_db(DB_TOOL);
    done(guided_rows(db, ask, 1, (const char *[]){"x"}, NULL, &err));
    assert_int_equal(kept(db, NULL), 0);
    db_free(db);
}

/* What was done before the step that is refused is undone with it, and nothing behind it is done.
 */
static void a_refused_step_undoes_all(void **state) {
    struct db *db = open_db(DB_WORKER);
    (void)state;
    assert_false(guided_rows(db, "UPDATE postroom.control SET paused_by = $1, one = NULL", 1,
                             (const char *[]){"x"}, NULL, &err));
    is_idle(db);
    done(guided_rows(db, "UPDATE postroom.control SET paused_by = $1", 1, (const char *[]){"y"},
                     NULL, &err));
    is_idle(db);
    PGresult *r = NULL;
    done(db_exec(db, "SELECT paused_by FROM postroom.control", 0, NULL, &r, &err));
    assert_string_equal(cell_text(r, 0, 0), "y");
    PQclear(r);
    done(db_run(db, "UPDATE postroom.control SET paused_by = NULL", &err));
    db_free(db);
}

/* Somebody between hands sessions around, or cleans them: from then on each is spelt out. */
static void a_session_that_forgets_is_left(void **state) {
    static const char *const one[] = {"1"};
    struct db *db = open_db(DB_WORKER);
    (void)state;
    done(guided_rows(db, "SELECT $1::int", 1, one, NULL, &err));
    done(db_run(db, "DEALLOCATE ALL", &err));
    assert_false(guided_rows(db, "SELECT $1::int", 1, one, NULL, &err));
    assert_int_equal(err.code, ERR_AWAY);
    assert_false(db_is_open(db));
    done(db_open(db, &err));
    done(guided_rows(db, "SELECT $1::int", 1, one, NULL, &err));
    assert_int_equal(kept(db, NULL), 0);
    db_free(db);
}

/* A column got another type under a running worker. */
static void an_outdated_statement_is_said_anew(void **state) {
    static const char *const one[] = {"1"};
    static const char ask[] = "SELECT a FROM changing WHERE b = $1::int";
    struct db *db = open_db(DB_WORKER);
    (void)state;
    sql("CREATE TABLE changing (a int, b int)");
    done(guided_rows(db, ask, 1, one, NULL, &err));
    sql("ALTER TABLE changing ALTER a TYPE text");
    assert_false(guided_rows(db, ask, 1, one, NULL, &err));
    assert_int_equal(err.code, ERR_AWAY);
    done(db_open(db, &err));
    done(guided_rows(db, ask, 1, one, NULL, &err));
    done(guided_rows(db, ask, 1, one, NULL, &err));
    sql("DROP TABLE changing");
    db_free(db);
}

/* Behind a pooler a session may hear what somebody else asked for. */
static void notifications_do_not_pile_up(void **state) {
    struct db *db = open_db(DB_TOOL);
    (void)state;
    done(db_run(db, "LISTEN elsewhere", &err));
    for (int i = 0; i < 3; i++)
        done(db_run(db, "NOTIFY elsewhere", &err));
    assert_null(PQnotifies(db_conn(db)));
    sql("NOTIFY elsewhere");
    done(db_still_there(db, &err));
    assert_null(PQnotifies(db_conn(db)));
    db_free(db);
}

static void a_session_ended_is_noticed(void **state) {
    struct db *db = open_db(DB_TOOL);
    char text[100];
    (void)state;
    assert_false(db_is_pooled(db));
    str_format(text, sizeof text, "SELECT pg_terminate_backend(%d, 5000)",
               PQbackendPID(db_conn(db)));
    sql(text);
    while (db_still_there(db, &err)) {
    }
    assert_int_equal(err.code, ERR_AWAY);
    assert_string_equal(err.text, "the database closed the connection");
    assert_false(db_is_open(db));
    db_free(db);
}

/* Another descriptor is served while an answer is awaited, once for each time that it is readable.
 */
static void turn(void *arg) {
    const struct wake *wake = arg;
    turns++;
    wake_clear(wake);
}

static void others_are_served_meanwhile(void **state) {
    struct wake wake;
    (void)state;
    done(wake_open(&wake, &err));
    for (int i = 0; i < 2; i++) {
        struct db *db = open_db(both[i]);
        turns = 0;
        wake_up(&wake);
        db_set_meanwhile(db, (struct db_meanwhile){wake.fd, turn, &wake});
        done(db_exec(db, "SELECT pg_sleep($1::float)", 1, (const char *[]){"0.2"}, NULL, &err));
        assert_int_equal(turns, 1);
        db_set_meanwhile(db, (struct db_meanwhile){.fd = -1});
        wake_up(&wake);
        done(db_exec(db, "SELECT pg_sleep($1::float)", 1, (const char *[]){"0.2"}, NULL, &err));
        assert_int_equal(turns, 1);
        wake_clear(&wake);
        db_free(db);
    }
    wake_close(&wake);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_only_looks_cannot_write, fresh),
        cmocka_unit_test_setup(a_database_without_writes_is_left, fresh),
        cmocka_unit_test_setup(settings_end_with_their_statement, fresh),
        cmocka_unit_test_setup(a_refusal_leaves_no_transaction, fresh),
        cmocka_unit_test_setup(a_worker_parses_and_plans_once, fresh),
        cmocka_unit_test_setup(a_refused_step_undoes_all, fresh),
        cmocka_unit_test_setup(a_session_that_forgets_is_left, fresh),
        cmocka_unit_test_setup(an_outdated_statement_is_said_anew, fresh),
        cmocka_unit_test_setup(notifications_do_not_pile_up, fresh),
        cmocka_unit_test_setup(a_session_ended_is_noticed, fresh),
        cmocka_unit_test_setup(others_are_served_meanwhile, fresh),
    };
    if (!database_given())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
