/* Which base URLs are taken, and which addresses their names may lead to. */
#include "base/str.h"
#include "net/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void base_urls_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *url;
        const char *problem; /* NULL: fine */
    } cases[] = {
        {"https://api.resend.com", NULL},
        {"https://api.resend.com:8443/v1", NULL},
        {"HTTPS://API.RESEND.COM", NULL},
        {"https://localhost:8443", NULL},
        {"http://localhost:8025", NULL},
        {"http://127.0.0.1:8025", NULL},
        {"http://127.9.9.9", NULL},
        {"http://127.1:8025", NULL}, /* 127.0.0.1, written short */
        {"http://[::1]:8025/x", NULL},
        {"http://api.resend.com", "https://"},
        {"http://localhost.evil.example", "https://"},
        {"http://127.0.0.1.evil.example", "https://"},
        {"http://[::2]", "https://"},
        {"http://10.0.0.1", "https://"},
        {"http://0.0.0.0", "https://"},
        {"ftp://localhost", "https://"},
        {"file:///etc/passwd", ""},
        {"smtp://localhost", "https://"},
        {"https://user@api.resend.com", "user"},
        {"https://user:pass@api.resend.com", "user"},
        {"http://localhost@evil.example", "user"},
        {"https://api.resend.com?x=1", "behind"},
        {"https://api.resend.com/#a", "behind"},
        {"https://", "no URL"},
        {"https:///emails", "no URL"},
        {"", "no URL"},
        {"api.resend.com", ""},
        {"https://api.resend.com:99999", "no URL"},
        {"https://a b", "no URL"},
        {"https://a\r\nHost: b", "no URL"},
        {"https://a\\b", "no URL"},
        {"https://\xff", "no URL"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        bool ok = net_check_url(cases[i].url, &err);
        if (ok != (cases[i].problem == NULL) ||
            (!ok && (err.code != ERR_USAGE || !strstr(err.text, cases[i].problem)))) {
            fail_msg("%s: %d, \"%s\"", cases[i].url, ok, err.text);
        }
    }
    char url[700] = "https://";
    struct err err = {0};
    memset(url + 8, 'a', sizeof url - 9);
    assert_false(net_check_url(url, &err));
}

static void addresses_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool allowed;  /* for any URL */
        bool loopback; /* for one that names loopback */
    } cases[] = {
        {"93.184.216.34", true, true},
        {"10.1.2.3", true, true},
        {"127.0.0.1", false, true},
        {"127.255.0.9", false, true},
        {"0.0.0.0", false, true},
        {"169.254.169.254", false, false},
        {"169.253.1.1", true, true},
        {"2606:4700::1", true, true},
        {"::1", false, true},
        {"::", false, true},
        {"::ffff:127.0.0.1", false, true},
        {"::ffff:169.254.169.254", false, false},
        {"::ffff:93.184.216.34", true, true},
        {"fe80::1", false, false},
        {"fd00::1", true, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        const struct sockaddr *a = (const struct sockaddr *)&v4;
        if (strchr(cases[i].text, ':')) {
            assert_int_equal(inet_pton(AF_INET6, cases[i].text, &v6.sin6_addr), 1);
            a = (const struct sockaddr *)&v6;
        } else {
            assert_int_equal(inet_pton(AF_INET, cases[i].text, &v4.sin_addr), 1);
        }
        if (url_allows_address(a, false) != cases[i].allowed ||
            url_allows_address(a, true) != cases[i].loopback) {
            fail_msg("%s", cases[i].text);
        }
    }
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(url_allows_address(&other, true));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_urls_are_checked),
        cmocka_unit_test(addresses_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
