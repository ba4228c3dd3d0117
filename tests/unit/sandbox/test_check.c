/* What the sandbox refuses, in Resend's statuses and names; and who may send. */
#include "sandbox/internal.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FROM "\"from\":\"Acme <a@acme.dev>\","
#define TO "\"to\":\"b@mail.dev\","
#define SUBJECT "\"subject\":\"Hi\","
#define HTML "\"html\":\"<p>x</p>\""
#define REST SUBJECT HTML
#define WHOLE FROM TO REST

static struct json *parse(const char *text) {
    struct err err = {0};
    struct json *root = json_parse(text, strlen(text), strlen(text), &err);
    assert_string_equal(err.text, "");
    assert_non_null(root);
    return root;
}

static void mails_are_judged_as_resend_does(void **state) {
    (void)state;
    static const struct {
        const char *mail;
        const char *name; /* NULL: accepted */
        const char *message;
        bool batch;
    } cases[] = {
        {.mail = "{" WHOLE "}"},
        {.mail = "{" WHOLE "}", .batch = true},
        {.mail = "{" FROM "\"to\":[\"b@mail.dev\",\"C D <c@mail.dev>\"]," REST "}"},
        {.mail = "{" WHOLE ",\"cc\":null,\"tags\":[],\"headers\":{\"X-A\":\"b\"}}"},
        {.mail = "{" FROM TO SUBJECT "\"text\":\"x\"}"},
        {.mail = "{" FROM TO "\"template\":{\"id\":\"t\",\"variables\":{\"N\":1}}}"},
        {.mail = "{" WHOLE ",\"reply_to\":\"x@example.com\"}"},
        {.mail = "{" WHOLE ",\"attachments\":[{\"filename\":\"a\",\"content\":\"aGk=\"}]}"},
        {.mail = "{" WHOLE ",\"attachments\":[{\"path\":\"https://files.dev/a\"}]}"},
        {.mail = "{" WHOLE ",\"attachments\":[]}", .batch = true},
        {"[]", "validation_error", "object", false},
        {"{}", "missing_required_field", "Missing `from` field.", false},
        {"{" FROM REST "}", "missing_required_field", "Missing `to` field.", false},
        {"{" FROM "\"to\":[]," REST "}", "missing_required_field", "Missing `to` field.", false},
        {"{" FROM TO HTML "}", "missing_required_field", "Missing `subject` field.", false},
        {"{" FROM TO "\"subject\":\"Hi\"}", "validation_error", "`html` or `text`", false},
        {"{" FROM TO SUBJECT "\"html\":\"\",\"text\":\"\"}", "validation_error", "`html`", false},
        {"{" FROM TO "\"subject\":\"a\\nb\"," HTML "}", "validation_error", "`subject`", false},
        {"{\"from\":\"acme\"," TO REST "}", "invalid_from_address", "Invalid `from`", false},
        {"{\"from\":\"Acme <a@acme>\"," TO REST "}", "invalid_from_address", "`from`", false},
        {"{" FROM "\"to\":\"b@\"," REST "}", "validation_error", "Invalid `to` field.", false},
        {"{" FROM "\"to\":7," REST "}", "missing_required_field", "`to`", false},
        {"{" FROM "\"to\":[7]," REST "}", "validation_error", "Invalid `to` field.", false},
        {"{" FROM "\"to\":\"b@example.com\"," REST "}", "validation_error", "example.com", false},
        {"{" FROM "\"to\":\"b@Test.com\"," REST "}", "validation_error", "example.com", false},
        {"{" WHOLE ",\"cc\":\"x\"}", "validation_error", "Invalid `cc` field.", false},
        {"{" WHOLE ",\"bcc\":[\"x\"]}", "validation_error", "Invalid `bcc` field.", false},
        {"{" WHOLE ",\"reply_to\":\"x\"}", "validation_error", "`reply_to`", false},
        {"{" WHOLE ",\"headers\":[]}", "validation_error", "`headers`", false},
        {"{" WHOLE ",\"headers\":{\"X\":1}}", "validation_error", "`headers`", false},
        {"{" WHOLE ",\"headers\":{\"X\":\"a\\r\\nBcc: b\"}}", "validation_error", "headers", false},
        {"{" WHOLE ",\"tags\":{}}", "validation_error", "`tags`", false},
        {"{" WHOLE ",\"tags\":[{\"name\":\"a b\",\"value\":\"c\"}]}", "validation_error", "Tags",
         false},
        {"{" WHOLE ",\"tags\":[{\"name\":\"a\"}]}", "validation_error", "Tags", false},
        {"{" WHOLE ",\"attachments\":[{\"filename\":\"a\"}]}", "invalid_attachment", "`content`",
         false},
        {"{" WHOLE ",\"attachments\":[{\"filename\":\"a\",\"content\":\"%\"}]}",
         "invalid_attachment", "base64", false},
        {"{" WHOLE ",\"attachments\":[{\"filename\":\"a\",\"content\":\"aGk=\"}]}",
         "invalid_attachment", "batch", true},
        {"{" WHOLE ",\"template\":{\"id\":\"t\"}}", "validation_error", "template", false},
        {"{" FROM TO "\"template\":{}}", "missing_required_field", "template.id", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problem p = {0};
        struct json *mail = parse(cases[i].mail);
        bool ok = check_mail(mail, cases[i].batch, &p);
        if (ok != (cases[i].name == NULL))
            fail_msg("%s: %s", cases[i].mail, ok ? "accepted" : p.message);
        if (!ok) {
            assert_int_equal(p.status, 422);
            assert_string_equal(p.name, cases[i].name);
            if (!strstr(p.message, cases[i].message))
                fail_msg("%s: %s", cases[i].mail, p.message);
        }
        json_free(mail);
    }
}

static void at_most_fifty_recipients(void **state) {
    (void)state;
    for (int n = 50; n <= 51; n++) {
        struct problem p;
        struct buf b;
        buf_init(&b, 65536);
        buf_puts(&b, "{" FROM "\"to\":[");
        for (int i = 0; i < n; i++)
            buf_printf(&b, "%s\"r%d@mail.dev\"", i ? "," : "", i);
        buf_puts(&b, "]," REST ",\"cc\":\"c@mail.dev\"}");
        struct json *mail = parse(buf_text(&b));
        assert_int_equal(check_mail(mail, false, &p), n == 50);
        assert_int_equal(count_recipients(mail), n + 1);
        json_free(mail);
        buf_free(&b);
    }
}

static void mailboxes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"a@b.dev", "a@b.dev"},
        {"A B <a@b.dev>", "a@b.dev"},
        {"<a@b.dev> ", "a@b.dev"},
        {"a+x@b-c.d.dev", "a+x@b-c.d.dev"},
        {"ä@bücher.dev", "ä@bücher.dev"},
        {"", NULL},
        {">", NULL},
        {"<>", NULL},
        {"a@b", NULL},
        {"a@b..dev", NULL},
        {"a@.dev", NULL},
        {"a@-b.dev", NULL},
        {"a@b-.dev", NULL},
        {"a@b.dev.", NULL},
        {"@b.dev", NULL},
        {".a@b.dev", NULL},
        {"a b@c.dev", NULL},
        {"a@b@c.dev", NULL},
        {"a@b.dev, c@d.dev", NULL},
        {"a@b.dev\r\nBcc: c@d.dev", NULL},
        {"A <a@b.dev", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char address[321] = "";
        bool ok = parse_mailbox(cases[i].text, address);
        if (ok != (cases[i].want != NULL))
            fail_msg("\"%s\"", cases[i].text);
        if (ok)
            assert_string_equal(address, cases[i].want);
    }
}

