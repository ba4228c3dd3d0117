/* The phases only move forward; the first deadline stays. */
#include "core/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void drain_then_stop(void **state) {
    (void)state;
    struct life l;
    life_init(&l);
    assert_int_equal(life_now(&l), LIFE_RUNNING);
    assert_int_equal(life_deadline_us(&l), 0);
    life_drain(&l, 5000);
    life_drain(&l, 9000);
    assert_int_equal(life_now(&l), LIFE_DRAINING);
    assert_int_equal(life_deadline_us(&l), 5000);
    life_stop(&l);
    life_drain(&l, 1);
    assert_int_equal(life_now(&l), LIFE_STOPPING);
    assert_int_equal(life_deadline_us(&l), 5000);
}

static void stop_at_once(void **state) {
    (void)state;
    struct life l;
    life_init(&l);
    life_stop(&l);
    life_drain(&l, 5000);
    assert_int_equal(life_now(&l), LIFE_STOPPING);
}

static void draining_always_has_a_deadline(void **state) {
    (void)state;
    struct life l;
    life_init(&l);
    life_drain(&l, 0);
    assert_true(life_deadline_us(&l) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain_then_stop),
        cmocka_unit_test(stop_at_once),
        cmocka_unit_test(draining_always_has_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
