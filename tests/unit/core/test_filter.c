/* Filters as they are typed, and what is said of those that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "core/command.h"

#define NOW (INT64_C(1790046726) * USEC_PER_SEC)

static struct err err;

static void words_become_members(void **state) {
    (void)state;
    struct filter f = {.status = "pending"};
    assert_true(filter_parse(&f, " to:shop err:time id:8a2e  older:1h lea petit", NOW, &err));
    assert_string_equal(f.to, "shop");
    assert_string_equal(f.error, "time");
    assert_string_equal(f.id, "8a2e");
    assert_string_equal(f.text, "lea petit");
    assert_true(f.until_us == NOW - 3600 * USEC_PER_SEC);
    assert_string_equal(f.status, "pending"); /* the list's own */
    assert_false(filter_is_empty(&f));
    assert_true(filter_parse(&f, "  ", NOW, &err));
    assert_true(filter_is_empty(&f));
    assert_string_equal(f.status, "pending");
}

static void nonsense_is_named_and_changes_nothing(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"to:", "to: what? Nothing stands behind the colon"},
        {"id:a id:b", "id: stands there twice"},
        {"older:soon", "older:soon is no time: older:90s, older:5m, older:1h, older:2d"},
        {"older:-1h", "older:-1h is no time: older:90s, older:5m, older:1h, older:2d"},
        {"older:0", "older:0 is no time: older:90s, older:5m, older:1h, older:2d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct filter f = {.to = "kept"};
        assert_false(filter_parse(&f, cases[i][0], NOW, &err));
        assert_string_equal(err.text, cases[i][1]);
        assert_string_equal(f.to, "kept");
    }
    char longest[300];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct filter f = {0};
    assert_false(filter_parse(&f, longest, NOW, &err));
    memcpy(longest, "id:", 3);
    longest[200] = '\0';
    assert_false(filter_parse(&f, longest, NOW, &err));
    assert_string_equal(err.text, "id: that is too long, at most 71 characters");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_members),
        cmocka_unit_test(nonsense_is_named_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
