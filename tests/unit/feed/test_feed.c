/* The feed's thread against a real server: pictures, answers, a database that goes and comes. */
#include "base/clock.h"
#include "feed/feed.h"
#include "unit/db/database.h"

#include <unistd.h>

static struct board *board;
static struct ring *ring;
static struct mailbox *commands;
static struct life life;
static struct feed *feed;

static void start(bool read_only) {
    struct feed_options options = {
        .operator_name = "anna", .read_only = read_only, .events_from_db = true};
    struct feed_ports ports = {board, ring, commands, &life};
    life_init(&life);
    feed = feed_start(&settings, &options, &ports, &err);
    if (!feed)
        fail_msg("%s", err.text);
}

static void stop(void) {
    life_stop(&life);
    mailbox_nudge(commands);
    int64_t began = clock_boot_us();
    feed_join(feed);
    assert_true(clock_boot_us() - began <
                9 * USEC_PER_SEC); /* sooner than a statement is given up */
}

/* Waits, 20 s at most, for a picture that `is_it` holds of. */
static struct snapshot *wait_for(bool (*is_it)(const struct snapshot *)) {
    for (int i = 0; i < 2000; i++) {
        struct snapshot *s = board_take(board);
        if (s && is_it(s))
            return s;
        snapshot_release(s);
        usleep(10000);
    }
    fail_msg("waited in vain for a picture");
    return NULL;
}

static struct event wait_for_event(void) {
    struct event e;
    uint64_t lost;
    for (int i = 0; i < 2000; i++) {
        if (ring_take(ring, &e, 1, &lost) == 1)
            return e;
        usleep(10000);
    }
    fail_msg("waited in vain for an event");
    return e;
}

static struct event ask(enum command_kind kind, const char *text) {
    static int64_t id;
    struct command c = {.id = ++id, .kind = kind};
    str_copy(c.text, sizeof c.text, text);
    assert_true(mailbox_put(commands, &c));
    struct event e = wait_for_event();
    while (e.kind == EVENT_ANSWER && !e.final)
        e = wait_for_event();
    assert_int_equal(e.kind, EVENT_ANSWER);
    assert_int_equal(e.command, id);
    return e;
}

static bool any(const struct snapshot *s) {
    return !s->away;
}

static bool is_paused(const struct snapshot *s) {
    return s->paused;
}

static bool is_away(const struct snapshot *s) {
    return s->away;
}

static bool shows_two_pending(const struct snapshot *s) {
    return s->queue[QUEUE_PENDING].n == 2;
}

static bool shows_anna(const struct snapshot *s) {
    return s->operator_count == 1 && str_eq(s->operators[0].name, "anna") &&
           str_eq(s->operators[0].did, "paused sending");
}

static void numbers_follow_the_table(void **state) {
    (void)state;
    start(false);
    snapshot_release(wait_for(any));
    sql("INSERT INTO email_messages (to_email, subject) VALUES ('a', 's'), ('b', 's')");
    snapshot_release(wait_for(shows_two_pending));
    stop();
    is("SELECT count(*) FROM postroom.operators", "0");
}

static void commands_are_answered(void **state) {
    (void)state;
    sql("INSERT INTO email_messages (to_email, subject, status, error_code, failed_at)"
        " SELECT 'a', 's', 'failed', 'timeout', now() FROM generate_series(1, 1200)");
    start(false);
    snapshot_release(wait_for(any));
    assert_string_equal(ask(COMMAND_PAUSE, "why").text, "pause: all workers paused");
    snapshot_release(wait_for(is_paused));
    snapshot_release(wait_for(shows_anna));
    assert_string_equal(ask(COMMAND_RETRY, "").text, "retry: 1,200 asked, 1,200 queued");
    assert_string_equal(ask(COMMAND_CANCEL, "").text, "cancel: 1,200 asked, 1,200 cancelled");
    assert_string_equal(ask(COMMAND_TRIGGER, "").text,
                        "trigger: no worker is running, 0 due; paused: nothing is sent before "
                        "somebody resumes");
    stop();
    is("SELECT string_agg(DISTINCT who, ',') FROM postroom.journal", "anna");
}

static void a_read_only_window_changes_nothing(void **state) {
    (void)state;
    start(true);
    struct snapshot *s = wait_for(any);
    assert_true(s->read_only);
    assert_string_equal(ask(COMMAND_PAUSE, "").text, "read-only window: nothing changed");
    snapshot_release(s);
    stop();
    is("SELECT count(*) FROM postroom.published", "0");
    is("SELECT count(*) FROM postroom.journal", "0");
}

static void outcomes_elsewhere_are_events(void **state) {
    (void)state;
    start(false);
    snapshot_release(wait_for(any));
    struct event e;
    uint64_t lost;
    size_t n = 0;
    for (int i = 0; i < 50 && n == 0; i++) { /* until it has begun to look */
        sql("INSERT INTO postroom.attempts (message_id, outcome, attempt, worker)"
            " VALUES ('00000000-0000-4000-8000-000000000001', 'sent', 1, 'w')");
        usleep(300000);
        n = ring_take(ring, &e, 1, &lost);
    }
    assert_int_equal(n, 1);
    assert_int_equal(e.kind, EVENT_SENT);
    assert_string_equal(e.id, "00000000-0000-4000-8000-000000000001");
    stop();
}

static void a_database_may_go_and_come(void **state) {
    (void)state;
    start(false);
    struct snapshot *before = wait_for(any);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'postroom' AND datname = current_database()");
    struct snapshot *away = wait_for(is_away);
    assert_string_equal(away->database, before->database); /* the last numbers stay */
    snapshot_release(before);
    snapshot_release(away);
    snapshot_release(wait_for(any));
    stop();
}

/* A statement that hangs does not hold up the end. */
static void the_end_comes_in_time(void **state) {
    (void)state;
    start(false);
    snapshot_release(wait_for(any));
    FILE *other = popen("psql -Xq \"$POSTROOM_TEST_DATABASE\" >/dev/null", "w");
    assert_non_null(other);
    fputs("BEGIN; LOCK TABLE postroom.control;\n", other);
    fflush(other);
    struct command c = {.id = 99, .kind = COMMAND_PAUSE};
    assert_true(mailbox_put(commands, &c));
    sql("SELECT pg_sleep(1.5)");
    stop();
    fputs("ROLLBACK;\n", other);
    pclose(other);
}

static int set_up(void **state) {
    board = board_new(NULL, &err);
    ring = ring_new(512, NULL, &err);
    commands = mailbox_new(16, &err);
    assert_true(board && ring && commands);
    return fresh(state);
}

static int tear_down(void **state) {
    (void)state;
    board_free(board);
    ring_free(ring);
    mailbox_free(commands);
    return 0;
}

int main(void) {
    if (!database_given())
        return 0;
    log_open(LOG_TEXT, -1);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(numbers_follow_the_table),           TEST(commands_are_answered),
        TEST(a_read_only_window_changes_nothing), TEST(outcomes_elsewhere_are_events),
        TEST(a_database_may_go_and_come),         TEST(the_end_comes_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
