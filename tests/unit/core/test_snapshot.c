/* Documents that can be drawn, documents that are refused, references that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/snapshot.h"

static struct snapshot *parse(const char *json, struct err *err) {
    return snapshot_parse(json, strlen(json), err);
}

static struct snapshot *parse_fixture(void) {
    static char text[1 << 16];
    struct err err;
    FILE *f = fopen("tests/fixtures/ui/failing.json", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    struct snapshot *s = snapshot_parse(text, n, &err);
    assert_non_null(s);
    return s;
}

static void fixture_is_read(void **state) {
    (void)state;
    struct snapshot *s = parse_fixture();
    assert_string_equal(s->database, "shop@db-eu1");
    assert_string_equal(s->operator_name, "anna");
    assert_false(s->paused);
    assert_int_equal(s->queue[QUEUE_SENT_TODAY].n, 41870);
    assert_int_equal(s->queue[QUEUE_PROCESSING].per_min, SNAP_NO_RATE);
    assert_int_equal(s->attempts_5m, 671);
    assert_int_equal(s->failed_2m, -1);
    assert_int_equal(s->lane_count, 1);
    assert_false(s->lanes[0].parked);
    assert_int_equal(s->lanes[0].since_us, -1);
    assert_true(s->lanes[0].rate_used > 2.19 && s->lanes[0].rate_used < 2.21);
    assert_int_equal(s->error_count, 4);
    assert_string_equal(s->errors[0].code, "rejected:sender_not_verified");
    assert_int_equal(s->worker_count, 3);
    assert_true(s->workers[0].this_window);
    assert_int_equal(s->event_count, 11);
    assert_false(s->events[0].failed);
    assert_true(s->events[1].failed);
    assert_int_equal(s->minute_waiting[49], 18);
    assert_int_equal(s->mark_count, 2);
    assert_int_equal(s->now_us, -1);
    snapshot_release(s);
}

static void absent_is_unknown(void **state) {
    (void)state;
    struct err err;
    struct snapshot *s = parse("{\"unheard_of\": [1]}", &err);
    assert_non_null(s);
    assert_string_equal(s->database, "");
    assert_string_equal(s->paused_by, "");
    assert_int_equal(s->published_at_us, -1);
    assert_int_equal(s->queue[QUEUE_PENDING].n, -1);
    assert_int_equal(s->queue[QUEUE_PENDING].per_min, SNAP_NO_RATE);
    assert_int_equal(s->minutes_first_us, -1);
    assert_int_equal(s->minute_sent[0], -1);
    assert_int_equal(s->error_count, 0);
    snapshot_release(s);
}

static void special_keys(void **state) {
    (void)state;
    struct err err;
    struct snapshot *s = parse("{\"queue\":{\"pending\":{\"n\":10000,\"capped\":true,"
                               "\"per_min\":-7}},\"paused\":{\"by\":\"bob\"},"
                               "\"attempts\":{\"failed_2m\":6},"
                               "\"lanes\":[{\"state\":\"parked\",\"reason\":\"key\"}],"
                               "\"minutes\":{\"sent\":[1,null,3]}}",
                               &err);
    assert_non_null(s);
    assert_true(s->queue[QUEUE_PENDING].capped);
    assert_int_equal(s->queue[QUEUE_PENDING].per_min, -7);
    assert_true(s->paused);
    assert_string_equal(s->paused_reason, "");
    assert_int_equal(s->failed_2m, 6);
    assert_true(s->lanes[0].parked);
    assert_int_equal(s->minute_sent[1], -1);
    assert_int_equal(s->minute_sent[2], 3);
    assert_int_equal(s->minute_sent[3], -1);
    snapshot_release(s);
}

static void errors_are_sorted(void **state) {
    (void)state;
    struct err err;
    struct snapshot *s = parse("{\"errors\":[{\"code\":\"b\",\"n\":5,\"per_min\":0},"
                               "{\"code\":\"a\",\"n\":5,\"per_min\":0},"
                               "{\"code\":\"c\",\"n\":9,\"per_min\":0},"
                               "{\"code\":\"d\",\"n\":1,\"per_min\":2}]}",
                               &err);
    char order[5] = "";
    for (int i = 0; i < s->error_count; i++)
        order[i] = s->errors[i].code[0];
    assert_string_equal(order, "dcab");
    snapshot_release(s);
}

static void wrong_types_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *json, *word;
    } cases[] = {
        {"[]", "object"},
        {"{", ""},
        {"{\"database\":1}", "\"database\""},
        {"{\"read_only\":\"yes\"}", "\"read_only\""},
        {"{\"published_at\":\"yesterday\"}", "\"published_at\""},
        {"{\"published_at\":5}", "\"published_at\""},
        {"{\"paused\":true}", "\"paused\""},
        {"{\"queue\":[]}", "\"queue\""},
        {"{\"queue\":{\"pending\":5}}", "\"pending\""},
        {"{\"queue\":{\"pending\":{\"n\":\"5\"}}}", "\"n\""},
        {"{\"queue\":{\"pending\":{\"n\":1e300}}}", "\"n\""},
        {"{\"lanes\":{}}", "\"lanes\""},
        {"{\"lanes\":[1]}", "\"lanes\""},
        {"{\"errors\":[{\"text\":7}]}", "\"text\""},
        {"{\"minutes\":{\"sent\":[\"x\"]}}", "\"sent\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        assert_null(parse(cases[i].json, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, cases[i].word));
    }
}

static void away_keeps_the_numbers(void **state) {
    (void)state;
    struct err err;
    struct snapshot *s = parse_fixture();
    struct snapshot *away = snapshot_away(s, &err);
    struct snapshot *still_away = snapshot_away(away, &err);
    snapshot_release(s);
    snapshot_release(away);
    assert_true(still_away->away);
    assert_string_equal(still_away->errors[0].code, "rejected:sender_not_verified");
    assert_string_equal(still_away->database, "shop@db-eu1");
    snapshot_release(still_away);
    snapshot_release(NULL);
}

static void out_of_memory_is_an_error(void **state) {
    (void)state;
    static const char json[] = "{\"database\":\"d\",\"lanes\":[{\"name\":\"l\"}]}";
    struct snapshot *s = NULL;
    for (unsigned long n = 1; s == NULL && n < 100; n++) {
        struct err err = {0};
        mem_fail_at(n, 0);
        s = parse(json, &err);
        mem_fail_at(0, 0);
        if (s == NULL)
            assert_int_equal(err.code, ERR_NOMEM);
    }
    assert_non_null(s);
    snapshot_release(s);
}

static int nothing_left(void **state) {
    (void)state;
    assert_int_equal(mem_live(), 0);
    return 0;
}

/* Read element by element from the start each time, this would take minutes. */
static void long_lists_are_read_in_one_go(void **state) {
    (void)state;
    struct buf text;
    struct err err = {0};
    buf_init(&text, 4 << 20);
    buf_puts(&text, "{\"events\":[{}");
    for (int i = 1; i < 100000; i++)
        buf_puts(&text, ",{}");
    buf_puts(&text, "],\"messages\":[{}");
    for (int i = 1; i < 20000; i++)
        buf_puts(&text, ",{}");
    buf_puts(&text, "]}");
    struct snapshot *s = snapshot_parse(buf_text(&text), text.len, &err);
    assert_non_null(s);
    assert_int_equal(s->event_count, 100000);
    snapshot_release(s);
    buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fixture_is_read, nothing_left),
        cmocka_unit_test_teardown(absent_is_unknown, nothing_left),
        cmocka_unit_test_teardown(special_keys, nothing_left),
        cmocka_unit_test_teardown(errors_are_sorted, nothing_left),
        cmocka_unit_test_teardown(wrong_types_are_refused, nothing_left),
        cmocka_unit_test_teardown(away_keeps_the_numbers, nothing_left),
        cmocka_unit_test_teardown(long_lists_are_read_in_one_go, nothing_left),
        cmocka_unit_test_teardown(out_of_memory_is_an_error, nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
