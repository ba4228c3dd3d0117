/* The error carrier: always one line of valid UTF-8, whatever it was made of. */
#include "base/err.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fills_and_returns_false(void **state) {
    (void)state;
    struct err err = {.sqlstate = "40001"};
    assert_false(err_set(&err, ERR_IO, "cannot open %s", "x"));
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.text, "cannot open x");
    assert_string_equal(err.sqlstate, "");
    assert_false(err_set(NULL, ERR_IO, "nobody asks"));
    assert_false(err_wrap(NULL, "nobody asks"));
    assert_false(err_nomem(&err));
    assert_int_equal(err.code, ERR_NOMEM);
}

static void hostile_texts_become_one_line(void **state) {
    (void)state;
    struct err err;
    err_set(&err, ERR_DB, "%s", "ERROR:  bad\r\nLINE 1: \x1b[31m\xc2\x9b \xff\xc0\n\n");
    assert_string_equal(err.text, "ERROR:  bad  LINE 1:  [31m  ??");
}

static void wrap_keeps_code_and_state(void **state) {
    (void)state;
    struct err err;
    err_set(&err, ERR_DB, "refused");
    str_copy(err.sqlstate, sizeof err.sqlstate, "42501");
    assert_false(err_wrap(&err, "row %d", 7));
    assert_string_equal(err.text, "row 7: refused");
    assert_int_equal(err.code, ERR_DB);
    assert_string_equal(err.sqlstate, "42501");
    err_set(&err, ERR_IO, "again: %s", err.text); /* its own text as an argument */
    assert_string_equal(err.text, "again: row 7: refused");
}

static void long_texts_are_cut_at_a_character(void **state) {
    (void)state;
    char text[1200];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "€", 4);
    }
    struct err err;
    err_set(&err, ERR_INVALID, "%s", text);
    size_t n = strlen(err.text);
    assert_true(n < sizeof err.text && n > sizeof err.text - 8);
    err_set(&err, ERR_INVALID, "%.510s", text);
    err_wrap(&err, "%.5s", "prefix");
    assert_true(str_is_utf8(err.text, strlen(err.text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_and_returns_false),
        cmocka_unit_test(hostile_texts_become_one_line),
        cmocka_unit_test(wrap_keeps_code_and_state),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
