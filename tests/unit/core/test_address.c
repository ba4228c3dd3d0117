/* Mailboxes: what is one address, what is more, and what only looks like one. */
#include "core/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void good_mailboxes(void **state) {
    (void)state;
    static const struct {
        const char *mailbox, *address;
    } cases[] = {
        {"a@b.test", "a@b.test"},
        {" a@b.test ", "a@b.test"},
        {"<a@b.test>", "a@b.test"},
        {"Ann Example <ann@example.test>", "ann@example.test"},
        {"Ann <  ann@example.test >", NULL}, /* blanks inside the brackets */
        {"\"Doe, John\" <j@x.test>", "j@x.test"},
        {"\"a \\\"b\\\" <c>\" <j@x.test>", "j@x.test"},
        {"Grüße <grüße@bücher.test>", "grüße@bücher.test"},
        {"first.last+tag@sub.example.test", "first.last+tag@sub.example.test"},
        {"!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test"},
        {"\"quoted @ local, part\"@x.test", "\"quoted @ local, part\"@x.test"},
        {"\"a\\\"b\"@x.test", "\"a\\\"b\"@x.test"},
        {"a@[192.0.2.1]", "a@[192.0.2.1]"},
        {"a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
        {"postmaster@localhost", "postmaster@localhost"},
        {"a@xn--bcher-kva.test", "a@xn--bcher-kva.test"},
        {"a@1.test", "a@1.test"},
        {"a@my_host.test", "a@my_host.test"}, /* no host name by the book, yet mail gets there */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char address[321] = "";
        struct err err = {0};
        bool good = mailbox_check(cases[i].mailbox, address, &err);
        if (!cases[i].address) {
            assert_false(good);
            continue;
        }
        if (!good) {
            fail_msg("%s: %s", cases[i].mailbox, err.text);
        }
        assert_string_equal(address, cases[i].address);
        assert_true(mailbox_check(cases[i].mailbox, NULL, NULL));
    }
}

static void bad_mailboxes(void **state) {
    (void)state;
    static const char *const bad[] = {
        NULL,
        "",
        " ",
        "a",
        "a@",
        "@b.test",
        "@",
        "a b@c.test",
        "a@b@c.test",
        "a@b..test",
        "a@.b.test",
        "a@b.test.",
        "a@-b.test",
        "a@b-.test",
        ".a@b.test",
        "a.@b.test",
        "a..b@c.test",
        "a@b c.test",
        "a@b/c.test",
        "a@b:25",
        "a(comment)@b.test",
        /* more than one recipient */
        "a@b.test, c@d.test",
        "a@b.test,c@d.test",
        "a@b.test; c@d.test",
        "a@b.test c@d.test",
        "A <a@b.test>, C <c@d.test>",
        "A <a@b.test> <c@d.test>",
        "x@y.test, A <a@b.test>",
        "Doe, John <j@x.test>",
        "group: a@b.test;",
        "x@y.test <a@b.test>",
        "<a@b.test,c@d.test>",
        /* brackets and quotes */
        "A <a@b.test",
        "A a@b.test>",
        "<<a@b.test>>",
        "A <a@b.test> junk",
        "\"A <a@b.test>",
        "<>",
        "A <>",
        "\"\"@b.test",
        "\"a@b.test",
        "\"a\\\"@b.test",
        "a\"b\"@c.test",
        "\"a\"b\"@c.test",
        "\"a> <b\"@c.test",
        "A <\"a> <b\"@c.test>",
        ">a@b.test<",
        "<",
        ">",
        "\"",
        /* a second line, a second command */
        "a@b.test\r\nBcc: x@y.test",
        "a@b.test\n",
        "a@b.test>\r\nRCPT TO:<x@y.test",
        "a\t@b.test",
        "a@b.test\x1b[2J",
        "a@b.test\x7f",
        "a\xc2\x85@b.test",
        "A\nB <a@b.test>",
        /* what does not show */
        "a\xe2\x80\x8b@b.test",
        "a@b\xe2\x80\xae.test",
        "a\xc2\xa0@b.test",
        "a@b\xe3\x80\x80.test",
        "\xef\xbb\xbf"
        "a@b.test",
        "a\xff@b.test",
        "a@\xc0\xae.test",
        /* literals */
        "a@[]",
        "a@[1.2.3]",
        "a@[1.2.3.4",
        "a@[IPv6:1]",
        "a@[::1]",
        "a@1.2.3.4]",
        "a@[IPv6:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8]",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        if (mailbox_check(bad[i], NULL, &err)) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(err.text[0] != '\0');
    }
}

