/* What operators do to messages, against a real server: who was asked for, who was taken. */
#include "db/admin.h"
#include "unit/db/database.h"

#define ID(n) "00000000-0000-4000-8000-0000000000" n

static struct admin_totals totals;

static struct admin_totals *retry(struct db *db, const struct filter *f) {
    struct admin_choice c = {.filter = *f};
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    return &totals;
}

static void expect(const struct admin_totals *t, int64_t asked, int64_t did, int64_t taken,
                   int64_t uncertain) {
    if (t->asked != asked || t->done != did || t->taken != taken || t->uncertain_left != uncertain)
        fail_msg("asked %lld, done %lld, taken %lld, uncertain left %lld", (long long)t->asked,
                 (long long)t->done, (long long)t->taken, (long long)t->uncertain_left);
}

/* --- pause, resume, trigger ------------------------------------------------------------------- */

static void a_pause_says_who_holds_it(void **state) {
    (void)state;
    struct admin_pause p;
    struct db *db = open_db(DB_TOOL);
    done(admin_pause(db, "bob", "", "", &p, &err));
    assert_true(p.changed);
    done(admin_pause(db, "bob", "", "key rotation", &p, &err)); /* the reason comes later */
    assert_true(p.changed);
    done(admin_pause(db, "anna", "", "mine", &p, &err));
    assert_false(p.changed);
    assert_string_equal(p.by, "bob");
    assert_string_equal(p.reason, "key rotation");
    is("SELECT paused_by, paused_reason FROM postroom.control", "bob|key rotation");
    done(admin_resume(db, "anna", "", &p, &err));
    assert_true(p.changed);
    assert_string_equal(p.by, "bob");
    done(admin_resume(db, "anna", "", &p, &err));
    assert_false(p.changed);
    is("SELECT string_agg(who || ' ' || what, '; ' ORDER BY seq) FROM postroom.journal",
       "bob paused all workers; bob paused all workers: \"key rotation\"; "
       "anna resumed sending (was paused 0s)");
    db_free(db);
}

static void one_worker_is_paused_by_name(void **state) {
    (void)state;
    struct admin_pause p;
    struct db *db = open_db(DB_TOOL);
    assert_false(admin_pause(db, "bob", "mail01", "", &p, &err));
    assert_int_equal(err.code, ERR_NOTFOUND);
    assert_string_equal(err.text, "no worker is called mail01; none is running");
    sql("INSERT INTO postroom.workers (id, name, pid, version) VALUES ('a', 'mail01', 1, '0'),"
        " ('b', 'mail02', 2, '0')");
    assert_false(admin_pause(db, "bob", "mail03", "", &p, &err));
    assert_string_equal(err.text, "no worker is called mail03; those here: mail01, mail02");
    done(admin_pause(db, "bob", "mail01", "", &p, &err));
    is("SELECT name, paused_by FROM postroom.workers ORDER BY name", "mail01|bob\nmail02|");
    is("SELECT paused_at IS NULL FROM postroom.control", "t");
    done(admin_resume(db, "bob", "a", &p, &err));
    assert_true(p.changed);
    is("SELECT count(*) FROM postroom.workers WHERE paused_at IS NOT NULL", "0");
    db_free(db);
}

static void a_trigger_opens_the_probe(void **state) {
    (void)state;
    struct admin_trigger t;
    struct db *db = open_db(DB_TOOL);
    sql("INSERT INTO email_messages (to_email, subject) VALUES ('a', 's'), ('a', 's');"
        "INSERT INTO email_messages (to_email, subject, scheduled_at)"
        " VALUES ('a', 's', now() + interval '1 h');"
        "INSERT INTO email_messages (to_email, subject, status, next_attempt_at)"
        " VALUES ('a', 's', 'failed', now());"
        "INSERT INTO postroom.lanes (name, parked_reason) VALUES ('resend', 'key'), ('x', NULL);"
        "INSERT INTO postroom.workers (id, name, pid, version) VALUES ('a', 'mail01', 1, '0')");
    done(admin_trigger(db, "bob", &t, &err));
    assert_int_equal(t.due, 3);
    assert_false(t.capped);
    assert_int_equal(t.workers, 1);
    assert_int_equal(t.opened, 1);
    assert_false(t.paused);
    is("SELECT count(*) FROM postroom.lanes WHERE parked_until <= now()", "1");
    is("SELECT trigger_at > now() - interval '1 min' FROM postroom.control", "t");
    db_free(db);
}

/* --- retry ------------------------------------------------------------------------------------ */

