/* Counters by second: sums over a window, old seconds forgotten. */
#include "base/clock.h"
#include "worker/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t at(int64_t second) {
    return second * USEC_PER_SEC + 1;
}

static void sums_a_window(void **state) {
    (void)state;
    struct tally t = {0};
    tally_add(&t, TALLY_SENT, 3, at(100));
    tally_add(&t, TALLY_SENT, 4, at(105));
    tally_add(&t, TALLY_FAILED, 1, at(105));
    assert_int_equal(tally_sum(&t, TALLY_SENT, 1, at(105)), 4);
    assert_int_equal(tally_sum(&t, TALLY_SENT, 5, at(105)), 4);
    assert_int_equal(tally_sum(&t, TALLY_SENT, 6, at(105)), 7);
    assert_int_equal(tally_sum(&t, TALLY_FAILED, 60, at(105)), 1);
    assert_int_equal(tally_sum(&t, TALLY_SENT, 60, at(159)), 7);
    assert_int_equal(tally_sum(&t, TALLY_SENT, 60, at(160)), 4);
}

static void a_cell_used_again_starts_at_nothing(void **state) {
    (void)state;
    struct tally t = {0};
    tally_add(&t, TALLY_REQUESTS, 9, at(100));
    tally_add(&t, TALLY_REQUESTS, 1, at(160)); /* the same cell, a minute later */
    assert_int_equal(tally_sum(&t, TALLY_REQUESTS, 60, at(160)), 1);
}

static void marks_count_once_a_second(void **state) {
    (void)state;
    struct tally t = {0};
    for (int i = 0; i < 5; i++)
        tally_mark(&t, TALLY_EMPTY, at(200));
    tally_mark(&t, TALLY_EMPTY, at(201));
    assert_int_equal(tally_sum(&t, TALLY_EMPTY, 60, at(201)), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_a_window),
        cmocka_unit_test(a_cell_used_again_starts_at_nothing),
        cmocka_unit_test(marks_count_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
