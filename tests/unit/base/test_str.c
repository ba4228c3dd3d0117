/* Strings: borders of buffers and of UTF-8, numbers at their limits, hostile texts. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void copy_cuts_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *src;
        size_t size;
        const char *want;
        bool fits;
    } cases[] = {
        {"abc", 4, "abc", true},
        {"abc", 3, "ab", false},
        {"abc", 1, "", false},
        {"", 1, "", true},
        {NULL, 4, "", true},
        {"aé", 4, "aé", true},
        {"aé", 3, "a", false},
        {"€", 4, "€", true},
        {"€", 3, "", false},
        {"a😀b", 6, "a😀", false},
        {"a😀b", 5, "a", false},
        {"a😀b", 3, "a", false},
        {"\x80\x80\x80\x80\x80", 4, "\x80\x80\x80", false}, /* not UTF-8: just bounded */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dst[16];
        memset(dst, 'x', sizeof dst);
        assert_int_equal(str_copy(dst, cases[i].size, cases[i].src), cases[i].fits);
        assert_string_equal(dst, cases[i].want);
        for (size_t k = cases[i].size; k < sizeof dst; k++) {
            assert_int_equal(dst[k], 'x');
        }
    }
    assert_false(str_copy(NULL, 0, "a"));
}

static void format_cuts_between_characters(void **state) {
    (void)state;
    char dst[6];
    assert_true(str_format(dst, sizeof dst, "%d", 12345));
    assert_string_equal(dst, "12345");
    assert_false(str_format(dst, sizeof dst, "%d", 123456));
    assert_string_equal(dst, "12345");
    assert_false(str_format(dst, sizeof dst, "abc€"));
    assert_string_equal(dst, "abc");
    assert_false(str_format(dst, 0, "a"));
}

static void copy_line_leaves_one_valid_line(void **state) {
    (void)state;
    static const struct {
        const char *src, *want;
    } cases[] = {
        {"plain é", "plain é"},
        {"a\r\nb", "a  b"},
        {"a\x1b[2Jb", "a [2Jb"},
        {"a\xc2\x9b"
         "2Jb",
         "a 2Jb"},
        {"a\xff"
         "b",
         "a?b"},
        {"\xe2\x82", "??"},
        {"\xed\xa0\x80", "???"},
        {"\xc0\xaf", "??"},
        {NULL, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dst[32];
        assert_true(str_copy_line(dst, sizeof dst, cases[i].src));
        assert_string_equal(dst, cases[i].want);
    }
    char small[4];
    assert_false(str_copy_line(small, sizeof small, "ab€"));
    assert_string_equal(small, "ab");
}

static void utf8_is_strict(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"plain ascii of some length", 26, true},
        {"\xc2\x80", 2, true},
        {"\xdf\xbf", 2, true},
        {"\xe0\xa0\x80", 3, true},
        {"\xed\x9f\xbf", 3, true},
        {"\xee\x80\x80", 3, true},
        {"\xef\xbf\xbf", 3, true},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"a\0b", 3, true},
        {"\x80", 1, false},
        {"\xc0\x80", 2, false},         /* overlong NUL */
        {"\xc1\xbf", 2, false},         /* overlong */
        {"\xe0\x9f\xbf", 3, false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
        {"\xed\xa0\x80", 3, false},     /* surrogate */
        {"\xed\xbf\xbf", 3, false},
        {"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 4, false},
        {"\xfe", 1, false},
        {"\xe2\x82", 2, false}, /* cut */
        {"\xe2\x28\xa1", 3, false},
        {"12345678\xe2\x82", 10, false},
        {"1234567\xe2\x82\xac", 10, true}, /* across the steps of eight */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(str_is_utf8(cases[i].text, cases[i].n), cases[i].valid);
    }
}

