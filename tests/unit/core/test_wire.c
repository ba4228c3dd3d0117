/* Requests refuse what cannot stand in a header; responses find their headers. */
#include "core/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void headers_are_kept(void **state) {
    (void)state;
    struct wire_request r;
    wire_request_init(&r);
    wire_request_header(&r, "Authorization", "Bearer secret", true);
    wire_request_header(&r, "Content-Type", "application/json", false);
    assert_int_equal(r.header_count, 2);
    assert_true(r.headers[0].secret);
    assert_false(r.headers[1].secret);
    assert_string_equal(r.headers[0].value, "Bearer secret");
    assert_false(r.body.failed);
    wire_request_done(&r);
    assert_int_equal(r.header_count, 0);
    assert_null(r.headers[0].value);
    assert_int_equal(r.body.max, WIRE_MAX_BODY);
}

static void bad_headers_fail_the_request(void **state) {
    (void)state;
    static char value[WIRE_MAX_VALUE + 2];
    memset(value, 'x', sizeof value - 1);
    const char *const bad[][2] = {
        {"X-A", "a\r\nX-B: c"}, {"X-A", "a\n"}, {"X\n", "a"}, {"X-A", "\xff"},
        {"X-A", NULL},          {"X-A", value}, {value, "a"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct wire_request r;
        wire_request_init(&r);
        wire_request_header(&r, bad[i][0], bad[i][1], false);
        assert_true(r.body.failed);
        assert_int_equal(r.header_count, 0);
        wire_request_done(&r);
    }
    value[319] = '\0'; /* the longest that fits */
    struct wire_request r;
    wire_request_init(&r);
    for (int i = 0; i < WIRE_MAX_HEADERS; i++) {
        wire_request_header(&r, "X-A", value, false);
    }
    assert_false(r.body.failed);
    wire_request_header(&r, "X-A", "one too many", false);
    assert_true(r.body.failed);
    wire_request_done(&r);
}

static void response_headers_are_found(void **state) {
    (void)state;
    struct wire_response r;
    wire_response_init(&r);
    assert_int_equal(r.end, WIRE_NOT_SENT);
    char value[16];
    assert_false(wire_response_header(&r, "retry-after", value, sizeof value));
    buf_puts(&r.headers, "x-retry-after: 1\nretry-after:  30 \t\r\nempty:\nretry-after: 60\n"
                         "no colon\nlong: 0123456789abcdefghij\nlast: x");
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"retry-after", "30"},       {"empty", ""},   {"last", "x"},   {"x-retry-after", "1"},
        {"long", "0123456789abcde"}, {"retry", NULL}, {"after", NULL}, {"no colon", NULL},
        {"Retry-After", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool found = wire_response_header(&r, cases[i].name, value, sizeof value);
        assert_int_equal(found, cases[i].want != NULL);
        if (found) {
            assert_string_equal(value, cases[i].want);
        }
    }
    wire_response_done(&r);
    assert_int_equal(r.headers.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_kept),
        cmocka_unit_test(bad_headers_fail_the_request),
        cmocka_unit_test(response_headers_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