static void keys_of_accounts(void **state) {
    (void)state;
    static const struct {
        const char *authorization;
        int status; /* 0: may send */
        const char *name;
    } cases[] = {
        {"Bearer re_anything", 0, NULL},
        {"bearer re_anything", 0, NULL},
        {NULL, 401, "missing_api_key"},
        {"", 401, "missing_api_key"},
        {"Bearer ", 401, "missing_api_key"},
        {"Bearer sk_live", 403, "invalid_api_key"},
        {"Bearer re_", 403, "invalid_api_key"},
        {"re_anything", 403, "invalid_api_key"},
        {"Bearer re_revoked_1", 403, "invalid_api_key"},
        {"Bearer re_restricted", 401, "restricted_api_key"},
        {"Bearer re_unverified", 403, "validation_error"},
        {"Bearer re_daily", 429, "daily_quota_exceeded"},
        {"Bearer re_monthly", 429, "monthly_quota_exceeded"},
        {"Bearer re_suspended", 451, "security_error"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problem p = {0};
        assert_int_equal(check_key(cases[i].authorization, &p), cases[i].status == 0);
        assert_int_equal(p.status, cases[i].status);
        if (p.status)
            assert_string_equal(p.name, cases[i].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mails_are_judged_as_resend_does),
        cmocka_unit_test(at_most_fifty_recipients),
        cmocka_unit_test(mailboxes),
        cmocka_unit_test(keys_of_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
