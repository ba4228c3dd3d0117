/* Lists and single messages, against a real server: what is found, in which order. */
#include "base/json.h"
#include "base/mem.h"
#include "db/list.h"
#include "unit/db/database.h"

#define ID(n) "00000000-0000-4000-8000-0000000000" n

/* The subjects in their order, as "a b c". */
static bool note_subject(void *ctx, const char *json) {
    struct buf *b = ctx;
    struct json *row = json_parse(json, strlen(json), 1 << 20, &err);
    assert_non_null(row);
    buf_printf(b, "%s%s:%s", b->len ? " " : "", json_get_text(row, "subject"),
               json_get_text(row, "status"));
    json_free(row);
    return true;
}

static void lists(struct db *db, struct list_query q, const char *expected) {
    struct buf b;
    buf_init(&b, 1 << 20);
    if (q.limit == 0)
        q.limit = 50;
    done(list_messages(db, &q, note_subject, &b, &err));
    assert_string_equal(buf_text(&b), expected);
    buf_free(&b);
}

static void one_of_each(void) {
    sql("INSERT INTO email_messages (id, to_email, subject, status, priority, created_at,"
        "  scheduled_at, updated_at, sent_at, failed_at, error_code, next_attempt_at) VALUES"
        " ('" ID(
            "01") "', 'ann@x.org', 'p1', 'pending', 5, now() - interval '10 min', NULL, now(),"
                  "   NULL, NULL, NULL, NULL),"
                  " ('" ID(
                      "02") "', 'bob@x.org', 'p2', 'pending', 0, now() - interval '1 min', NULL, "
                            "now(),"
                            "   NULL, NULL, NULL, NULL),"
                            " ('" ID(
                                "03") "', 'ann@x.org', 'later', 'pending', 0, now() - interval '9 "
                                      "min',"
                                      "   now() + interval '1 h', now(), NULL, NULL, NULL, NULL),"
                                      " ('" ID(
                                          "04") "', 'ann@x.org', 'work', 'processing', 5, now() - "
                                                "interval '1 h', NULL,"
                                                "   now() - interval '8 min', NULL, NULL, NULL, "
                                                "NULL),"
                                                " ('" ID(
                                                    "05") "', 'ann@x.org', 'again', 'failed', 5, "
                                                          "now() - interval '1 h', NULL, now(),"
                                                          "   NULL, now() - interval '7 min', "
                                                          "'timeout', now() + interval '1 min'),"
                                                          " ('" ID(
                                                              "06") "', 'a_n@x.org', 'bad', "
                                                                    "'failed', 5, now() - interval "
                                                                    "'1 h', NULL, now(),"
                                                                    "   NULL, now() - interval '6 "
                                                                    "min', 'timeout', NULL),"
                                                                    " ('" ID(
                                                                        "07") "', 'ann@x.org', "
                                                                              "'lost', 'failed', "
                                                                              "5, now() - interval "
                                                                              "'1 h', NULL, now(),"
                                                                              "   NULL, now() - "
                                                                              "interval '5 min', "
                                                                              "'uncertain', NULL),"
                                                                              " ('" ID(
                                                                                  "08") "', "
                                                                                        "'ann@x."
                                                                                        "org', "
                                                                                        "'none', "
                                                                                        "'failed', "
                                                                                        "5, now() "
                                                                                        "- "
                                                                                        "interval "
                                                                                        "'1 h', "
                                                                                        "NULL, "
                                                                                        "now(),"
                                                                                        "   NULL, "
                                                                                        "NULL, "
                                                                                        "NULL, "
                                                                                        "NULL),"
                                                                                        " ('" ID(
                                                                                            "09") "', 'ann@x.org', 's1', 'sent', 5, now() - interval '1 h', NULL, now(),"
                                                                                                  "   now() - interval '4 min', NULL, NULL, NULL),"
                                                                                                  " ('" ID(
                                                                                                      "10") "', 'ann@x.org', 's2', 'sent', 5, now() - interval '1 h', NULL, now(),"
                                                                                                            "   now() - interval '3 min', NULL, NULL, NULL),"
                                                                                                            " ('" ID(
                                                                                                                "11") "', 'ann@x.org', 'off', 'cancelled', 5, now() - interval '1 h', NULL,"
                                                                                                                      "   now() - interval '2 min', NULL, NULL, NULL, NULL);"
                                                                                                                      "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, at) VALUES"
                                                                                                                      " ('" ID(
                                                                                                                          "09") "', 'sent', 1, 'w', now() - interval '5 min'),"
                                                                                                                                " ('" ID(
                                                                                                                                    "09") "', 'sent', 1, 'w', now() - interval '4 min'),"
                                                                                                                                          " ('" ID(
                                                                                                                                              "10") "', 'failed', 1, 'w', now() - interval '4 min'),"
                                                                                                                                                    " ('" ID(
                                                                                                                                                        "10") "', 'sent', 2, 'w', now() - interval '3 min'),"
                                                                                                                                                              " ('" ID(
                                                                                                                                                                  "99") "', 'sent', 2, 'w', now() - interval '3 min')");
}

