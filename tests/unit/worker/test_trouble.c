/* Trouble with the database: waits that grow and stay below 5 s, and a log that does not repeat. */
#include "worker/trouble.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define S USEC_PER_SEC
#define START (INT64_C(7) * S)

static void waits_grow_and_end_below_five_seconds(void **state) {
    static const int ms[] = {200, 400, 800, 1600, 3200, 3200, 3200};
    struct trouble t = {0};
    (void)state;
    for (size_t i = 0; i < sizeof ms / sizeof ms[0]; i++) {
        trouble_wait(&t, START, 0.5);
        assert_int_equal(t.again_us - START, ms[i] * USEC_PER_MS);
    }
    trouble_wait(&t, START, 1.0);
    assert_int_equal(t.again_us - START, 4 * S);
    trouble_wait(&t, START, 0.0);
    assert_int_equal(t.again_us - START, 2400 * USEC_PER_MS);
}

static void the_first_wait_follows_the_end(void **state) {
    struct trouble t = {0};
    int64_t lasted;
    (void)state;
    for (int i = 0; i < 9; i++)
        trouble_wait(&t, START + i * S, 0.5);
    assert_true(trouble_tell(&t, "away", START + 9 * S));
    assert_true(trouble_over(&t, START + 10 * S, &lasted));
    assert_int_equal(lasted, 10 * S);
    assert_int_equal(t.again_us, 0);
    trouble_wait(&t, START + 20 * S, 0.5);
    assert_int_equal(t.again_us, START + 20 * S + 200 * USEC_PER_MS);
}

static void all_well_is_no_news(void **state) {
    struct trouble t = {0};
    int64_t lasted;
    (void)state;
    assert_false(trouble_over(&t, START, &lasted));
    assert_int_equal(lasted, 0);
}

static void the_same_is_told_twice_a_minute(void **state) {
    struct trouble t = {0};
    int told = 0;
    (void)state;
    for (int i = 0; i < 600; i++) /* a minute, ten times a second */
        told += trouble_tell(&t, "disk full", START + i * S / 10);
    assert_int_equal(told, 2);
}

static void taking_turns_does_not_make_more_of_it(void **state) {
    static const char *const texts[] = {"a", "b", "c", "d"};
    struct trouble t = {0};
    int told = 0;
    (void)state;
    for (int i = 0; i < 600; i++)
        told += trouble_tell(&t, texts[i % 4], START + i * S / 10);
    assert_int_equal(told, 8);
}

/* What was said before still holds after a short respite, and then its end is no news either. */
static void coming_and_going_is_told_once(void **state) {
    struct trouble t = {0};
    int64_t lasted;
    int told = 0, over = 0;
    (void)state;
    for (int i = 0; i < 20; i++) {
        told += trouble_tell(&t, "terminated", START + i * S);
        over += trouble_over(&t, START + i * S + S / 2, &lasted);
    }
    assert_int_equal(told, 1);
    assert_int_equal(over, 1);
    assert_true(trouble_tell(&t, "terminated", START + 40 * S));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_grow_and_end_below_five_seconds),
        cmocka_unit_test(the_first_wait_follows_the_end),
        cmocka_unit_test(all_well_is_no_news),
        cmocka_unit_test(the_same_is_told_twice_a_minute),
        cmocka_unit_test(taking_turns_does_not_make_more_of_it),
        cmocka_unit_test(coming_and_going_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
