/* Statements against a real server: what a read-only connection may do, what a refusal leaves
 * behind, and that neither settings nor notifications stay in a session. */
#include "unit/db/database.h"

#include "db/guided.h"
#include "db/internal.h"

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

static void settings_end_with_their_statement(void **state) {
    struct db *db = open_db(DB_TOOL);
    PGresult *r = NULL;
    (void)state;
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

static void is_idle(struct db *db) {
    assert_true(db_is_open(db));
    assert_int_equal(PQtransactionStatus(db_conn(db)), PQTRANS_IDLE);
}

static void a_refusal_leaves_no_transaction(void **state) {
    static const char *const one[] = {"0"};
    struct db *db = open_db(DB_TOOL);
    PGresult *r = NULL;
    (void)state;
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_only_looks_cannot_write, fresh),
        cmocka_unit_test_setup(a_database_without_writes_is_left, fresh),
        cmocka_unit_test_setup(settings_end_with_their_statement, fresh),
        cmocka_unit_test_setup(a_refusal_leaves_no_transaction, fresh),
        cmocka_unit_test_setup(notifications_do_not_pile_up, fresh),
        cmocka_unit_test_setup(a_session_ended_is_noticed, fresh),
    };
    if (!database_given())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