#define FAILED(n, code, at)                                                                        \
    "INSERT INTO email_messages (id, to_email, subject, status, error_code, failed_at)"            \
    " VALUES ('" ID(n) "', 'u" n "@x.org', 's', 'failed', " code ", " at ");"

static void retry_takes_the_failed_but_no_uncertain(void **state) {
    (void)state;
    sql(FAILED("01", "'a'", "now()") FAILED("02", "'b'", "NULL") FAILED("03", "NULL", "now()")
            FAILED("04", "'uncertain'", "now()") FAILED("05", "'a'", "now() + interval '1 h'"));
    sql("INSERT INTO email_messages (id, to_email, subject, status) VALUES"
        " ('" ID("06") "', 'a', 's', 'processing'), ('" ID("07") "', 'a', 's', 'sent')");
    struct db *db = open_db(DB_TOOL);
    struct admin_choice all = {.ids = NULL};
    done(admin_count(db, COMMAND_RETRY, &all, &totals, &err));
    expect(&totals, 3, 0, 0, 1);
    is("SELECT count(*) FROM email_messages WHERE status = 'pending'", "0");
    is("SELECT count(*) FROM postroom.journal", "0");
    expect(retry(db, &(struct filter){.to = ""}), 3, 3, 0, 1);
    is("SELECT string_agg(right(id::text, 2), ' ' ORDER BY id) FROM email_messages"
       " WHERE status = 'pending'",
       "01 02 03");
    expect(retry(db, &(struct filter){.to = ""}), 0, 0, 0, 1);
    is("SELECT who, what, messages FROM postroom.journal", "bob|retried 3 of 3|3");
    db_free(db);
}

static void filters_hold(void **state) {
    (void)state;
    static const struct {
        struct filter filter;
        const char *ids;
    } cases[] = {
        {{.error_code = "a"}, "01 02"},
        {{.error_code = "(none)"}, "03"},
        {{.error_code = "uncertain"}, "04"},
        {{.uncertain_too = true}, "01 02 03 04 05"},
        {{.to = "U01@X"}, "01"},
        {{.to = "0_@"}, ""}, /* a sign is itself, no wildcard */
        {{.to = "%"}, "05"},
        {{.error_code = "a", .to = "02"}, "02"},
        {{.since_us = INT64_C(4000000000000000)}, ""},
        {{.since_us = 1}, "01 02 03 05"},
        {{.until_us = 1}, ""},
        {{.error_code = "nosuch"}, ""},
    };
    struct db *db = open_db(DB_TOOL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh(NULL);
        sql(FAILED("01", "'a'", "now()") FAILED("02", "'a'", "now()") FAILED("03", "NULL", "now()")
                FAILED("04", "'uncertain'", "now()") FAILED("05", "'b'", "now()"));
        sql("UPDATE email_messages SET to_email = '100%@x.org' WHERE error_code = 'b'");
        retry(db, &cases[i].filter);
        is("SELECT coalesce(string_agg(right(id::text, 2), ' ' ORDER BY id), '')"
           " FROM email_messages WHERE status = 'pending'",
           cases[i].ids);
    }
    db_free(db);
}

static void count_batches(void *ctx, const struct admin_totals *t) {
    int *n = ctx;
    ++*n;
    assert_true(t->done <= t->asked);
}

/* More than a page, most failed in one transaction, some without a time. */
static void many_are_taken_page_by_page(void **state) {
    (void)state;
    int batches = 0;
    struct admin_choice all = {.ids = NULL};
    sql("INSERT INTO email_messages (to_email, subject, status, error_code, failed_at)"
        " SELECT 'a', 's', 'failed', CASE WHEN i % 2 = 0 THEN 'a' END,"
        "  CASE WHEN i > 600 THEN now() - (i % 3) * interval '1 s' END"
        " FROM generate_series(1, 3000) i");
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_RETRY, "bob", &all, count_batches, &batches, &totals, &err));
    expect(&totals, 3000, 3000, 0, 0);
    assert_int_equal(batches, 8); /* 1,200 and 300 of each code */
    is("SELECT status, count(*) FROM email_messages GROUP BY 1", "pending|3000");
    sql("UPDATE email_messages SET priority = (random() * 12)::int - 1");
    done(admin_change(db, COMMAND_CANCEL, "bob", &all, NULL, NULL, &totals, &err));
    expect(&totals, 3000, 3000, 0, 0);
    is("SELECT status, count(*) FROM email_messages GROUP BY 1", "cancelled|3000");
    db_free(db);
}