static void every_status_has_its_order(void **state) {
    (void)state;
    one_of_each();
    struct db *db = open_db(DB_READONLY);
    lists(db, (struct list_query){.status = "pending"}, "p2:pending p1:pending");
    lists(db, (struct list_query){.status = "scheduled"}, "later:scheduled");
    lists(db, (struct list_query){.status = "processing"}, "work:processing");
    lists(db, (struct list_query){.status = "retrying"}, "again:retrying");
    lists(db, (struct list_query){.status = "failed"},
          "lost:uncertain bad:failed again:retrying none:failed");
    lists(db, (struct list_query){.status = "uncertain"}, "lost:uncertain");
    lists(db, (struct list_query){.status = "sent"}, "s2:sent s1:sent");
    lists(db, (struct list_query){.status = "cancelled"}, "off:cancelled");
    lists(db, (struct list_query){.limit = 50},
          "p2:pending off:cancelled s2:sent s1:sent lost:uncertain bad:failed again:retrying "
          "work:processing later:scheduled p1:pending none:failed");
    lists(db, (struct list_query){.limit = 3}, "p2:pending off:cancelled s2:sent");
    db_free(db);
}

static void filters_narrow_it(void **state) {
    (void)state;
    one_of_each();
    struct db *db = open_db(DB_READONLY);
    lists(db, (struct list_query){.error_code = "timeout"}, "bad:failed again:retrying");
    lists(db, (struct list_query){.error_code = "(none)"}, "none:failed");
    lists(db, (struct list_query){.status = "retrying", .error_code = "x"}, "");
    lists(db, (struct list_query){.to = "A_N"}, "bad:failed");
    lists(db, (struct list_query){.to = "bob"}, "p2:pending");
    lists(db, (struct list_query){.to = "ann@", .status = "sent", .limit = 1}, "s2:sent");
    lists(db, (struct list_query){.since_us = INT64_C(4000000000000000)}, "");
    lists(db, (struct list_query){.since_us = 1, .status = "sent"}, "s2:sent s1:sent");
    struct list_query bad = {.status = "lost", .limit = 1};
    assert_false(list_messages(db, &bad, note_subject, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    db_free(db);
}

/* More attempts than one look takes. */
static void old_sent_mail_is_found(void **state) {
    (void)state;
    one_of_each();
    sql("INSERT INTO postroom.attempts (message_id, outcome, attempt, worker)"
        " SELECT '" ID("98") "', 'failed', 1, 'w' FROM generate_series(1, 12000)");
    struct db *db = open_db(DB_READONLY);
    lists(db, (struct list_query){.status = "sent"}, "s2:sent s1:sent");
    db_free(db);
}

static bool count_two(void *ctx, const char *json) {
    (void)json;
    return ++*(int *)ctx < 2;
}

static void the_reader_may_stop(void **state) {
    (void)state;
    int n = 0;
    one_of_each();
    struct db *db = open_db(DB_READONLY);
    struct list_query q = {.limit = 50};
    done(list_messages(db, &q, count_two, &n, &err));
    assert_int_equal(n, 2);
    db_free(db);
}

static struct json *show(struct db *db, const char *id, bool bodies) {
    struct buf b;
    buf_init(&b, 1 << 20);
    done(list_show(db, id, bodies, &b, &err));
    struct json *j = json_parse(buf_text(&b), b.len, 1 << 20, &err);
    if (!j)
        fail_msg("%s in %s", err.text, buf_text(&b));
    buf_free(&b);
    return j;
}

static void one_message_with_its_story(void **state) {
    (void)state;
    one_of_each();
    sql("UPDATE email_messages SET html = '<b>\"é\"</b>', cc = ARRAY['c@x.org'],"
        " attachments = '[{\"filename\":\"a.txt\",\"content\":\"aGVsbG8=\"}, 7]';"
        "INSERT INTO postroom.journal (who, what, filter)"
        " VALUES ('bob', 'retried it', '{\"ids\": [\"" ID("10") "\"]}')");
    struct db *db = open_db(DB_READONLY);
    struct json *j = show(db, ID("10"), false);
    assert_string_equal(json_get_text(j, "to_email"), "ann@x.org");
    assert_null(json_get(j, "html"));
    assert_int_equal(json_get_number(j, "html_bytes", 0), 11);
    const struct json *file = json_at(json_get(j, "attachments"), 0);
    assert_int_equal(json_get_number(file, "bytes", 0), 5);
    assert_null(json_get(file, "content"));
    assert_int_equal(json_size(json_get(j, "attempts")), 2);
    assert_string_equal(json_get_text(json_at(json_get(j, "attempts"), 0), "outcome"), "sent");
    assert_string_equal(json_get_text(json_at(json_get(j, "journal"), 0), "who"), "bob");
    json_free(j);
    j = show(db, ID("10"), true);
    assert_string_equal(json_get_text(j, "html"), "<b>\"é\"</b>");
    assert_int_equal(json_type(json_get(j, "text")), JSON_NULL);
    json_free(j);
    db_free(db);
}

static void unknown_ids_are_said(void **state) {
    (void)state;
    static const char *const ids[] = {ID("55"), "nonsense", ""};
    struct buf b;
    struct list_state now;
    struct db *db = open_db(DB_READONLY);
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_false(list_show(db, ids[i], false, &b, &err));
        assert_int_equal(err.code, ERR_NOTFOUND);
        assert_false(list_follow(db, ids[i], &now, &err));
        assert_int_equal(err.code, ERR_NOTFOUND);
    }
    buf_free(&b);
    db_free(db);
}

static void following_knows_the_end(void **state) {
    (void)state;
    static const struct {
        const char *id;
        bool ended;
    } cases[] = {{ID("01"), false}, {ID("04"), false}, {ID("05"), false},
                 {ID("06"), true},  {ID("09"), true},  {ID("11"), true}};
    struct list_state now;
    one_of_each();
    struct db *db = open_db(DB_READONLY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        done(list_follow(db, cases[i].id, &now, &err));
        assert_int_equal(now.ended, cases[i].ended);
    }
    done(list_follow(db, ID("05"), &now, &err));
    assert_string_equal(now.error, "timeout");
    assert_true(now.next_attempt[0]);
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(every_status_has_its_order), TEST(filters_narrow_it),
        TEST(old_sent_mail_is_found),     TEST(the_reader_may_stop),
        TEST(one_message_with_its_story), TEST(unknown_ids_are_said),
        TEST(following_knows_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