/* local@label.label... with a local part and a domain of these lengths */
static const char *sized(size_t local, size_t domain) {
    static char text[1000];
    memset(text, 'a', sizeof text);
    text[local] = '@';
    for (size_t i = 63; i < domain; i += 64) {
        text[local + 1 + i] = '.';
    }
    text[local + 1 + domain] = '\0';
    return text;
}

static void lengths(void **state) {
    (void)state;
    char address[321];
    assert_true(mailbox_check(sized(64, 255), address, NULL));
    assert_int_equal(strlen(address), 320);
    assert_false(mailbox_check(sized(65, 10), NULL, NULL));
    assert_false(mailbox_check(sized(1, 257), NULL, NULL));
    char label[80] = "a@";
    memset(label + 2, 'b', 64);
    assert_false(mailbox_check(label, NULL, NULL));
    label[65] = '\0';
    assert_true(mailbox_check(label, NULL, NULL));
}

static void bare_addresses_for_the_log(void **state) {
    (void)state;
    static const struct {
        const char *mailbox, *want;
    } cases[] = {
        {"a@b.test", "a@b.test"},
        {"Ann <a@b.test>", "a@b.test"},
        {"\"<x>\" <a@b.test>", "a@b.test"},
        {"Ann < a@b.test >", "a@b.test"},
        {"Ann <a@b.test", "a@b.test"},
        {"not an address", "not an address"},
        {"<", ""},
        {"", ""},
        {NULL, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dst[64];
        message_bare_address(dst, sizeof dst, cases[i].mailbox);
        assert_string_equal(dst, cases[i].want);
    }
    char small[5];
    message_bare_address(small, sizeof small, "<abc€@x>");
    assert_string_equal(small, "abc");
}

static void names_as_they_are_meant(void **state) {
    (void)state;
    static const struct {
        const char *mailbox;
        const char *name;
    } cases[] = {
        {"a@b.example", ""},
        {"<a@b.example>", ""},
        {"Ann <a@b.example>", "Ann"},
        {"  Ann  Berg   <a@b.example>", "Ann  Berg"},
        {"\"Berg, Ann\" <a@b.example>", "Berg, Ann"},
        {"\"Ann \\\"A\\\\B\\\" Berg\" <a@b.example>", "Ann \"A\\B\" Berg"},
        {"Ann \"The <Boss>\" Berg <a@b.example>", "Ann The <Boss> Berg"},
        {"\"\" <a@b.example>", ""},
        {"A\\B <a@b.example>", "A\\B"},
        {"S\xc3\xb8ren \xe2\x9c\x93 <a@b.example>", "S\xc3\xb8ren \xe2\x9c\x93"},
        {"\"open <a@b.example>", ""},
        {"\"x\\", ""},
        {NULL, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf name;
        buf_init(&name, 1000);
        message_name(&name, cases[i].mailbox);
        assert_string_equal(buf_text(&name), cases[i].name);
        buf_free(&name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_mailboxes),
        cmocka_unit_test(bad_mailboxes),
        cmocka_unit_test(lengths),
        cmocka_unit_test(bare_addresses_for_the_log),
        cmocka_unit_test(names_as_they_are_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