/* What a question named and is no longer there was taken, even all of it. */
static void what_was_named_is_what_was_asked(void **state) {
    (void)state;
    struct admin_choice c = {.named = 3};
    fresh(NULL);
    sql(FAILED("01", "'a'", "now()") FAILED("02", "'a'", "now()")
            FAILED("03", "'uncertain'", "now()"));
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 3, 2, 1, 1);
    done(admin_change(db, COMMAND_RETRY, "anna", &c, NULL, NULL, &totals, &err));
    expect(&totals, 3, 0, 3, 1);
    is("SELECT who, what FROM postroom.journal", "bob|retried 2 of 3"); /* anna did nothing */
    c.named = 1; /* one more came before the moment that was fixed */
    sql("UPDATE email_messages SET status = 'failed'");
    done(admin_change(db, COMMAND_RETRY, "anna", &c, NULL, NULL, &totals, &err));
    expect(&totals, 2, 2, 0, 1);
    db_free(db);
}

/* What somebody else is changing at that moment is his. */
static void two_operators_add_up(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, status, error_code, failed_at)"
        " SELECT 'a', 's', 'failed', 'a', now() FROM generate_series(1, 900) i");
    FILE *other = popen("psql -Xq \"$POSTROOM_TEST_DATABASE\" >/dev/null", "w");
    assert_non_null(other);
    fputs("BEGIN; UPDATE email_messages SET status = 'pending' WHERE id IN"
          " (SELECT id FROM email_messages ORDER BY id LIMIT 250);\n",
          other);
    fflush(other);
    for (int i = 0; i < 1000; i++) { /* until it has updated them */
        char n[16];
        if (strcmp(psql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                        " AND datname = current_database() AND query LIKE 'UPDATE email_messages%'",
                        n, sizeof n),
                   "0") != 0)
            break;
    }
    struct db *db = open_db(DB_TOOL);
    expect(retry(db, &(struct filter){.to = ""}), 900, 650, 250, 0);
    fputs("COMMIT;\n", other);
    assert_int_equal(pclose(other), 0);
    is("SELECT status, count(*) FROM email_messages GROUP BY 1", "pending|900");
    is("SELECT what FROM postroom.journal", "retried 650 of 900");
    db_free(db);
}

static void ids_must_be_known(void **state) {
    (void)state;
    const char *ids[] = {ID("01"), "nonsense", ID("09")};
    struct admin_choice c = {.ids = ids, .id_count = 3};
    sql(FAILED("01", "'a'", "now()"));
    struct db *db = open_db(DB_TOOL);
    assert_false(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    assert_int_equal(err.code, ERR_NOTFOUND);
    assert_string_equal(err.text,
                        "there is no message nonsense, " ID("09") "; nothing was changed");
    is("SELECT status FROM email_messages", "failed");
    c.id_count = 1;
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 1, 1, 0, 0);
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 1, 0, 1, 0);
    is("SELECT what, filter FROM postroom.journal ORDER BY seq LIMIT 1",
       "retried " ID("01") "|{\"ids\": [\"" ID("01") "\"]}");
    db_free(db);
}

static void an_uncertain_one_must_be_named(void **state) {
    (void)state;
    const char *ids[] = {ID("01")};
    struct admin_choice c = {.ids = ids, .id_count = 1};
    sql(FAILED("01", "'uncertain'", "now()"));
    sql("UPDATE email_messages SET unfinished_claims = 3, request_id = '" ID("77") "'");
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 0, 0, 0, 1);
    c.filter.uncertain_too = true;
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 1, 1, 0, 0);
    is("SELECT status, unfinished_claims, request_id IS NULL FROM email_messages", "pending|0|t");
    db_free(db);
}

/* A member of an open request is tried again with it, under the same key, and now. */
static void an_open_request_is_made_again_at_once(void **state) {
    (void)state;
    sql(FAILED("01", "'timeout'", "now()") FAILED("02", "'timeout'", "now()"));
    sql("UPDATE email_messages SET request_id = '" ID(
        "77") "', next_attempt_at = now() + interval"
              " '1 h';"
              "INSERT INTO postroom.requests (id, lane, worker, members, hash, key, sender, batch,"
              "  next_try_at) VALUES ('" ID("77") "', 'resend', 'w', ARRAY['" ID("01") "', '" ID(
                  "02") "'],"
                        " 'h', 'k', 'f', true, now() + interval '1 h')");
    const char *ids[] = {ID("01")};
    struct admin_choice c = {.ids = ids, .id_count = 1};
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_RETRY, "bob", &c, NULL, NULL, &totals, &err));
    is("SELECT status, request_id IS NULL, next_attempt_at IS NULL FROM email_messages ORDER BY id",
       "pending|f|t\nfailed|f|f");
    is("SELECT next_try_at <= now() FROM postroom.requests", "t");
    db_free(db);
}

