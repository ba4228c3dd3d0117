/* The document, the picture made of it, outcomes from elsewhere: against a real server. */
#include "base/clock.h"
#include "db/view.h"
#include "unit/db/database.h"

static struct view_window anna = {.operator_name = "anna"};

static struct snapshot *look(struct db *db) {
    anna.outdated = true;
    struct snapshot *s = view_snapshot(db, &anna, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static void an_empty_database_is_all_zero(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    for (int i = 0; i < QUEUE_ROWS; i++) {
        assert_int_equal(s->queue[i].n, 0);
        assert_false(s->queue[i].capped);
    }
    assert_string_equal(s->operator_name, "anna");
    assert_non_null(strstr(s->database, "@local"));
    assert_false(s->paused);
    assert_int_equal(s->error_count, 0);
    assert_true(s->now_us - s->published_at_us < 5000000);
    snapshot_release(s);
    db_free(db);
}

static void each_state_is_counted_where_it_belongs(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, status, created_at, scheduled_at, "
        "error_code,"
        "  failed_at, next_attempt_at, priority) VALUES"
        " ('a', 's', 'pending', now() - interval '2 min', NULL, NULL, NULL, NULL, 9),"
        " ('a', 's', 'pending', now() - interval '1 min', NULL, NULL, NULL, NULL, 0),"
        " ('a', 's', 'pending', now(), now() + interval '1 hour', NULL, NULL, NULL, 5),"
        " ('a', 's', 'pending', now(), 'infinity', NULL, NULL, NULL, NULL),"
        " ('a', 's', 'processing', now(), NULL, NULL, NULL, NULL, 5),"
        " ('a', 's', 'failed', now(), NULL, 'timeout', now(), now() + interval '1 min', 5),"
        " ('a', 's', 'failed', now(), NULL, 'timeout', now(), NULL, 5),"
        " ('a', 's', 'failed', now(), NULL, NULL, NULL, NULL, 5),"
        " ('a', 's', 'failed', now(), NULL, 'uncertain', now(), NULL, 5),"
        " ('a', 's', 'cancelled', now(), NULL, NULL, NULL, NULL, 5),"
        " ('a', 's', 'sent', now(), NULL, NULL, NULL, NULL, 5)");
    static const int64_t expected[QUEUE_ROWS] = {
        [QUEUE_PENDING] = 2, [QUEUE_SCHEDULED] = 2, [QUEUE_PROCESSING] = 1, [QUEUE_RETRYING] = 1,
        [QUEUE_FAILED] = 2,  [QUEUE_UNCERTAIN] = 1, [QUEUE_SENT_TODAY] = 0, [QUEUE_CANCELLED] = 1,
    };
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    for (int i = 0; i < QUEUE_ROWS; i++)
        if (s->queue[i].n != expected[i])
            fail_msg("row %d: %lld, not %lld", i, (long long)s->queue[i].n, (long long)expected[i]);
    int64_t oldest = (s->now_us - s->queue[QUEUE_PENDING].at_us) / 1000000;
    int64_t next = (s->queue[QUEUE_SCHEDULED].at_us - s->now_us) / 1000000;
    assert_in_range(oldest, 119, 150);
    assert_in_range(next, 3500, 3600);
    snapshot_release(s);
    db_free(db);
}

static void counting_stops_at_the_cap(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, priority) SELECT 'a', 's', i % 3"
        " FROM generate_series(1, 10050) i;"
        "INSERT INTO email_messages (to_email, subject, status) SELECT 'a', 's', 'cancelled'"
        " FROM generate_series(1, 10000) i");
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    assert_int_equal(s->queue[QUEUE_PENDING].n, 10000);
    assert_true(s->queue[QUEUE_PENDING].capped);
    assert_int_equal(s->queue[QUEUE_CANCELLED].n, 10000);
    assert_false(s->queue[QUEUE_CANCELLED].capped);
    snapshot_release(s);
    db_free(db);
}

