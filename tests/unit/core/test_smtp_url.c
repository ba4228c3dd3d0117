/* SMTP_URL: what is understood, and that no refusal repeats what may be a password. */
#include "core/smtp_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void urls_are_taken_apart(void **state) {
    (void)state;
    static const struct {
        const char *text, *host, *user, *password, *hello;
        int port;
        bool at_once, none;
    } cases[] = {
        {"smtp://mail.example", "mail.example", "", "", "", 587, false, false},
        {"smtp://mail.example:25/", "mail.example", "", "", "", 25, false, false},
        {"smtps://mail.example", "mail.example", "", "", "", 465, true, false},
        {"smtp://u:p@mail.example:2525/me.example?tls=required", "mail.example", "u", "p",
         "me.example", 2525, false, false},
        {"smtp://a%40b:p%3a%2Fx%25@mail.example", "mail.example", "a@b", "p:/x%", "", 587, false,
         false},
        {"smtp://a@b:p:q@mail.example", "mail.example", "a@b", "p:q", "", 587, false, false},
        {"smtp://u:p@[2001:db8::1]:587", "[2001:db8::1]", "u", "p", "", 587, false, false},
        {"smtp://localhost?tls=none", "localhost", "", "", "", 587, false, true},
        {"smtp://u:p@127.0.0.1:25?tls=none", "127.0.0.1", "u", "p", "", 25, false, true},
        {"smtp://mail.example?tls=none", "mail.example", "", "", "", 587, false, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_url u;
        struct err err = {0};
        if (!smtp_url_parse(&u, cases[i].text, &err)) {
            fail_msg("%s: %s", cases[i].text, err.text);
        }
        assert_string_equal(u.host, cases[i].host);
        assert_string_equal(u.user, cases[i].user);
        assert_string_equal(u.password, cases[i].password);
        assert_string_equal(u.hello, cases[i].hello);
        assert_int_equal(u.port, cases[i].port);
        assert_int_equal(u.tls_at_once, cases[i].at_once);
        assert_int_equal(u.tls_none, cases[i].none);
    }
}

static void what_is_none_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "mail.example",
        "http://u:secret@mail.example",
        "smtp://",
        "smtp://u:secret@",
        "smtp://:secret@mail.example",
        "smtp://secret@mail.example",
        "smtp://u:@mail.example",
        "smtp://u:secret@mail.example:0",
        "smtp://u:secret@mail.example:65536",
        "smtp://u:secret@mail.example:",
        "smtp://u:secret@mail.example:25x",
        "smtp://u:secret@mail.example:123456789",
        "smtp://u:secret@mail example",
        "smtp://u:secret@mail.example/a/b",
        "smtp://u:secret@mail.example/a\r\nQUIT",
        "smtp://u:secret@mail.example?tls=no",
        "smtp://u:secret@mail.example?tls=none",
        "smtps://mail.example?tls=none",
        "smtp://u:secret%0d%0a@mail.example",
        "smtp://u:secret%00@mail.example",
        "smtp://u:secret%4@mail.example",
        "smtp://u:secret%zz@mail.example",
        "smtp://u:secret@[::1",
        "smtp://u:secret@[x]",
        "smtp://u:secret@m\xc3\xbcller.example",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_url u;
        struct err err = {0};
        if (smtp_url_parse(&u, cases[i], &err)) {
            fail_msg("taken: %s", cases[i]);
        }
        assert_int_equal(err.code, ERR_USAGE);
        assert_true(err.text[0] != '\0');
        assert_null(strstr(err.text, "secret"));
    }
}

static void long_parts_are_refused(void **state) {
    (void)state;
    char text[4000];
    static const char *const shapes[] = {"smtp://%s:p@h", "smtp://u:%s@h", "smtp://%s",
                                         "smtp://h/%s"};
    char part[1001];
    memset(part, 'x', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct smtp_url u;
        struct err err = {0};
        const char *hole = strstr(shapes[i], "%s");
        memcpy(text, shapes[i], (size_t)(hole - shapes[i]));
        strcpy(text + (hole - shapes[i]), part);
        strcat(text, hole + 2);
        assert_false(smtp_url_parse(&u, text, &err));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(long_parts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
