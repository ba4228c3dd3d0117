/* The state row: each state by a document that makes it, word for word; what wins; what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/verdict.h"

#define NOW "2026-09-22T03:12:06Z"
#define PUBLISHED "\"published_at\":\"2026-09-22T03:12:06Z\""
#define WORKER                                                                                     \
    "\"workers\":[{\"name\":\"mail01\",\"in_flight\":1,\"state\":\"sending\",\"heard_at\":\"2026-" \
    "09-22T03:12:05Z\"}]"
#define PENDING(n, at) "\"pending\":{\"n\":" #n ",\"per_min\":310,\"at\":\"2026-09-22T" at "Z\"}"
#define TRIED "\"last_at\":\"2026-09-22T03:12:05Z\""
#define ERRORS                                                                                     \
    "\"errors\":[{\"code\":\"timeout\",\"text\":\"timeout: no answer within "                      \
    "30s\",\"n\":19,\"first_at\":\"2026-09-22T01:58:40Z\"}]"
#define PARKED(reason, text)                                                                       \
    "\"lanes\":[{\"name\":\"resend\",\"state\":\"parked\",\"reason\":\"" reason                    \
    "\",\"text\":\"" text "\",\"since\":\"2026-09-22T03:07:00Z\"}]"

#define SLOWED(since, until)                                                                       \
    "\"lanes\":[{\"name\":\"resend\",\"state\":\"parked\",\"reason\":\"rate\",\"text\":\"429 "     \
    "rate_limit_exceeded: Too many requests\",\"since\":\"" since "\",\"until\":\"" until "\"}]"

static int64_t at(const char *text) {
    int64_t us;
    assert_int_equal(clock_parse_utc(text, &us), 1);
    return us;
}

static struct state_row judge_at(const char *json, int64_t now_us) {
    struct err err = {0};
    struct state_row row;
    struct snapshot *s = snapshot_parse(json, strlen(json), &err);
    if (s == NULL)
        fail_msg("%s: %s", err.text, json);
    verdict_of(s, now_us, &row);
    snapshot_release(s);
    return row;
}

static void every_state_in_its_words(void **state) {
    (void)state;
    static const struct {
        const char *json, *name, *sentence, *todo;
    } cases[] = {
        {"{\"published_at\":\"2026-09-22T03:11:25Z\"}", "NO DATA",
         "no answer from the database for 41s; the numbers are of 03:11:25",
         "numbers stay with their time; w workers"},
        {"{" PUBLISHED ",\"paused\":{\"by\":\"bob\",\"at\":\"2026-09-22T03:06:30Z\","
         "\"reason\":\"key rotation\"}}",
         "PAUSED", "no mail is sent; paused by bob 5m ago: \"key rotation\"",
         "p resume   r retry (queued until you resume)"},
        {"{" PUBLISHED ",\"paused\":{\"by\":\"bob\",\"at\":\"2026-09-22T03:06:30Z\"}}", "PAUSED",
         "no mail is sent; paused by bob 5m ago", NULL},
        {"{" PUBLISHED
         ",\"queue\":{" PENDING(1204, "03:12:00") "},\"workers\":[{\"name\":\"m\","
                                                  "\"heard_at\":\"2026-09-22T03:09:00Z\"}]}",
         "STALLED", "1,204 wait, no worker is running (the last was heard 3m ago)",
         "start a worker; w workers   t process now"},
        {"{" PUBLISHED
         ",\"last_heard_at\":\"2026-09-22T03:01:00Z\",\"queue\":{" PENDING(3, "03:12:06") "}}",
         "STALLED", "3 wait, no worker is running (the last was heard 11m ago)", NULL},
        {"{" PUBLISHED ",\"queue\":{" PENDING(3, "03:12:06") "}}", "STALLED",
         "3 wait, no worker is running", NULL},
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(
             3, "03:10:00") "},"
                            "\"attempts\":{\"last_at\":\"2026-09-22T03:10:00Z\"},"
                            "\"lanes\":[{\"name\":\"resend\",\"state\":\"open\",\"empty_60s\":0}]}",
         "STALLED", "3 wait, the lane is open, and nothing was tried for 2m",
         "w workers   t process now"},
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(18, "03:12:00") "}," PARKED(
             "key", "401 invalid_api_key: API key is invalid") "}",
         "PARKED", "resend refuses the key (401 invalid_api_key) since 03:07; 18 wait",
         "set a valid key where the workers start, restart them; t tries again"},
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(
             1204, "03:12:00") "},"
                               "\"lanes\":[{\"name\":\"resend\",\"state\":\"parked\",\"reason\":"
                               "\"down\",\"text\":"
                               "\"503 unavailable: try later\",\"since\":\"2026-09-22T03:07:00Z\","
                               "\"until\":\"2026-09-22T03:14:30Z\"}]}",
         "PARKED", "resend is down (503) since 03:07; next try at 03:14:30; 1,204 wait",
         "nothing: it tries by itself; t tries now"},
        {"{" PUBLISHED
         "," PARKED("sender", "403 validation_error: The shop.example domain is not verified.") "}",
         "PARKED", "resend refuses the sender (403 validation_error) since 03:07",
         "verify shop.example at resend, then t tries again"},
        {"{" PUBLISHED "," PARKED("suspended", "account held") "}", "PARKED",
         "resend holds the account (account held) since 03:07", "ask resend; t tries again"},
        {"{" PUBLISHED ",\"lanes\":[{\"name\":\"resend\",\"state\":\"open\",\"today_used\":50000,"
         "\"today_allowed\":50000,\"today_resets_at\":\"2026-09-22T05:22:06Z\"}]}",
         "QUOTA", "50,000 of 50,000 used today; sending goes on 05:22 UTC (in 2h10m)",
         "nothing until it resets; p pause"},
        {"{" PUBLISHED "," PARKED("monthly", "429 monthly_quota_exceeded") "}", "QUOTA",
         "resend's quota is used up this month", NULL},
        {"{" PUBLISHED ",\"attempts\":{\"all_5m\":671,\"failed_5m\":409,\"sent_1m\":52,"
         "\"sent_1m_usual\":219}}",
         "FAILING", "61% of attempts failed in the last 5 min (409 of 671)",
         "p pause   Enter look at it   r retry once the cause is gone"},
        {"{" PUBLISHED ",\"attempts\":{\"all_5m\":6,\"failed_5m\":6,\"failed_2m\":6,\"ok_2m\":0}}",
         "FAILING", "all 6 attempts of the last 2 min failed", NULL},
        {"{" PUBLISHED ",\"queue\":{" PENDING(
             9400, "03:12:00") "}," WORKER ",\"lanes\":[{\"name\":\"resend\",\"state\":\"open\","
                               "\"rate_used\":10,\"rate_allowed\":10,"
                               "\"empty_60s\":48,\"empty_since\":\"2026-09-22T03:06:00Z\","
                               "\"gone_at\":\"2026-09-22T03:23:06Z\"}]}",
         "THROTTLED", "10.0 of 10.0 requests/s for 6m; 9,400 wait, gone in about 11m",
         "nothing: the backlog is gone in about 11 min"},
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(1204, "03:12:00") "}," SLOWED(
             "2026-09-22T03:07:00Z", "2026-09-22T03:14:30Z") "}",
         "THROTTLED",
         "resend asks for a pause (429 rate_limit_exceeded); next try at 03:14:30; 1,204 wait",
         "nothing: it goes on by itself; t tries now"},
        {"{" PUBLISHED ",\"queue\":{" PENDING(900, "03:00:00") "}," WORKER ",\"attempts\":{" TRIED
                                                               "}}",
         "SLOW", "oldest waits 12m, 310 more a minute than leave; all workers busy", "w workers"},
        {"{" PUBLISHED ",\"queue\":{\"pending\":{\"n\":0},\"processing\":{\"n\":0},"
         "\"scheduled\":{\"n\":1,\"at\":\"2026-09-22T03:30:00Z\"}},"
         "\"attempts\":{\"last_at\":\"2026-09-22T03:05:00Z\","
         "\"last_sent_at\":\"2026-09-22T03:05:30Z\"}}",
         "IDLE", "nothing waits; last sent 6m ago; next scheduled 03:30 UTC", "nothing to do"},
        {"{" PUBLISHED ",\"queue\":{\"pending\":{\"n\":2,\"at\":\"2026-09-22T03:12:03Z\"}}," WORKER
         ",\"attempts\":{\"sent_1m\":228,\"all_5m\":1000,\"failed_5m\":4," TRIED "}}",
         "FLOWING", "228 a minute sent, 0.4% failed, nothing waits longer than 3s",
         "nothing to do"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct state_row row = judge_at(cases[i].json, at(NOW));
        assert_string_equal(state_name(row.state), cases[i].name);
        assert_string_equal(row.sentence, cases[i].sentence);
        if (cases[i].todo != NULL)
            assert_string_equal(row.todo, cases[i].todo);
    }
}

static void what_does_not_hold(void **state) {
    (void)state;
    static const struct {
        const char *json, *name;
    } cases[] = {
        {"{" PUBLISHED ",\"attempts\":{\"all_5m\":19,\"failed_5m\":19," TRIED "}}", "FLOWING"},
        {"{" PUBLISHED ",\"attempts\":{\"all_5m\":100,\"failed_5m\":19," TRIED "}}", "FLOWING"},
        {"{" PUBLISHED ",\"attempts\":{\"all_5m\":100,\"failed_5m\":20," TRIED "}}", "FAILING"},
        {"{" PUBLISHED ",\"attempts\":{\"failed_2m\":4,\"ok_2m\":0," TRIED "}}", "FLOWING"},
        {"{" PUBLISHED ",\"attempts\":{\"failed_2m\":9,\"ok_2m\":1," TRIED "}}", "FLOWING"},
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(5, "03:07:06") "},\"attempts\":{" TRIED
                                                                        "}}",
         "FLOWING"},
        {"{" PUBLISHED "," PARKED("rate", "429 rate_limit_exceeded") "}", "FLOWING"},
        {"{" PUBLISHED "," SLOWED("2026-09-22T03:07:00Z", "2026-09-22T03:14:30Z") "}",
         "FLOWING"}, /* nothing is due */
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(5, "03:12:00") "}," SLOWED(
             "2026-09-22T03:12:00Z", "2026-09-22T03:12:20Z") "}",
         "FLOWING"}, /* a short pause */
        {"{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(5, "03:12:00") "}," SLOWED(
             "2026-09-22T03:07:00Z", "2026-09-22T03:12:05Z") "}",
         "FLOWING"}, /* over */
        {"{" PUBLISHED "," WORKER
         ",\"queue\":{" PENDING(5, "03:12:01") "},"
                                               "\"lanes\":[{\"state\":\"open\"}],\"attempts\":{"
                                               "\"last_at\":\"2026-09-22T02:00:00Z\"}}",
         "FLOWING"}, /* mail came after a quiet hour: not stalled yet */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct state_row row = judge_at(cases[i].json, at(NOW));
        if (strcmp(state_name(row.state), cases[i].name) != 0)
            fail_msg("case %zu: %s", i, state_name(row.state));
    }
}

