/* What a worker counts: by value with a bound, and how long things took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/metrics.h"

#include <math.h>

static int64_t count_of(const struct metrics_by *by, const char *value) {
    for (int i = 0; i < by->count; i++)
        if (str_eq(by->of[i].value, value))
            return by->of[i].n;
    return -1;
}

static void values_are_counted_each(void **state) {
    (void)state;
    struct metrics m;
    metrics_init(&m, "resend");
    assert_string_equal(m.provider, "resend");
    assert_int_equal(count_of(&m.failed, "uncertain"), 0); /* there before the first */
    assert_int_equal(m.requests.count, 0);
    metrics_count(&m.failed, "timeout");
    metrics_count(&m.failed, "timeout");
    metrics_count(&m.failed, "uncertain");
    metrics_count(&m.failed, "bad\ncode\x1b\xff");
    assert_int_equal(count_of(&m.failed, "timeout"), 2);
    assert_int_equal(count_of(&m.failed, "uncertain"), 1);
    assert_int_equal(count_of(&m.failed, "bad code ?"), 1); /* one line of UTF-8 */
    assert_int_equal(m.failed.other, 0);
}

static void too_many_values_are_other(void **state) {
    (void)state;
    struct metrics m;
    int64_t sum = 0;
    metrics_init(&m, "resend");
    metrics_count(&m.failed, "other");
    for (int i = 0; i < 1000; i++) {
        char code[100];
        str_format(code, sizeof code, "%d-a-code-that-is-longer-than-there-is-room-for-in-a-row-%d",
                   i, i);
        metrics_count(&m.failed, code);
        metrics_count(&m.failed, "uncertain");
    }
    assert_int_equal(m.failed.count, METRICS_VALUES);
    assert_int_equal(m.failed.other, 1 + 1000 - (METRICS_VALUES - 1));
    assert_int_equal(count_of(&m.failed, "uncertain"), 1000);
    for (int i = 0; i < m.failed.count; i++)
        sum += m.failed.of[i].n;
    assert_int_equal(sum + m.failed.other, 2001); /* nothing is lost */
}

static void durations_fall_into_buckets(void **state) {
    (void)state;
    struct metrics m;
    metrics_init(&m, "resend");
    const double *bound = m.request_s.bounds;
    for (int i = 1; i < METRICS_BUCKETS; i++) {
        assert_true(bound[i] > bound[i - 1]);
        assert_true(m.queue_s.bounds[i] > m.queue_s.bounds[i - 1]);
    }
    metrics_took(&m.request_s, bound[3]); /* at most the bound */
    metrics_took(&m.request_s, bound[3] + 0.001);
    metrics_took(&m.request_s, 0);
    metrics_took(&m.request_s, -5);
    metrics_took(&m.request_s, (double)NAN);
    metrics_took(&m.request_s, bound[METRICS_BUCKETS - 1] + 1);
    assert_int_equal(m.request_s.in[3], 1);
    assert_int_equal(m.request_s.in[4], 1);
    assert_int_equal(m.request_s.in[0], 3);
    assert_int_equal(m.request_s.beyond, 1);
    double sum = 2 * bound[3] + 0.001 + bound[METRICS_BUCKETS - 1] + 1;
    assert_true(fabs(m.request_s.sum - sum) < 1e-9);
    assert_int_equal(m.queue_s.beyond, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_counted_each),
        cmocka_unit_test(too_many_values_are_other),
        cmocka_unit_test(durations_fall_into_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