static void errors_are_grouped_with_their_newest_text(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, status, error_code, error_message,"
        "  failed_at, next_attempt_at) VALUES"
        " ('a', 's', 'failed', 'b', 'old words', now() - interval '2 hours', NULL),"
        " ('a', 's', 'failed', 'b', 'new words', now() - interval '1 hour', now()),"
        " ('a', 's', 'failed', 'a', 'other', 'infinity', NULL),"
        " ('a', 's', 'failed', 'a', 'other', now(), NULL),"
        " ('a', 's', 'failed', 'a', 'other', now(), NULL),"
        " ('a', 's', 'failed', NULL, NULL, NULL, NULL);"
        "INSERT INTO postroom.minute_errors VALUES (date_trunc('minute', now()), 'w', 'b', 7)");
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    assert_int_equal(s->error_count, 3);
    assert_string_equal(s->errors[0].code, "b"); /* the most a minute first */
    assert_string_equal(s->errors[0].text, "new words");
    assert_int_equal(s->errors[0].per_min, 7);
    assert_int_equal(s->errors[0].n, 2);
    assert_int_equal(s->errors[0].retrying, 1);
    assert_in_range(s->errors[0].last_at_us - s->errors[0].first_at_us, 3599999999, 3600000001);
    assert_string_equal(s->errors[1].code, "a");
    assert_int_equal(s->errors[1].n, 3);
    assert_int_equal(s->errors[1].last_at_us, -1); /* infinity: unknown */
    assert_string_equal(s->errors[2].code, "(none)");
    assert_int_equal(s->errors[2].n, 1);
    snapshot_release(s);
    db_free(db);
}

static void rates_come_from_the_minutes(void **state) {
    (void)state;
    sql("INSERT INTO postroom.minutes SELECT date_trunc('minute', now()) - i * interval '1 min',"
        " w, 10, 5 FROM generate_series(0, 30) i, unnest(ARRAY['v', 'w']) w");
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    assert_in_range(s->sent_1m, 20, 40); /* this minute whole, the one before in part */
    assert_in_range(s->attempts_5m, 5 * 30, 6 * 30);
    assert_in_range(s->failed_5m, 5 * 10, 6 * 10);
    assert_int_equal(s->sent_1m_usual, 20);
    assert_int_equal(s->minute_sent[SNAP_MINUTES - 1], 20);
    assert_int_equal(s->minute_failed[SNAP_MINUTES - 1], 10);
    assert_int_equal(s->minute_sent[0], 0);
    assert_int_equal(s->minute_waiting[0], -1); /* nobody noted it */
    snapshot_release(s);
    db_free(db);
}

static void lanes_add_up_all_workers(void **state) {
    (void)state;
    sql("INSERT INTO postroom.lanes (name, rate, batch_size, daily_quota, monthly_quota, "
        "told_daily,"
        "  told_daily_at) VALUES ('resend', 10, 100, 1000, 5000, 900, now());"
        "INSERT INTO postroom.workers (id, name, pid, version, lane, requests_10s, requests_1m,"
        "  messages_1m, empty_60s, state, heard_at) VALUES"
        " ('a', 'mail01', 1, '0', 'resend', 20, 100, 400, 50, 'sending', now()),"
        " ('b', 'mail02', 2, '0', 'resend', 5, 100, 100, 3, 'idle', now()),"
        " ('c', 'mail03', 3, '0', 'resend', 99, 999, 999, 60, 'sending', now() - interval '1 min'),"
        " ('d', 'mail04', 4, '0', 'resend', 99, 999, 999, 60, 'stopped', now());"
        "UPDATE postroom.workers SET paused_at = now(), paused_by = 'bob' WHERE id = 'b';"
        "INSERT INTO postroom.usage VALUES"
        " ('resend', (now() AT TIME ZONE 'UTC')::date, 'a', 500),"
        " ('resend', (now() AT TIME ZONE 'UTC')::date, 'b', 200)");
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = look(db);
    assert_int_equal(s->worker_count, 2);
    assert_string_equal(s->workers[1].state, "paused by bob");
    assert_int_equal(s->lane_count, 1);
    const struct snap_lane *l = &s->lanes[0];
    assert_false(l->parked);
    assert_int_equal(l->rate_used * 10, 25);
    assert_int_equal(l->per_request * 10, 25);
    assert_int_equal(l->empty_60s, 50);
    assert_true(l->empty_since_us > 0);
    assert_int_equal(l->today_used, 900); /* the provider's number is the higher one */
    assert_int_equal(l->month_used, 700);
    assert_int_equal(s->queue[QUEUE_SENT_TODAY].n, 700);
    int64_t since = l->empty_since_us;
    snapshot_release(s);
    s = look(db);
    assert_int_equal(s->lanes[0].empty_since_us, since); /* handed on */
    snapshot_release(s);
    sql("UPDATE postroom.lanes SET parked_reason = 'key', parked_text = '401', parked_since = "
        "now()");
    s = look(db);
    assert_true(s->lanes[0].parked);
    assert_string_equal(s->lanes[0].reason, "key");
    assert_int_equal(s->lanes[0].until_us, -1);
    snapshot_release(s);
    db_free(db);
}

