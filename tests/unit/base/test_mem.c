/* Checked allocation: overflow, counting, failing the n-th. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_counted(void **state) {
    (void)state;
    long before = mem_live();
    unsigned char *p = mem_array(10, 10);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(p[i], 0);
    }
    void *nothing = mem_alloc(0);
    assert_non_null(nothing);
    assert_int_equal(mem_live(), before + 2);
    p = mem_resize(p, 1000);
    assert_int_equal(mem_live(), before + 2);
    void *fresh = mem_resize(NULL, 10);
    assert_int_equal(mem_live(), before + 3);
    mem_free(p);
    mem_free(nothing);
    mem_free(fresh);
    mem_free(NULL);
    assert_int_equal(mem_live(), before);
}

static void overflow_is_refused(void **state) {
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_strndup("a", SIZE_MAX));
}

static void copies(void **state) {
    (void)state;
    assert_null(mem_strdup(NULL));
    assert_null(mem_strndup(NULL, 3));
    char *whole = mem_strdup("abc");
    char *part = mem_strndup("abc", 2);
    char *longer = mem_strndup("abc", 100);
    assert_string_equal(whole, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(longer, "abc");
    mem_free(whole);
    mem_free(part);
    mem_free(longer);
}

static void the_nth_fails(void **state) {
    (void)state;
    void *p[4];
    mem_fail_at(2, 0);
    for (int i = 0; i < 4; i++) {
        p[i] = mem_alloc(1);
        assert_int_equal(p[i] == NULL, i == 1);
    }
    mem_fail_at(2, 1);
    char *old = p[0];
    *old = 'x';
    old = mem_resize(old, 10);
    assert_null(mem_resize(old, 100000)); /* and the old block stays valid */
    assert_int_equal(*old, 'x');
    assert_null(mem_alloc(1));
    assert_null(mem_strdup("a"));
    mem_fail_at(0, 0);
    mem_free(old);
    mem_free(p[2]);
    mem_free(p[3]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_counted),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(copies),
        cmocka_unit_test(the_nth_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