static void the_first_that_holds_wins(void **state) {
    (void)state;
    struct state_row row = judge_at("{" PUBLISHED ",\"paused\":{},\"queue\":{" PENDING(
                                        9, "03:00:00") "}," PARKED("key", "401 x") "," ERRORS "}",
                                    at(NOW));
    assert_int_equal(row.state, STATE_PAUSED);
    assert_string_equal(row.why, "before the pause: 19 since 01:58, timeout: no answer within 30s");
    row = judge_at("{" PUBLISHED
                   ",\"queue\":{" PENDING(9, "03:00:00") "}," PARKED("key", "401 x") "}",
                   at(NOW));
    assert_int_equal(row.state, STATE_STALLED);
    row = judge_at("{" PUBLISHED "," WORKER ",\"queue\":{" PENDING(9, "03:00:00") "}," PARKED(
                       "key", "401 x") ",\"attempts\":{\"all_5m\":50,\"failed_5m\":50}}",
                   at(NOW));
    assert_int_equal(row.state, STATE_PARKED);
    assert_string_equal(row.why, "401 x; no message lost an attempt");
}

static void why_is_empty_unless_somebody_must_act(void **state) {
    (void)state;
    struct state_row row =
        judge_at("{" PUBLISHED "," ERRORS ",\"queue\":{\"failed\":{\"n\":0}}}", at(NOW));
    assert_string_equal(row.why, "");
    row = judge_at("{" PUBLISHED "," ERRORS ",\"queue\":{\"uncertain\":{\"n\":1}}}", at(NOW));
    assert_string_equal(row.why, "19 since 01:58, timeout: no answer within 30s");
    assert_string_equal(row.why_more, " (timeout)");
}