/* As if 60 messages a minute had left for the last half minute. */
static void let_it_shrink(void) {
    sql("UPDATE postroom.published SET doc = jsonb_set(doc, '{trend}', jsonb_build_object("
        "'at', now() - interval '30 s', 'n', (SELECT count(*) + 30 FROM email_messages),"
        "'next_at', now(), 'next_n', 0))");
}

static int64_t gone_in_s(struct db *db) {
    let_it_shrink();
    struct snapshot *s = look(db);
    int64_t us = s->lanes[0].gone_at_us < 0 ? -1 : s->lanes[0].gone_at_us - s->published_at_us;
    snapshot_release(s);
    return us < 0 ? -1 : us / 1000000;
}

static int64_t until_midnight_s(void) {
    char text[32];
    return atoll(psql("SELECT extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC')"
                      " + interval '1 day' - now() AT TIME ZONE 'UTC')::bigint",
                      text, sizeof text));
}

static void the_backlog_is_gone_when_pace_and_quota_allow(void **state) {
    (void)state;
    sql("INSERT INTO postroom.lanes (name, rate) VALUES ('resend', 10);"
        "INSERT INTO email_messages (to_email, subject, created_at)"
        " SELECT 'a', 's', now() - interval '1 min' FROM generate_series(1, 600)");
    struct db *db = open_db(DB_TOOL);
    snapshot_release(look(db));
    assert_in_range(gone_in_s(db), 540, 620); /* 600 at about 60 a minute */
    sql("UPDATE postroom.lanes SET daily_quota = 1000");
    assert_in_range(gone_in_s(db), 540, 620);
    sql("UPDATE postroom.lanes SET daily_quota = 200"); /* 200, 200 tomorrow, 200 the day after */
    int64_t midnight = until_midnight_s();
    assert_in_range(gone_in_s(db), midnight + 86400 + 180, midnight + 86400 + 215);
    sql("UPDATE postroom.lanes SET daily_quota = 0");
    assert_int_equal(gone_in_s(db), -1);
    db_free(db);
}

static void what_held_is_handed_on(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, created_at)"
        " VALUES ('a', 's', now() - interval '1 hour')");
    struct view_window first = {.operator_name = "a", .outdated = true}, second = first;
    struct db *db = open_db(DB_TOOL);
    struct snapshot *s = view_snapshot(db, &first, &err);
    assert_true(s->held_us[HELD_SLOW] < 0); /* nobody knew before */
    int64_t at_us = s->published_at_us;
    snapshot_release(s);
    first.outdated = true;
    s = view_snapshot(db, &first, &err);
    assert_int_equal(s->held_us[HELD_SLOW], at_us);
    assert_true(s->held_us[HELD_FAILING] < 0);
    snapshot_release(s);
    sql("UPDATE email_messages SET status = 'sent'");
    s = view_snapshot(db, &second, &err); /* who comes later finds it in the document */
    assert_int_equal(s->held_us[HELD_SLOW], at_us);
    snapshot_release(s);
    db_free(db);
}

static void one_window_folds_the_others_read(void **state) {
    (void)state;
    struct db *first = open_db(DB_TOOL), *second = open_db(DB_TOOL), *third = open_db(DB_READONLY);
    struct view_window a = {.operator_name = "a"}, b = {.operator_name = "b"};
    struct view_window c = {.operator_name = "c", .read_only = true};
    struct snapshot *alone = view_snapshot(third, &c, &err); /* nothing stored, and may not store */
    assert_non_null(alone);
    assert_true(alone->read_only);
    is("SELECT count(*) FROM postroom.published", "0");
    struct snapshot *one, *two, *three;
    for (int round = 0;; round++) {
        int64_t began = clock_boot_us();
        one = view_snapshot(first, &a, &err);
        two = view_snapshot(second, &b, &err);
        three = view_snapshot(third, &c, &err);
        assert_true(one && two && three);
        if (clock_boot_us() - began < 1400 * USEC_PER_MS || round == 50)
            break; /* else the machine stood still so long that another may fold as well */
        snapshot_release(one);
        snapshot_release(two);
        snapshot_release(three);
        a.publisher = b.publisher = false;
        sql("DELETE FROM postroom.published");
    }
    assert_int_equal(one->published_at_us, two->published_at_us);
    assert_int_equal(one->published_at_us, three->published_at_us);
    assert_string_equal(three->operator_name, "c");
    assert_true(a.publisher);
    assert_false(b.publisher);
    snapshot_release(alone);
    snapshot_release(one);
    snapshot_release(two);
    snapshot_release(three);
    db_free(first);
    db_free(second);
    db_free(third);
}

