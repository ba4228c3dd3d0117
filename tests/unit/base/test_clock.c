/* Clocks and UTC texts. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void both_move_by_the_shift(void **state) {
    (void)state;
    int64_t boot = clock_boot_us();
    int64_t wall = clock_wall_us();
    assert_true(boot > 0 && wall > INT64_C(1700000000) * USEC_PER_SEC);
    clock_shift(3600 * USEC_PER_SEC, -7200 * USEC_PER_SEC);
    assert_in_range(clock_boot_us() - boot, 3600 * USEC_PER_SEC, 3660 * USEC_PER_SEC);
    assert_in_range(wall - clock_wall_us(), 7140 * USEC_PER_SEC, 7200 * USEC_PER_SEC);
    clock_shift(0, 0);
}

static void formats(void **state) {
    (void)state;
    static const struct {
        int64_t us;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1795303681123456), "2026-11-21T23:28:01.123Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000000), ""},
        {INT64_MAX, ""},
        {INT64_MIN, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[25];
        clock_format_utc(text, sizeof text, cases[i].us);
        assert_string_equal(text, cases[i].want);
    }
}

static void parses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int good;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 1, 0},
        {"2026-11-21T23:28:01.123456Z", 1, INT64_C(1795303681123456)},
        {"2026-11-21 23:28:01.1+00", 1, INT64_C(1795303681100000)},
        {"2026-11-21T23:28:01.123456789+00:00", 1, INT64_C(1795303681123456)},
        {"2024-02-29T00:00:00Z", 1, INT64_C(1709164800000000)},
        {"2026-02-29T00:00:00Z", 0, 0},
        {"2026-13-01T00:00:00Z", 0, 0},
        {"2026-00-10T00:00:00Z", 0, 0},
        {"2026-11-21T24:00:00Z", 0, 0},
        {"2026-11-21T23:60:00Z", 0, 0},
        {"2026-11-21T23:28:61Z", 0, 0},
        {"2026-11-21T23:28:01+01", 0, 0},
        {"2026-11-21T23:28:01.Z", 0, 0},
        {"2026-11-21T23:28:01Zx", 0, 0},
        {"2026-11-21", 0, 0},
        {"2026-1-21T23:28:01Z", 0, 0},
        {"infinity", 0, 0},
        {"", 0, 0},
        {NULL, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t us = 0;
        assert_int_equal(clock_parse_utc(cases[i].text, &us), cases[i].good);
        assert_int_equal(us, cases[i].us);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_move_by_the_shift),
        cmocka_unit_test(formats),
        cmocka_unit_test(parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
