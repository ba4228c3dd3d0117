/* Times as people type them: absolute ones against literals, distances against a held clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/when.h"

#include <string.h>

static void absolute(void **state) {
    (void)state;
    static const struct {
        const char *text, *utc;
    } cases[] = {
        {"2026-11-21", "2026-11-21T00:00:00.000Z"},
        {"2026-11-21T23:05", "2026-11-21T23:05:00.000Z"},
        {"2026-11-21 23:05", "2026-11-21T23:05:00.000Z"},
        {"2026-11-21T23:05:09", "2026-11-21T23:05:09.000Z"},
        {"2026-11-21T23:05:09.25Z", "2026-11-21T23:05:09.250Z"},
        {"2026-11-21T23:05Z", "2026-11-21T23:05:00.000Z"},
        {"2026-11-21T23:05+02:00", "2026-11-21T21:05:00.000Z"},
        {"2026-11-21T23:05:09-0530", "2026-11-22T04:35:09.000Z"},
        {"2026-11-21T00:05+01", "2026-11-20T23:05:00.000Z"},
        {"2026-02-28T23:59:59-00:01", "2026-03-01T00:00:59.000Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct when w;
        struct err err;
        char utc[32];
        assert_true(when_parse(cases[i].text, true, &w, &err));
        assert_false(w.relative);
        clock_format_utc(utc, sizeof utc, w.us);
        assert_string_equal(utc, cases[i].utc);
        assert_int_equal(when_at(&w, 5000000), w.us);
    }
}

static void distances(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ago;
        int64_t seconds;
    } cases[] = {
        {"10m", false, 600},
        {"+10m", false, 600},
        {"2d", false, 172800},
        {"1h", true, -3600},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct when w;
        struct err err;
        int64_t before = clock_wall_us();
        assert_true(when_parse(cases[i].text, cases[i].ago, &w, &err));
        int64_t after = clock_wall_us();
        assert_true(w.relative);
        assert_in_range(w.us, before + cases[i].seconds * USEC_PER_SEC,
                        after + cases[i].seconds * USEC_PER_SEC);
        assert_int_equal(when_at(&w, -7), w.us - 7);
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "now",
        "tomorrow",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "2026-11-21T25:00",
        "2026-11-21T23:05+2",
        "10",
        "-10m",
        "10x",
        "2026-11-21T23:05:00 and much more text",
        "99999999d",
        "21.11.2026",
        "2026-11-21T23",
        "2026-11-21T23:05+01:99",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct when w;
        struct err err;
        assert_false(when_parse(cases[i], true, &w, &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.text, "2026-11-21T23:00"));
    }
    struct when w;
    struct err err;
    assert_false(when_parse("+10m", true, &w, &err)); /* no "ago" from the future */
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute),
        cmocka_unit_test(distances),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
