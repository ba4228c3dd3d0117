/* Slots: how many lie ahead, which are given up, how many to draw. */
#include "base/clock.h"
#include "worker/pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS USEC_PER_MS

static void slots_come_at_their_times(void **state) {
    (void)state;
    struct pacer p = {0};
    pacer_grant(&p, 3, 1000 * MS, 100 * MS);
    assert_int_equal(pacer_count(&p, 999 * MS, 9), 0);
    assert_int_equal(pacer_count(&p, 1000 * MS, 9), 1);
    assert_int_equal(pacer_count(&p, 1100 * MS, 9), 2);
    assert_int_equal(pacer_count(&p, 9000 * MS, 9), 3);
    assert_int_equal(pacer_count(&p, 9000 * MS, 2), 2);
    assert_int_equal(pacer_take(&p), 1000 * MS);
    assert_int_equal(pacer_take(&p), 1100 * MS);
    assert_int_equal(p.slots, 1);
}

static void missed_slots_are_given_up(void **state) {
    (void)state;
    struct pacer p = {0};
    pacer_grant(&p, 5, 1000 * MS, 10 * MS);
    pacer_drop_missed(&p, 1000 * MS + PACER_LATE_US);
    assert_int_equal(p.slots, 5);
    pacer_drop_missed(&p, 1000 * MS + PACER_LATE_US + 1);
    assert_int_equal(p.slots, 4);
    assert_int_equal(p.next_us, 1010 * MS);
    pacer_drop_missed(&p, 5000 * MS);
    assert_int_equal(p.slots, 0);
}

static void without_a_limit_slots_do_not_age(void **state) {
    (void)state;
    struct pacer p = {0};
    pacer_grant(&p, 16, 1000 * MS, 0);
    pacer_drop_missed(&p, 9000 * MS);
    assert_int_equal(pacer_count(&p, 0, 99), 16);
    pacer_clear(&p);
    assert_int_equal(pacer_count(&p, 0, 99), 0);
}

static void draws_a_quarter_second(void **state) {
    (void)state;
    static const struct {
        double rate;
        int max, want;
    } cases[] = {{2, 16, 1}, {0.1, 16, 1}, {10, 16, 2}, {40, 16, 10}, {1000, 16, 16}, {0, 16, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(pacer_want(cases[i].rate, cases[i].max), cases[i].want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_come_at_their_times),
        cmocka_unit_test(missed_slots_are_given_up),
        cmocka_unit_test(without_a_limit_slots_do_not_age),
        cmocka_unit_test(draws_a_quarter_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
