/* Text from outside: what becomes '?', how wide it is, where it is cut. */
#include "unit/ui/scene.h"

static void cleaned(void **state) {
    (void)state;
    static const struct {
        const char *raw, *clean;
        int width;
    } cases[] = {
        {"", "", 0},
        {"plain", "plain", 5},
        {"caf\xc3\xa9", "caf\xc3\xa9", 4},
        {"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0\xe5\xa5\xbd", 4},
        {"✅ ok", "✅ ok", 5},
        {"a\x1b[31mb", "a?[31mb", 7},
        {"a\nb\tc\r", "a?b?c?", 6},
        {"\x7f", "?", 1},
        {"\xc2\x9b"
         "31m",
         "?31m", 4},                        /* C1 */
        {"\x9b", "?", 1},                   /* a stray byte */
        {"\xff\xfe", "??", 2},              /* no UTF-8 */
        {"\xc3", "?", 1},                   /* cut */
        {"\xe2\x82", "??", 2},              /* cut: each byte */
        {"\xc0\xaf", "??", 2},              /* overlong */
        {"\xed\xa0\x80", "???", 3},         /* surrogate */
        {"\xf5\x80\x80\x80", "????", 4},    /* beyond Unicode */
        {"e\xcc\x81", "e?", 2},             /* combining */
        {"\xe2\x80\x8b", "?", 1},           /* zero width space */
        {"\xe2\x80\x8d", "?", 1},           /* joiner */
        {"\xe2\x80\xae", "?", 1},           /* right-to-left override */
        {"\xe2\x81\xa6", "?", 1},           /* isolate */
        {"\xef\xb8\x8f", "?", 1},           /* variation selector */
        {"\xee\x80\x80", "?", 1},           /* private */
        {"\xef\xbb\xbf", "?", 1},           /* byte order mark */
        {"\xc2\xad", "?", 1},               /* soft hyphen */
        {"\xf0\x9f\x87\xa9", "?", 1},       /* half a flag */
        {"\xf0\x9f\x8f\xbd", "?", 1},       /* skin tone */
        {"\xf3\xa0\x80\x81", "?", 1},       /* tag */
        {"\xe0\xa5\xb8\xcd\xb8", NULL, -1}, /* a letter, then unassigned: at least clean */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        text_clean(out, sizeof out, cases[i].raw);
        if (cases[i].clean == NULL)
            continue;
        if (strcmp(out, cases[i].clean) != 0 || text_width(cases[i].raw) != cases[i].width)
            fail_msg("case %zu: '%s', %d columns", i, out, text_width(cases[i].raw));
    }
}

static void clean_never_overflows(void **state) {
    (void)state;
    char out[6];
    text_clean(out, sizeof out, "ab\xe4\xbd\xa0\xe5\xa5\xbd");
    assert_string_equal(out, "ab\xe4\xbd\xa0");
    text_clean(out, sizeof out, "abcdefgh");
    assert_string_equal(out, "abcde");
}

static void short_ids(void **state) {
    (void)state;
    static const struct {
        const char *id, *text;
    } cases[] = {
        {"3f1c90d2-7b64-4e1a-8d02-91c5e07a4b18", "3f1c…4b18"},
        {"123456789012", "123456789012"},
        {"1234567890123", "1234…0123"},
        {"7", "7"},
        {"", ""},
        {"\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b", "????…????"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        text_short_id(out, sizeof out, cases[i].id, "…");
        assert_string_equal(out, cases[i].text);
    }
}

static void check_row(struct canvas *c, const char *expected) {
    struct buf out;
    buf_init(&out, 4096);
    canvas_row_text(c, 0, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_free(&out);
}

static void cut_to_the_width(void **state) {
    (void)state;
    static const struct {
        int cols, width;
        const char *text, *row;
    } cases[] = {
        {10, 99, "123456789", "123456789"},
        {10, 99, "1234567890", "12345678…"},
        {10, 4, "12345", "123…"},
        {10, 4, "1234", "1234"},
        {10, 4, "你好吗", "你…"},
        {10, 5, "你好吗", "你好…"},
        {10, 1, "12", "…"},
        {10, 0, "12", ""},
        {1, 99, "x", ""},
        {2, 99, "x", "x"},
    };
    struct canvas c;
    struct err err;
    canvas_init(&c, &glyphs_emoji);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(canvas_resize(&c, 1, cases[i].cols, &err));
        canvas_text(&c, 0, 0, cases[i].width, LOOK_PLAIN, cases[i].text);
        check_row(&c, cases[i].row);
    }
    canvas_done(&c);
}

static void wide_characters_leave_no_halves(void **state) {
    (void)state;
    struct canvas c;
    struct err err;
    canvas_init(&c, &glyphs_emoji);
    assert_true(canvas_resize(&c, 1, 10, &err));
    canvas_text(&c, 0, 0, 9, LOOK_PLAIN, "你好");
    canvas_put(&c, 0, 1, LOOK_PLAIN, '|'); /* on a right half */
    check_row(&c, " |好");
    canvas_put(&c, 0, 2, LOOK_PLAIN, '|'); /* on a left half */
    check_row(&c, " ||");
    canvas_text(&c, 0, 1, 9, LOOK_PLAIN, "你");
    check_row(&c, " 你");
    canvas_text(&c, -1, 0, 9, LOOK_PLAIN, "x");
    canvas_text(&c, 5, 0, 9, LOOK_PLAIN, "x");
    canvas_text(&c, 0, -3, 9, LOOK_PLAIN, "x");
    canvas_put(&c, 0, 10, LOOK_PLAIN, 'x');
    check_row(&c, " 你");
    canvas_done(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleaned),
        cmocka_unit_test(clean_never_overflows),
        cmocka_unit_test(short_ids),
        cmocka_unit_test(cut_to_the_width),
        cmocka_unit_test(wide_characters_leave_no_halves),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
