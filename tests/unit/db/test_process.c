/* "Process now" by programs and the figures of metrics, against a real server. */
#include "base/clock.h"
#include "db/listen.h"
#include "db/process.h"
#include "db/standing.h"
#include "unit/db/database.h"

#include <math.h>
#include <unistd.h>

#define MAIL(columns, values)                                                                      \
    "INSERT INTO email_messages (to_email, subject" columns ") VALUES ('a', 's'" values ");"

/* --- process now ------------------------------------------------------------------------------ */

static void what_was_due_is_followed_to_its_end(void **state) {
    (void)state;
    struct errand e = {.kind = ERRAND_TRIGGER};
    struct db *db = open_db(DB_TOOL);
    sql(MAIL("", "") MAIL("", "") MAIL(", scheduled_at", ", now() + interval '1 h'")
            MAIL(", status, next_attempt_at", ", 'failed', now()") MAIL(", status", ", 'failed'")
                MAIL(", status", ", 'sent'")
                    MAIL(", status, lease_expires_at", ", 'processing', now() + interval '1 h'"));
    sql("INSERT INTO postroom.attempts (message_id, outcome, attempt, worker)"
        " VALUES ('x', 'sent', 1, 'w')");
    done(process_trigger(db, &e, &err));
    assert_int_equal(e.due, 3);
    done(process_progress(db, &e, &err));
    assert_int_equal(e.sent, 0);
    assert_int_equal(e.failed, 0);
    assert_int_equal(e.remaining, 4); /* and what is under way */
    sql(MAIL("", ""));                /* came later: nobody waits for it */
    sql("INSERT INTO postroom.attempts (message_id, outcome, attempt, worker)"
        " VALUES ('x', 'sent', 1, 'w'), ('y', 'sent', 1, 'v'), ('z', 'failed', 1, 'v');"
        "UPDATE email_messages SET status = 'sent' WHERE status = 'processing';"
        "UPDATE email_messages SET next_attempt_at = now() + interval '1 h'"
        " WHERE next_attempt_at IS NOT NULL");
    done(process_progress(db, &e, &err));
    assert_int_equal(e.sent, 2);
    assert_int_equal(e.failed, 1);
    assert_int_equal(e.remaining, 2);
    db_free(db);
}

static void counting_ends_at_ten_thousand(void **state) {
    (void)state;
    struct errand e = {.kind = ERRAND_TRIGGER};
    struct db *db = open_db(DB_TOOL);
    sql("INSERT INTO email_messages (to_email, subject) SELECT 'a', 's'"
        " FROM generate_series(1, 10050)");
    done(process_trigger(db, &e, &err));
    assert_int_equal(e.due, 10000);
    done(process_progress(db, &e, &err));
    assert_int_equal(e.remaining, 10000);
    db_free(db);
}

static int notes(struct listener *l) {
    int all = NOTE_NONE;
    for (int i = 0; i < 1000 && !all; i++) {
        usleep(10000);
        all = listener_turn(l, true, clock_boot_us());
    }
    return all;
}

/* An operator's `trigger` voids the slots workers hold; a program that asks with every mail it
 * inserts must not. */
static void workers_are_woken_gently(void **state) {
    (void)state;
    struct errand e = {.kind = ERRAND_TRIGGER};
    struct db *db = open_db(DB_TOOL);
    struct listener *listener = listener_new(&settings, &err);
    assert_non_null(listener);
    assert_int_equal(notes(listener), NOTE_MAIL | NOTE_CONTROL); /* it listens from here on */
    sql("INSERT INTO postroom.lanes (name) VALUES ('resend')");
    done(process_trigger(db, &e, &err));
    assert_int_equal(notes(listener), NOTE_MAIL);
    is("SELECT count(*) FROM postroom.journal", "0");
    is("SELECT trigger_at > now() - interval '1 min' FROM postroom.control", "t");

    /* a parked lane gets its try, but not ten a second */
    sql("UPDATE postroom.lanes SET parked_reason = 'key';"
        "UPDATE postroom.control SET trigger_at = now() - interval '2 s'");
    done(process_trigger(db, &e, &err));
    assert_int_equal(notes(listener), NOTE_CONTROL);
    is("SELECT parked_until <= now(), parked_reason FROM postroom.lanes", "t|key");
    is("SELECT who, what FROM postroom.journal", "http|asked to process now; tries lane resend");
    sql("UPDATE postroom.lanes SET parked_until = NULL;"
        "UPDATE postroom.control SET trigger_at = now() + interval '1 min'"); /* however slow we are
                                                                               */
    done(process_trigger(db, &e, &err));
    assert_int_equal(notes(listener), NOTE_MAIL);
    is("SELECT parked_until IS NULL FROM postroom.lanes", "t");
    is("SELECT count(*) FROM postroom.journal", "1");
    listener_free(listener);
    db_free(db);
}

/* --- what stands where ------------------------------------------------------------------------ */

static void an_empty_database_stands_at_zero(void **state) {
    (void)state;
    struct standing s;
    struct db *db = open_db(DB_READONLY);
    done(standing_read(db, &s, &err));
    assert_int_equal(s.pending + s.processing + s.failed + s.cancelled + s.sent, 0);
    assert_true(s.oldest_due_s == 0);
    assert_false(s.paused);
    assert_int_equal(s.workers, 0);
    assert_int_equal(s.lane_count, 0);
    db_free(db);
}