/* A document after another, each told what the one before has noted, as publishers hand it on. */
static struct state_row publish(struct verdict_held *held, const char *time, const char *rest) {
    struct err err = {0};
    char json[1024], failing[40] = "null";
    if (held->known && held->us[HELD_FAILING] >= 0) {
        failing[0] = '"';
        clock_format_utc(failing + 1, sizeof failing - 2, held->us[HELD_FAILING]);
        strcat(failing, "\"");
    }
    str_format(json, sizeof json, "{\"published_at\":\"%s\",\"held\":{\"failing\":%s},%s}", time,
               failing, rest);
    struct snapshot *s = snapshot_parse(json, strlen(json), &err);
    if (s == NULL)
        fail_msg("%s: %s", err.text, json);
    struct state_row row, later;
    verdict_of(s, at(time), &row);
    verdict_of(s, at(time) + USEC_PER_SEC, &later); /* another window, a moment later */
    assert_int_equal(later.state, row.state);
    verdict_note(s, held);
    snapshot_release(s);
    return row;
}

static void failing_stays_thirty_seconds(void **state) {
    (void)state;
    struct verdict_held held = {0};
    static const char bad[] = "\"attempts\":{\"all_5m\":50,\"failed_5m\":25," TRIED "}";
    static const char good[] = "\"attempts\":{\"all_5m\":50,\"failed_5m\":5," TRIED "}";
    assert_int_equal(publish(&held, "2026-09-22T03:12:05Z", good).state, STATE_FLOWING);
    assert_int_equal(publish(&held, "2026-09-22T03:12:06Z", bad).state, STATE_FAILING);
    assert_int_equal(publish(&held, "2026-09-22T03:12:07Z", bad).state, STATE_FAILING);
    assert_int_equal(publish(&held, "2026-09-22T03:12:08Z", good).state, STATE_FAILING);
    assert_int_equal(publish(&held, "2026-09-22T03:12:36Z", good).state, STATE_FAILING);
    assert_int_equal(publish(&held, "2026-09-22T03:12:37Z", good).state, STATE_FLOWING);
    held = (struct verdict_held){0}; /* who has seen nothing knows no more than the document */
    assert_int_equal(publish(&held, "2026-09-22T03:12:38Z", good).state, STATE_FLOWING);
}