static void people_are_named(void **state) {
    (void)state;
    struct db *db = open_db(DB_TOOL);
    done(view_here(db, "00000000-0000-4000-8000-000000000001", "bob", NULL, &err));
    done(view_here(db, "00000000-0000-4000-8000-000000000001", "bob", "did \"this\"", &err));
    done(view_here(db, "00000000-0000-4000-8000-000000000001", "bob", NULL, &err));
    sql("UPDATE postroom.control SET paused_at = now(), paused_by = 'bob', paused_reason = 'r'");
    struct snapshot *s = look(db);
    assert_int_equal(s->operator_count, 1);
    assert_string_equal(s->operators[0].did, "did \"this\"");
    assert_int_equal(s->journal_count, 1);
    assert_string_equal(s->journal[0].what, "opened a window");
    assert_true(s->paused);
    assert_string_equal(s->paused_reason, "r");
    snapshot_release(s);
    done(view_gone(db, "00000000-0000-4000-8000-000000000001", &err));
    is("SELECT count(*) FROM postroom.operators", "0");
    db_free(db);
}

static void status_knows_what_was_sent(void **state) {
    (void)state;
    struct buf out;
    struct db *db = open_db(DB_READONLY);
    struct view_window w = {.operator_name = "x", .read_only = true};
    buf_init(&out, 1 << 20);
    sql("INSERT INTO email_messages (to_email, subject, status) VALUES ('a', 's', 'sent')");
    done(view_status(db, &w, &out, &err));
    assert_non_null(strstr(buf_text(&out), "\"sent\":{\"n\":1,\"estimate\":false}}"));
    sql("INSERT INTO email_messages (to_email, subject, status, text) SELECT 'a', 's', 'sent',"
        " repeat('x', 200) FROM generate_series(1, 30000); ANALYZE email_messages");
    done(view_status(db, &w, &out, &err));
    assert_non_null(strstr(buf_text(&out), "\"sent\":{\"n\":30001,\"estimate\":true}}"));
    buf_free(&out);
    db_free(db);
}

/* Statistics are told when a session has ended. */
static void alone(void) {
    char others[16] = "?";
    for (int i = 0; i < 1000 && !str_eq(others, "0"); i++)
        psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
             " AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
             others, sizeof others);
    assert_string_equal(others, "0");
}

/* However stale the statistics are: after a bulk load nothing but indexes is used. */
static void nothing_scans_the_table(void **state) {
    (void)state;
    char before[32], after[32];
    const char *scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'email_messages'";
    struct buf out;
    struct view_window ro = {.operator_name = "x", .read_only = true};
    buf_init(&out, 1 << 20);
    sql("INSERT INTO email_messages (to_email, subject, status) SELECT 'a', 's', 'sent'"
        " FROM generate_series(1, 40000); ANALYZE email_messages;"
        "INSERT INTO email_messages (to_email, subject, status, error_code, failed_at)"
        " SELECT 'a', 's', (ARRAY['pending', 'failed', 'cancelled'])[1 + i % 3], 'e' || i % 7, "
        "now()"
        " FROM generate_series(1, 30000) i");
    alone();
    psql(scans, before, sizeof before);
    struct db *db = open_db(DB_TOOL);
    snapshot_release(look(db));
    done(view_document(db, &ro, &out, NULL, &err));
    done(view_status(db, &ro, &out, &err));
    db_free(db); /* its statistics are told as it goes */
    alone();
    assert_string_equal(psql(scans, after, sizeof after), before);
    buf_free(&out);
}

/* --- outcomes from elsewhere ------------------------------------------------------------------ */