static void messages_are_counted(void **state) {
    (void)state;
    struct standing s;
    struct db *db = open_db(DB_READONLY);
    sql(MAIL(", created_at", ", now() - interval '90 s'")
            MAIL(", created_at, priority", ", now() - interval '80 s', 9") MAIL("", "") MAIL(
                ", created_at, scheduled_at", ", now() - interval '2 h', now() + interval '1 h'")
                MAIL(", created_at", ", '-infinity'") MAIL(", status", ", 'sent'")
                    MAIL(", status", ", 'cancelled'") MAIL(", status", ", 'failed'")
                        MAIL(", status, next_attempt_at", ", 'failed', now() - interval '5 s'")
                            MAIL(", status, lease_expires_at", ", 'processing', now()"));
    sql("INSERT INTO postroom.usage (lane, day, worker, messages) VALUES"
        " ('resend', '2020-01-01', 'w', 30), ('ses', current_date, 'w', 4)");
    done(standing_read(db, &s, &err));
    assert_int_equal(s.pending, 5);
    assert_int_equal(s.processing, 1);
    assert_int_equal(s.failed, 2);
    assert_int_equal(s.cancelled, 1);
    assert_int_equal(s.sent, 34);
    assert_true(s.oldest_due_s > 89 && s.oldest_due_s < 150);
    sql("UPDATE email_messages SET status = 'sent' WHERE status = 'pending'");
    done(standing_read(db, &s, &err));
    assert_true(s.oldest_due_s > 4 && s.oldest_due_s < 60);
    db_free(db);
}

static void workers_and_their_pauses_show(void **state) {
    (void)state;
    struct standing s;
    char own[300];
    struct db *db = open_db(DB_READONLY);
    str_format(
        own, sizeof own,
        "INSERT INTO postroom.workers (id, name, pid, version) VALUES ('a', 'here', %d, '0'),"
        " ('b', 'here', %d, '0'), ('c', 'there', 1, '0');"
        "INSERT INTO postroom.workers (id, name, pid, version, heard_at)"
        " VALUES ('d', 'gone', 1, '0', now() - interval '1 min')",
        (int)getpid(), (int)getpid() + 1);
    sql(own);
    done(standing_read(db, &s, &err));
    assert_int_equal(s.workers, 3);
    sql("UPDATE postroom.workers SET paused_at = now() WHERE id IN ('b', 'c')");
    done(standing_read(db, &s, &err));
    assert_false(s.paused); /* others are */
    sql("UPDATE postroom.workers SET paused_at = CASE WHEN id = 'a' THEN now() END");
    done(standing_read(db, &s, &err));
    assert_true(s.paused);
    sql("UPDATE postroom.workers SET paused_at = NULL;"
        "UPDATE postroom.control SET paused_at = now()");
    done(standing_read(db, &s, &err));
    assert_true(s.paused);
    db_free(db);
}

static void lanes_show_rate_quota_and_why_they_are_parked(void **state) {
    (void)state;
    struct standing s;
    struct db *db = open_db(DB_READONLY);
    sql("INSERT INTO postroom.lanes (name, rate, parked_reason, parked_until, daily_quota,"
        "  monthly_quota, told_daily, told_daily_at, told_monthly, told_monthly_at) VALUES"
        " ('a', 0, NULL, NULL, NULL, NULL, 99, now() - interval '2 d', 1, now()),"
        " ('b', 2.5, 'key', NULL, 100, 3000, 70, now(), 1, now()),"
        " ('c', 1, 'rate', now() - interval '1 s', NULL, NULL, NULL, NULL, NULL, NULL),"
        " ('d', 1, 'rate', now() + interval '9 s', NULL, NULL, NULL, NULL, NULL, NULL),"
        " ('e', 1, 'down', now() - interval '1 s', NULL, NULL, NULL, NULL, NULL, NULL)");
    sql("INSERT INTO postroom.usage (lane, day, worker, messages)"
        " SELECT 'b', (now() AT TIME ZONE 'UTC')::date, w, 30 FROM unnest(ARRAY['w', 'v']) w;"
        "INSERT INTO postroom.workers (id, name, pid, version, lane, requests_10s) VALUES"
        " ('a', 'x', 1, '0', 'b', 15), ('b', 'y', 1, '0', 'b', 6), ('c', 'z', 1, '0', 'c', 1)");
    done(standing_read(db, &s, &err));
    assert_int_equal(s.lane_count, 5);
    static const enum lane_fault parked[] = {LANE_OK, LANE_KEY, LANE_OK, LANE_RATE, LANE_DOWN};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(s.lanes[i].provider[0], 'a' + i);
        assert_int_equal(s.lanes[i].parked, parked[i]);
    }
    assert_true(s.lanes[0].allowed == 0 && s.lanes[0].used == 0);
    assert_int_equal(s.lanes[0].daily_allowed, 0);
    assert_int_equal(s.lanes[0].daily_used, 0); /* told long ago */
    assert_int_equal(s.lanes[0].monthly_used, 1);
    assert_true(s.lanes[1].allowed == 2.5 && fabs(s.lanes[1].used - 2.1) < 1e-9);
    assert_int_equal(s.lanes[1].daily_allowed, 100);
    assert_int_equal(s.lanes[1].daily_used, 70); /* the provider knows of more */
    assert_int_equal(s.lanes[1].monthly_allowed, 3000);
    assert_int_equal(s.lanes[1].monthly_used, 60);
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_due_is_followed_to_its_end, fresh),
        cmocka_unit_test_setup(counting_ends_at_ten_thousand, fresh),
        cmocka_unit_test_setup(workers_are_woken_gently, fresh),
        cmocka_unit_test_setup(an_empty_database_stands_at_zero, fresh),
        cmocka_unit_test_setup(messages_are_counted, fresh),
        cmocka_unit_test_setup(workers_and_their_pauses_show, fresh),
        cmocka_unit_test_setup(lanes_show_rate_quota_and_why_they_are_parked, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
