/* The text of metrics: every value with its labels, escaped. */
#include "base/str.h"
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[64 * 1024];

static void print(const struct metrics *m, const struct standing *s, int64_t stall_us) {
    struct buf out;
    buf_init(&out, sizeof text - 1);
    metrics_print(&out, m, s, stall_us);
    assert_false(out.failed);
    str_copy(text, sizeof text, buf_text(&out));
    buf_free(&out);
}

/* Is this a whole line of it? */
static void has(const char *line) {
    char with_ends[256];
    str_format(with_ends, sizeof with_ends, "\n%s\n", line);
    if (!strstr(text, with_ends))
        fail_msg("no line %s in:\n%s", line, text);
}

static void counters_and_histograms(void **state) {
    (void)state;
    struct metrics m;
    metrics_init(&m, "resend");
    m.sent = 12;
    m.throttled = 3;
    metrics_count(&m.failed, "uncertain");
    metrics_count(&m.failed, "rejected:invalid_to");
    metrics_count(&m.failed, "other");
    metrics_count(&m.failed, "a\"b\\c");
    metrics_count(&m.requests, "200");
    metrics_took(&m.request_s, 0.02);
    metrics_took(&m.request_s, 0.03);
    metrics_took(&m.request_s, 1000);
    print(&m, NULL, 1500000);
    has("# TYPE postroom_sent_total counter");
    has("postroom_sent_total{provider=\"resend\"} 12");
    has("postroom_failed_total{provider=\"resend\",code=\"uncertain\"} 1");
    has("postroom_failed_total{provider=\"resend\",code=\"rejected:invalid_to\"} 1");
    has("postroom_failed_total{provider=\"resend\",code=\"other\"} 1");
    has("postroom_failed_total{provider=\"resend\",code=\"a\\\"b\\\\c\"} 1");
    has("postroom_requests_total{provider=\"resend\",status=\"200\"} 1");
    has("postroom_throttled_total{provider=\"resend\"} 3");
    has("# TYPE postroom_request_seconds histogram");
    has("postroom_request_seconds_bucket{le=\"0.01\"} 0");
    has("postroom_request_seconds_bucket{le=\"0.025\"} 1");
    has("postroom_request_seconds_bucket{le=\"0.05\"} 2");
    has("postroom_request_seconds_bucket{le=\"60\"} 2");
    has("postroom_request_seconds_bucket{le=\"+Inf\"} 3");
    has("postroom_request_seconds_sum 1000.05");
    has("postroom_request_seconds_count 3");
    has("postroom_queue_seconds_count 0");
    has("postroom_stall_seconds 1.5");
    has("postroom_build_info{version=\"" POSTROOM_VERSION "\"} 1");
    assert_null(strstr(text, "\npostroom_workers")); /* nobody knows */
    has("# TYPE postroom_workers gauge");
}

static void what_stands_where(void **state) {
    (void)state;
    struct standing s = {.pending = 5,
                         .sent = 70,
                         .oldest_due_s = 12.25,
                         .paused = true,
                         .workers = 2,
                         .lane_count = 2,
                         .lanes = {{.provider = "resend",
                                    .parked = LANE_KEY,
                                    .allowed = 2.5,
                                    .used = 1.1,
                                    .daily_allowed = 100,
                                    .daily_used = 70,
                                    .monthly_used = 71},
                                   {.provider = "null"}}};
    print(NULL, &s, 0);
    has("postroom_messages{status=\"pending\"} 5");
    has("postroom_messages{status=\"processing\"} 0");
    has("postroom_messages{status=\"sent\"} 70");
    has("postroom_oldest_due_seconds 12.25");
    has("postroom_paused 1");
    has("postroom_workers 2");
    has("postroom_lane_rate{provider=\"resend\",side=\"allowed\"} 2.5");
    has("postroom_lane_rate{provider=\"resend\",side=\"used\"} 1.1");
    has("postroom_lane_rate{provider=\"null\",side=\"used\"} 0");
    has("postroom_lane_quota{provider=\"resend\",period=\"daily\",side=\"allowed\"} 100");
    has("postroom_lane_quota{provider=\"resend\",period=\"daily\",side=\"used\"} 70");
    has("postroom_lane_quota{provider=\"resend\",period=\"monthly\",side=\"used\"} 71");
    has("postroom_lane_parked{provider=\"resend\",reason=\"key\"} 1");
    has("postroom_lane_parked{provider=\"resend\",reason=\"rate\"} 0");
    has("postroom_lane_parked{provider=\"null\",reason=\"key\"} 0");
    assert_null(strstr(text, "provider=\"null\",side=\"allowed\"")); /* no limit, no sample */
    assert_null(strstr(text, "\npostroom_sent_total"));              /* no worker yet */
}

/* The fullest text fits the longest labels and stays a few pages. */
static void it_has_an_end(void **state) {
    (void)state;
    struct metrics m;
    struct standing s = {.lane_count = STANDING_LANES};
    metrics_init(&m, "a-provider-with-quite-a-long-name");
    for (int i = 0; i < 1000; i++) {
        char code[64];
        str_format(code, sizeof code, "%d%s", i,
                   "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\");
        metrics_count(&m.failed, code);
        metrics_count(&m.requests, code);
    }
    print(&m, &s, INT64_MAX);
    assert_true(strlen(text) < 32 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_histograms),
        cmocka_unit_test(what_stands_where),
        cmocka_unit_test(it_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
