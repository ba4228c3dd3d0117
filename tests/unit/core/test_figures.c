/* Numbers and times as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/figures.h"
#include "core/snapshot.h"

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static void counts(void **state) {
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {
        {-1, "?"},
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {41870, "41,870"},
        {999999, "999,999"},
        {1000000, "1.00M"},
        {1209999, "1.20M"},
        {12045000, "12.04M"},
        {2500000000, "2.50G"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(figure_count(cases[i].n).text, cases[i].text);
    assert_string_equal(figure_count_capped(10000, true).text, "10,000+");
    assert_string_equal(figure_count_capped(10000, false).text, "10,000");
}

static void changes_and_rates(void **state) {
    (void)state;
    assert_string_equal(figure_change(31).text, "+31");
    assert_string_equal(figure_change(0).text, "0");
    assert_string_equal(figure_change(-1234).text, "-1,234");
    assert_string_equal(figure_change(-1).text, "-1");
    assert_string_equal(figure_change(SNAP_NO_RATE).text, "?");
    assert_string_equal(figure_rate(2.2).text, "2.2");
    assert_string_equal(figure_rate(-1).text, "?");
    assert_string_equal(figure_rate(1200).text, "1,200");
}

static void percents(void **state) {
    (void)state;
    assert_string_equal(figure_percent(409, 671).text, "61%");
    assert_string_equal(figure_percent(4, 1000).text, "0.4%");
    assert_string_equal(figure_percent(1, 1000000).text, "0.1%");
    assert_string_equal(figure_percent(0, 10).text, "0%");
    assert_string_equal(figure_percent(10, 10).text, "100%");
    assert_string_equal(figure_percent(1, 0).text, "?");
    assert_string_equal(figure_percent(-1, 10).text, "?");
}

static void ages_are_cut(void **state) {
    (void)state;
    static const struct {
        int64_t us;
        const char *text, *exact;
    } cases[] = {
        {-5, "0s", "0s"},
        {9 * SECOND + 999999, "9s", "9s"},
        {12 * SECOND, "10s", "12s"},
        {59 * SECOND, "55s", "59s"},
        {MINUTE, "1m", "1m"},
        {59 * MINUTE + 59 * SECOND, "59m", "59m"},
        {2 * HOUR + 4 * MINUTE + 6 * SECOND, "2h04m", "2h04m"},
        {20 * HOUR + 47 * MINUTE, "20h47m", "20h47m"},
        {24 * HOUR, "1d", "1d"},
        {49 * HOUR, "2d", "2d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(figure_age(cases[i].us).text, cases[i].text);
        assert_string_equal(figure_age_exact(cases[i].us).text, cases[i].exact);
    }
}

static void times(void **state) {
    (void)state;
    int64_t now, other;
    assert_int_equal(clock_parse_utc("2026-09-22T03:12:06Z", &now), 1);
    assert_int_equal(clock_parse_utc("2026-09-20T09:00:00Z", &other), 1);
    assert_string_equal(figure_clock(now).text, "03:12");
    assert_string_equal(figure_clock_s(now).text, "03:12:06");
    assert_string_equal(figure_when(now, now).text, "03:12");
    assert_string_equal(figure_when(other, now).text, "20 Sep");
    assert_string_equal(figure_when(-1, now).text, "?");
    assert_string_equal(figure_clock(-1).text, "?");
    assert_string_equal(figure_moment(now, now).text, "03:12:06");
    assert_string_equal(figure_moment(other, now).text, "20 Sep 09:00:00");
    assert_int_equal(clock_parse_utc("2031-12-31T23:59:59Z", &other), 1);
    assert_string_equal(figure_moment(other, now).text, "31 Dec 2031 23:59:59");
    assert_string_equal(figure_moment(-1, now).text, "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),   cmocka_unit_test(changes_and_rates),
        cmocka_unit_test(percents), cmocka_unit_test(ages_are_cut),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