static size_t tail(struct db *db, struct view_tail *t, struct event *out, int64_t *missed) {
    size_t n = 0;
    done(view_tail(db, t, out, &n, missed, &err));
    return n;
}

#define ATTEMPT                                                                                    \
    "INSERT INTO postroom.attempts (message_id, outcome, attempt, worker, error_code, error) "

static void new_outcomes_are_told_once(void **state) {
    (void)state;
    static struct event e[VIEW_TAIL_MAX];
    static struct view_tail t;
    int64_t missed;
    struct db *db = open_db(DB_TOOL);
    sql(ATTEMPT "VALUES (gen_random_uuid(), 'sent', 1, 'w', NULL, NULL)");
    assert_int_equal(tail(db, &t, e, &missed), 0); /* what was before is old */
    sql("INSERT INTO email_messages (id, to_email, subject)"
        " VALUES ('00000000-0000-4000-8000-00000000000a', 'Ann <ann@example.org>', 's');" ATTEMPT
        "VALUES ('00000000-0000-4000-8000-00000000000a', 'failed', 1, 'w', 'timeout', NULL),"
        " ('00000000-0000-4000-8000-00000000000b', 'sent', 1, 'w', NULL, NULL)");
    assert_int_equal(tail(db, &t, e, &missed), 2);
    assert_int_equal(e[0].kind, EVENT_FAILED);
    assert_string_equal(e[0].to, "ann@example.org");
    assert_string_equal(e[0].text, "timeout");
    assert_int_equal(e[1].kind, EVENT_SENT);
    assert_string_equal(e[1].to, ""); /* deleted meanwhile */
    assert_int_equal(tail(db, &t, e, &missed), 0);
    sql(ATTEMPT
        "SELECT gen_random_uuid(), 'sent', i, 'w', NULL, NULL FROM generate_series(1, 500) i");
    assert_int_equal(tail(db, &t, e, &missed), VIEW_TAIL_MAX);
    assert_int_equal(missed, 300);
    assert_int_equal(tail(db, &t, e, &missed), 0);
    db_free(db);
}

/* A number given early may be committed late. */
static void late_commits_are_told_too(void **state) {
    (void)state;
    static struct event e[VIEW_TAIL_MAX];
    static struct view_tail t;
    int64_t missed;
    struct db *db = open_db(DB_TOOL);
    memset(&t, 0, sizeof t);
    sql("ALTER SEQUENCE postroom.attempts_seq_seq RESTART WITH 1000");
    sql(ATTEMPT "VALUES ('00000000-0000-4000-8000-000000000001', 'sent', 1, 'w', NULL, NULL)");
    tail(db, &t, e, &missed);
    sql("SELECT setval('postroom.attempts_seq_seq', 1003);" ATTEMPT
        "VALUES ('00000000-0000-4000-8000-000000000005', 'sent', 1, 'w', NULL, NULL)");
    assert_int_equal(tail(db, &t, e, &missed), 1); /* 1004; 1001 to 1003 are missing */
    assert_int_equal(t.gap_count, 3);
    sql("INSERT INTO postroom.attempts (seq, message_id, outcome, attempt, worker) OVERRIDING "
        "SYSTEM"
        " VALUE VALUES (1002, '00000000-0000-4000-8000-000000000002', 'sent', 1, 'w')");
    assert_int_equal(tail(db, &t, e, &missed), 1);
    assert_string_equal(e[0].id, "00000000-0000-4000-8000-000000000002");
    assert_int_equal(t.gap_count, 2);
    for (int i = 0; i < 40; i++)
        assert_int_equal(tail(db, &t, e, &missed), 0);
    assert_int_equal(t.gap_count, 0); /* rolled back: given up */
    db_free(db);
}

int main(void) {
    if (!database_given())
        return 0;
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_database_is_all_zero),
        TEST(each_state_is_counted_where_it_belongs),
        TEST(counting_stops_at_the_cap),
        TEST(errors_are_grouped_with_their_newest_text),
        TEST(rates_come_from_the_minutes),
        TEST(lanes_add_up_all_workers),
        TEST(the_backlog_is_gone_when_pace_and_quota_allow),
        TEST(what_held_is_handed_on),
        TEST(one_window_folds_the_others_read),
        TEST(people_are_named),
        TEST(status_knows_what_was_sent),
        TEST(nothing_scans_the_table),
        TEST(new_outcomes_are_told_once),
        TEST(late_commits_are_told_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
