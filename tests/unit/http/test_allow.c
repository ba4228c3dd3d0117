/* Who may: tokens and origins. */
#include "base/str.h"
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOKEN "0123456789abcdef"

static void tokens(void **state) {
    (void)state;
    static const struct {
        const char *header;
        bool good;
    } cases[] = {
        {"Bearer " TOKEN, true},
        {"bearer " TOKEN, true},
        {"BEARER   " TOKEN, true},
        {NULL, false},
        {"", false},
        {"Bearer", false},
        {"Bearer ", false},
        {TOKEN, false},
        {"Basic " TOKEN, false},
        {"Bearer " TOKEN "0", false},
        {"Bearer " TOKEN " ", false},
        {"Bearer 0123456789abcdeF", false},
        {"Bearer" TOKEN, false},
        {"Bearer 0123456789abcde", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (allow_token(TOKEN, cases[i].header) != cases[i].good)
            fail_msg("%s", cases[i].header ? cases[i].header : "(none)");
}

static void origins(void **state) {
    (void)state;
    static const struct {
        const char *list, *origin;
        bool good;
    } cases[] = {
        {"https://app.example", "https://app.example", true},
        {"https://app.example", "HTTPS://App.Example", true},
        {"https://a.example, https://app.example", "https://app.example", true},
        {"https://a.example,https://app.example", "https://a.example", true},
        {"*", "https://anybody.example", true},
        {"https://a.example *", "null", true},
        {"", "https://app.example", false},
        {"https://app.example", "", false},
        {"https://app.example", "http://app.example", false},
        {"https://app.example", "https://app.example:8443", false},
        {"https://app.example", "https://app.example.evil.example", false},
        {"https://app.example", "https://app.exampl", false},
        {"https://app.example", "*", false},
        {"https://app.example", "null", false},
        {"https://a.example,https://app.example", "https://a.example,https://app.example", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (allow_origin(cases[i].list, cases[i].origin) != cases[i].good)
            fail_msg("%s in %s", cases[i].origin, cases[i].list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