static void blanks_and_trimming(void **state) {
    (void)state;
    assert_true(str_is_blank(NULL));
    assert_true(str_is_blank(" \t\r\n\v\f"));
    assert_false(str_is_blank(" x "));
    static const struct {
        const char *in, *want;
    } cases[] = {{"  a b\t\n", "a b"}, {"", ""}, {"   ", ""}, {"x", "x"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[16];
        str_copy(text, sizeof text, cases[i].in);
        assert_string_equal(str_trim(text), cases[i].want);
    }
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_true(str_eq("a", "a"));
    assert_true(str_starts("abc", "ab"));
    assert_false(str_starts("a", "ab"));
    assert_false(str_starts(NULL, "a"));
}

static void integers_are_whole_strings_in_range(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t want;
    } cases[] = {
        {"0", true, 0},
        {"-12", true, -12},
        {"+7", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
        {"--1", false, 0},
        {"-", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t n = 0;
        assert_int_equal(str_to_int64(cases[i].text, &n), cases[i].good);
        assert_int_equal(n, cases[i].want);
    }
}

static void doubles_are_finite_decimals(void **state) {
    (void)state;
    double d = 0;
    assert_true(str_to_double("2.5", &d));
    assert_true(d > 2.49 && d < 2.51);
    assert_true(str_to_double("-1e3", &d));
    assert_true(d < -999 && d > -1001);
    static const char *const bad[] = {"", " 1", "1x", "inf", "nan", "0x1p3", "1e999", "e", NULL};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(str_to_double(bad[i], &d));
    }
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t ms;
    } cases[] = {
        {"30", true, 30000},
        {"30s", true, 30000},
        {"250ms", true, 250},
        {"5m", true, 300000},
        {"1h", true, 3600000},
        {"2d", true, 172800000},
        {"0", true, 0},
        {"106751991167d", true, INT64_C(106751991167) * 86400000},
        {"106751991168d", false, 0}, /* one more does not fit */
        {"9223372036854775807ms", true, INT64_MAX},
        {"9223372036854775807", false, 0},
        {"-1s", false, 0},
        {"+1s", false, 0},
        {"1 s", false, 0},
        {"1S", false, 0},
        {"s", false, 0},
        {"1.5h", false, 0},
        {"1h30m", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 0;
        assert_int_equal(str_to_duration_ms(cases[i].text, &ms), cases[i].good);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void only_clean_text_may_stand_in_a_header(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool clean;
    } cases[] = {
        {"", true},          {"Grüße 👋 €", true}, {"a\nb", false}, {"a\rb", false},
        {"a\tb", false},     {"a\x1b[1m", false}, {"\x7f", false}, {"\xc2\x80", false},
        {"\xc2\x9f", false}, {"\xc2\xa0", true},  {"\xff", false}, {"\xc0\x8a", false},
        {"\xe2\x82", false}, {NULL, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(str_is_clean(cases[i].text), cases[i].clean);
    }
}

static void sanitize_disarms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *want;
    } cases[] = {
        {"plain é 👋", 100, "plain é 👋"},
        {"a\r\nb", 100, "a\\x0D\\x0Ab"},
        {"\x1b]0;evil\x07", 100, "\\x1B]0;evil\\x07"},
        {"\x7f", 100, "\\x7F"},
        {"\xc2\x9b"
         "31m",
         100, "\\xC2\\x9B31m"},
        {"\x9b", 100, "\\x9B"},
        {"a\xe2\x80\xae"
         "b",
         100, "a\\xE2\\x80\\xAEb"}, /* bidi override */
        {"a\xe2\x81\xa6"
         "b",
         100, "a\\xE2\\x81\\xA6b"}, /* isolate */
        {"a\xe2\x80\x8b"
         "b",
         100, "a\\xE2\\x80\\x8Bb"}, /* zero width space */
        {"\xef\xbb\xbf"
         "a",
         100,
         "\\xEF\\xBB\\xBF"
         "a"},                                    /* byte order mark */
        {"\xe2\x80\xa8", 100, "\\xE2\\x80\\xA8"}, /* line separator */
        {"\xc2\xad", 100, "\\xC2\\xAD"},          /* soft hyphen */
        {"\xe3\x85\xa4", 100, "\\xE3\\x85\\xA4"}, /* a letter that shows nothing */
        {"\xd8\x80", 100, "\\xD8\\x80"},          /* changes how digits after it look */
        {"❤\xef\xb8\x8f", 100, "❤\xef\xb8\x8f"},  /* a variant of what it stands behind */
        {"\xc0\xaf", 100, "\\xC0\\xAF"},
        {"back\\slash", 100, "back\\slash"},
        {"abcdef", 6, "abcdef"},
        {"abcdefg", 6, "abc…"},
        {"ab€€€", 8, "ab€…"},
        {"\x1b\x1b", 7, "\\x1B…"},
        {"\x1b\x1b", 6, "…"},
        {"abc", 2, ""},
        {NULL, 10, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 1000);
        buf_puts(&out, "> ");
        str_sanitize(&out, cases[i].text, cases[i].max);
        assert_false(out.failed);
        assert_string_equal(buf_text(&out) + 2, cases[i].want);
        assert_int_equal(strlen(buf_text(&out)), out.len);
        buf_free(&out);
    }
}

static void sanitize_stops_with_a_full_buffer(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 5);
    str_sanitize(&out, "\x1b\x1b\x1b", 100);
    assert_true(out.failed);
    assert_true(out.len <= 5);
    buf_free(&out);
}

static void redact_shows_four_at_most(void **state) {
    (void)state;
    static const struct {
        const char *secret, *want;
    } cases[] = {
        {"re_1234567890abcd", "…abcd"},
        {"123456789012", "…9012"},
        {"12345678901", "…"},
        {"", "…"},
        {NULL, "…"},
        {"secret-with-\xc3\xa9", "…"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dst[16];
        str_redact(dst, sizeof dst, cases[i].secret);
        assert_string_equal(dst, cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_cuts_between_characters),
        cmocka_unit_test(format_cuts_between_characters),
        cmocka_unit_test(copy_line_leaves_one_valid_line),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(blanks_and_trimming),
        cmocka_unit_test(integers_are_whole_strings_in_range),
        cmocka_unit_test(doubles_are_finite_decimals),
        cmocka_unit_test(durations),
        cmocka_unit_test(only_clean_text_may_stand_in_a_header),
        cmocka_unit_test(sanitize_disarms),
        cmocka_unit_test(sanitize_stops_with_a_full_buffer),
        cmocka_unit_test(redact_shows_four_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
