/* Jitter repeats with its seed and stays in range; UUIDs are version 4 and differ. */
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void same_seed_same_numbers(void **state) {
    (void)state;
    struct rand a, b;
    rand_seed(&a, 42);
    rand_seed(&b, 42);
    double low = 2, high = 0;
    for (int i = 0; i < 10000; i++) {
        double x = rand_between(&a, 0.5, 1.5);
        double y = rand_between(&b, 0.5, 1.5);
        assert_memory_equal(&x, &y, sizeof x);
        assert_true(x >= 0.5 && x < 1.5);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    assert_true(low < 0.51 && high > 1.49);
}

static void random_seeds_differ(void **state) {
    (void)state;
    struct rand a, b;
    rand_seed_random(&a);
    rand_seed_random(&b);
    assert_int_not_equal(a.state, b.state);
}

static void uuids_have_their_form(void **state) {
    (void)state;
    char last[UUID_TEXT] = "";
    for (int i = 0; i < 1000; i++) {
        char id[UUID_TEXT];
        rand_uuid(id);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
        assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
        assert_int_equal(id[14], '4');
        assert_non_null(strchr("89ab", id[19]));
        assert_string_not_equal(id, last);
        memcpy(last, id, sizeof last);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_numbers),
        cmocka_unit_test(random_seeds_differ),
        cmocka_unit_test(uuids_have_their_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
