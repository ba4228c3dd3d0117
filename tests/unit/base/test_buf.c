/* Growable bytes: maximum, sticky failure, taking over. */
#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void appends_and_terminates(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_string_equal(buf_text(&b), "");
    buf_puts(&b, "ab");
    buf_addc(&b, 'c');
    buf_add(&b, "d\0e", 3);
    buf_printf(&b, "%s-%d", "x", 7);
    assert_false(b.failed);
    assert_int_equal(b.len, 9);
    assert_memory_equal(b.data, "abcd\0ex-7", 10);
    buf_clear(&b);
    assert_string_equal(buf_text(&b), "");
    buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.max, 1000);
}

static void maximum_is_exact_and_failure_sticks(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_puts(&b, "12345");
    assert_false(b.failed);
    buf_addc(&b, '6');
    assert_true(b.failed);
    assert_true(b.full);
    assert_string_equal(buf_text(&b), "12345");
    buf_clear(&b);
    assert_false(b.full);
    buf_puts(&b, "ab");
    assert_string_equal(buf_text(&b), "ab");
    buf_puts(&b, "too much");
    buf_puts(&b, "c"); /* would fit, but something is missing before it */
    assert_true(b.failed);
    assert_string_equal(buf_text(&b), "ab");
    assert_null(buf_take(&b));
    assert_false(b.failed);
    buf_free(&b);
}

static void huge_requests_do_not_overflow(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_puts(&b, "a");
    assert_false(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_clear(&b);
    assert_false(buf_reserve(&b, SIZE_MAX - 1));
    buf_free(&b);
    struct buf none = {0}; /* no maximum set: nothing fits */
    buf_puts(&none, "a");
    assert_true(none.failed);
    buf_free(&none);
}

static void take_hands_the_bytes_over(void **state) {
    (void)state;
    long before = mem_live();
    struct buf b;
    buf_init(&b, 100);
    char *empty = buf_take(&b);
    assert_string_equal(empty, "");
    mem_free(empty);
    for (int i = 0; i < 100; i++) {
        buf_addc(&b, 'x');
    }
    char *text = buf_take(&b);
    assert_int_equal(strlen(text), 100);
    assert_int_equal(b.len, 0);
    mem_free(text);
    buf_free(&b);
    assert_int_equal(mem_live(), before);
}

static void lack_of_memory_fails_the_buffer_only(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 10000);
    buf_puts(&b, "kept");
    mem_fail_at(1, 0);
    for (int i = 0; i < 100; i++) {
        buf_puts(&b, "0123456789");
    }
    assert_true(b.failed && !b.full);
    assert_true(strncmp(buf_text(&b), "kept", 4) == 0);
    buf_free(&b);
    mem_fail_at(1, 0);
    assert_null(buf_take(&b));
    mem_fail_at(0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_and_terminates),
        cmocka_unit_test(maximum_is_exact_and_failure_sticks),
        cmocka_unit_test(huge_requests_do_not_overflow),
        cmocka_unit_test(take_hands_the_bytes_over),
        cmocka_unit_test(lack_of_memory_fails_the_buffer_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