/* --- mark sent -------------------------------------------------------------------------------- */

static void marks_uncertain_ones_alone(void **state) {
    (void)state;
    sql(FAILED("01", "'uncertain'", "'2026-01-02 03:04:05Z'") FAILED("02", "'timeout'", "now()")
            FAILED("03", "'uncertain'", "now()"));
    const char *ids[] = {ID("01"), ID("02")};
    struct admin_choice c = {.ids = ids, .id_count = 2};
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_MARK_SENT, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 2, 1, 1, 0);
    is("SELECT string_agg(status, ' ' ORDER BY id) FROM email_messages", "sent failed failed");
    is("SELECT sent_at = '2026-01-02 03:04:05Z', failed_at IS NULL, error_code IS NULL,"
       " error_message IS NULL FROM email_messages WHERE status = 'sent'",
       "t|t|t|t");
    c = (struct admin_choice){.filter = {.error_code = "uncertain"}};
    done(admin_change(db, COMMAND_MARK_SENT, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 1, 1, 0, 0);
    is("SELECT who, what FROM postroom.journal ORDER BY seq",
       "bob|marked as sent 1 of 2\nbob|marked as sent 1 of 1, error uncertain");
    db_free(db);
}

/* --- cancel ----------------------------------------------------------------------------------- */

static void cancel_leaves_what_is_in_flight(void **state) {
    (void)state;
    const char *ids[] = {ID("01"), ID("02"), ID("03")};
    struct admin_choice c = {.ids = ids, .id_count = 3};
    sql(FAILED("01", "'a'", "now()"));
    sql("INSERT INTO email_messages (id, to_email, subject, status) VALUES"
        " ('" ID("02") "', 'a', 's', 'processing'), ('" ID("03") "', 'a', 's', 'pending')");
    struct db *db = open_db(DB_TOOL);
    done(admin_change(db, COMMAND_CANCEL, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 3, 2, 1, 0);
    is("SELECT string_agg(status, ' ' ORDER BY id) FROM email_messages",
       "cancelled processing cancelled");
    db_free(db);
}

static void cancel_by_error_takes_failed_ones(void **state) {
    (void)state;
    sql(FAILED("01", "'a'", "now()") FAILED("02", "'b'", "now()"));
    sql("INSERT INTO email_messages (id, to_email, subject) VALUES ('" ID("03") "', 'a', 's')");
    struct db *db = open_db(DB_TOOL);
    struct admin_choice c = {.filter = {.error_code = "a"}};
    done(admin_change(db, COMMAND_CANCEL, "bob", &c, NULL, NULL, &totals, &err));
    expect(&totals, 1, 1, 0, 0);
    is("SELECT string_agg(status, ' ' ORDER BY id) FROM email_messages",
       "cancelled failed pending");
    db_free(db);
}

/* --- enqueue ---------------------------------------------------------------------------------- */

static void enqueue_knows_its_key(void **state) {
    (void)state;
    char first[80], second[80];
    bool existed;
    struct admin_mail m = {.to = "Ann <a@x.org>",
                           .subject = "s",
                           .text = "t",
                           .headers_json = "{\"X-A\":\"b\"}",
                           .scheduled_at_us = INT64_C(1800000000000001),
                           .priority = -1,
                           .dedupe_key = "k"};
    struct db *db = open_db(DB_TOOL);
    done(admin_enqueue(db, &m, first, sizeof first, &existed, &err));
    assert_false(existed);
    done(admin_enqueue(db, &m, second, sizeof second, &existed, &err));
    assert_true(existed);
    assert_string_equal(first, second);
    is("SELECT to_email, status, priority, headers->>'X-A', scheduled_at, html IS NULL"
       " FROM email_messages",
       "Ann <a@x.org>|pending|5|b|2027-01-15 08:00:00.000001+00|t");
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
    setenv("PGTZ", "UTC", 1);
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_pause_says_who_holds_it),
        TEST(one_worker_is_paused_by_name),
        TEST(a_trigger_opens_the_probe),
        TEST(retry_takes_the_failed_but_no_uncertain),
        TEST(filters_hold),
        TEST(many_are_taken_page_by_page),
        TEST(what_was_named_is_what_was_asked),
        TEST(two_operators_add_up),
        TEST(ids_must_be_known),
        TEST(an_uncertain_one_must_be_named),
        TEST(an_open_request_is_made_again_at_once),
        TEST(marks_uncertain_ones_alone),
        TEST(cancel_leaves_what_is_in_flight),
        TEST(cancel_by_error_takes_failed_ones),
        TEST(enqueue_knows_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
