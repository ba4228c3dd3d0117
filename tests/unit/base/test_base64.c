/* RFC 4648's own vectors, and every byte. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void vectors(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xef\xff", "++//"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_puts(&out, ">");
        base64_add(&out, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(buf_text(&out) + 1, cases[i][1]);
        assert_int_equal(out.len - 1, BASE64_LENGTH(strlen(cases[i][0])));
        buf_free(&out);
    }
}

static void bytes_of_any_value(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    base64_add(&out, "\0\x10\x83\x10\x51\x87\x20\x92\x8b\x30", 10);
    assert_string_equal(buf_text(&out), "ABCDEFGHIJKLMA==");
    buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(bytes_of_any_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