static void unread_for_two_seconds_is_no_data(void **state) {
    (void)state;
    struct err err;
    struct state_row row;
    static const char json[] = "{" PUBLISHED "}";
    struct snapshot *s = snapshot_parse(json, strlen(json), &err);
    s->now_us = at(NOW);
    verdict_of(s, s->now_us + 2 * USEC_PER_SEC, &row);
    assert_int_equal(row.state, STATE_FLOWING);
    verdict_of(s, s->now_us + 41 * USEC_PER_SEC, &row);
    assert_int_equal(row.state, STATE_NO_DATA);
    assert_string_equal(row.sentence,
                        "no answer from the database for 41s; the numbers are of 03:12:06");
    s->away = true;
    verdict_of(s, s->now_us, &row);
    assert_int_equal(row.state, STATE_NO_DATA);
    snapshot_release(s);
    verdict_of(NULL, 0, &row);
    assert_string_equal(row.sentence, "no answer from the database yet");
}

static void the_worst_lane(void **state) {
    (void)state;
    struct err err;
    static const char json[] = "{\"lanes\":[{\"name\":\"a\",\"today_used\":1,\"today_allowed\":10},"
                               "{\"name\":\"b\",\"today_used\":9,\"today_allowed\":10},"
                               "{\"name\":\"c\",\"state\":\"parked\",\"reason\":\"key\"}]}";
    struct snapshot *s = snapshot_parse(json, strlen(json), &err);
    assert_string_equal(snapshot_worst_lane(s)->name, "c");
    s->lane_count = 2;
    assert_string_equal(snapshot_worst_lane(s)->name, "b");
    s->lane_count = 0;
    assert_null(snapshot_worst_lane(s));
    snapshot_release(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_in_its_words),
        cmocka_unit_test(what_does_not_hold),
        cmocka_unit_test(the_first_that_holds_wins),
        cmocka_unit_test(why_is_empty_unless_somebody_must_act),
        cmocka_unit_test(failing_stays_thirty_seconds),
        cmocka_unit_test(unread_for_two_seconds_is_no_data),
        cmocka_unit_test(the_worst_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
