/* What can be mailed: one change at a time to a good message, with its code and its sentence. */
#include "base/buf.h"
#include "base/mem.h"
#include "core/manifest.h"
#include "core/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char to[] = "Ann <ann@example.test>";
static char subject[] = "Grüße";
static char text[] = "hello";

static struct message good(void) {
    return (struct message){.to = to, .subject = subject, .text = text, .bytes = 100};
}

/* The code and whether the sentence has `words` in it. */
static void expect(const struct message *m, const char *from, const char *code, const char *words) {
    char got[64] = "?";
    struct err err = {0};
    bool taken = message_check(m, from, got, &err);
    if (taken != (code[0] == '\0') || strcmp(got, code) != 0 ||
        (!taken && !strstr(err.text, words))) {
        fail_msg("want %s (%s), got %s: %s", code, words, got, err.text);
    }
    assert_int_equal(message_check(m, from, got, NULL), taken);
}

static void texts_and_addresses(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *subject, *html, *text, *configured, *code, *words;
    } cases[] = {
        {NULL, "a@b.test", "s", NULL, "t", "me@x.test", "", ""},
        {"Me <me@x.test>", "a@b.test", "s", "<p>", NULL, "", "", ""},
        {NULL, "a@b.test", "", "", "t", "me@x.test", "", ""},
        {NULL, "nobody", "s", NULL, "t", "me@x.test", "rejected:invalid_to",
         "to_email: there is no @"},
        {NULL, NULL, "s", NULL, "t", "me@x.test", "rejected:invalid_to", "empty"},
        {NULL, "a@b.test,c@d.test", "s", NULL, "t", "me@x.test", "rejected:invalid_to",
         "one recipient"},
        {NULL, "a@b.test\r\nBcc: c@d.test", "s", NULL, "t", "me@x.test", "rejected:invalid_to",
         "line breaks"},
        {NULL, "a@b.test", "s", NULL, "t", "", "rejected:no_sender", "from_email"},
        {NULL, "a@b.test", "s", NULL, "t", NULL, "rejected:no_sender", "from_email"},
        {"me", "a@b.test", "s", NULL, "t", "me@x.test", "rejected:invalid_from", "from_email: "},
        {"", "a@b.test", "s", NULL, "t", "me@x.test", "rejected:invalid_from", "from_email: "},
        {NULL, "a@b.test", "two\nlines", NULL, "t", "me@x.test", "rejected:invalid_subject",
         "one line"},
        {NULL, "a@b.test", "esc\x1b[2J", NULL, "t", "me@x.test", "rejected:invalid_subject", ""},
        {NULL, "a@b.test", "bad\xff", NULL, "t", "me@x.test", "rejected:invalid_subject", ""},
        {NULL, "a@b.test", NULL, NULL, "t", "me@x.test", "rejected:invalid_subject", ""},
        {NULL, "a@b.test", "s", NULL, NULL, "me@x.test", "rejected:no_body", "html and text"},
        {NULL, "a@b.test", "s", "", " \r\n\t", "me@x.test", "rejected:no_body", "html and text"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = {.from = mem_strdup(cases[i].from),
                            .to = mem_strdup(cases[i].to),
                            .subject = mem_strdup(cases[i].subject),
                            .html = mem_strdup(cases[i].html),
                            .text = mem_strdup(cases[i].text)};
        expect(&m, cases[i].configured, cases[i].code, cases[i].words);
        message_done(&m);
    }
}

static void lists_of_addresses(void **state) {
    (void)state;
    static const struct {
        const char *list, *words;
    } cases[] = {
        {"[]", NULL},
        {"null", NULL},
        {"[\"a@b.test\",\"C <c@d.test>\"]", NULL},
        {"[\"a@b.test\",\"nobody\"]", "[2]: there is no @"},
        {"[\"a@b.test, c@d.test\"]", "[1]: more than one"},
        {"[null]", "[1]: "},
        {"[1]", "[1]: "},
        {"\"a@b.test\"", "not an array"},
        {"{}", "not an array"},
        {"[\"a@b.test\\nBcc: x@y.test\"]", "line breaks"},
        {"broken", "not JSON"},
        {"", "not JSON"},
    };
    static const char *const columns[] = {"cc", "bcc", "reply_to"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t c = 0; c < COUNT(columns); c++) {
            struct message m = good();
            char *list = mem_strdup(cases[i].list);
            char code[64] = "rejected:invalid_";
            strncat(code, columns[c], 20);
            *(c == 0 ? &m.cc : c == 1 ? &m.bcc : &m.reply_to) = list;
            expect(&m, "me@x.test", cases[i].words ? code : "", cases[i].words);
            mem_free(list);
        }
    }
}

static void headers(void **state) {
    (void)state;
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"{}", NULL},
        {"null", NULL},
        {"{\"X-Campaign\":\"Grüße\",\"In-Reply-To\":\"<1@x>\"}", NULL},
        {"{\"List-Unsubscribe\":\"<https://x.test/u>\",\"References\":\"\"}", NULL},
        {"{\"Tool\":\"x\",\"Contents\":\"x\",\"ToCc\":\"x\"}",
         NULL}, /* only look like reserved ones */
        {"{\"To\":\"x@y.test\"}", "\"To\" may not be set"},
        {"{\"BCC\":\"x@y.test\"}", "may not be set"},
        {"{\"cc\":\"x@y.test\"}", "may not be set"},
        {"{\"from\":\"x@y.test\"}", "may not be set"},
        {"{\"Sender\":\"x\"}", "may not be set"},
        {"{\"reply-TO\":\"x\"}", "may not be set"},
        {"{\"Subject\":\"x\"}", "may not be set"},
        {"{\"date\":\"x\"}", "may not be set"},
        {"{\"message-id\":\"x\"}", "may not be set"},
        {"{\"Content-Type\":\"x\"}", "may not be set"},
        {"{\"content-anything\":\"x\"}", "may not be set"},
        {"{\"Resent-To\":\"x\"}", "may not be set"},
        {"{\"MIME-Version\":\"1.0\"}", "may not be set"},
        {"{\"Received\":\"x\"}", "may not be set"},
        {"{\"Return-Path\":\"x\"}", "may not be set"},
        {"{\"DKIM-Signature\":\"x\"}", "may not be set"},
        {"{\"X-SMTPAPI\":\"{}\"}", "may not be set"},
        {"{\"X-A\":\"one\\r\\nBcc: x@y.test\"}", "headers: \"X-A\" contains a line break"},
        {"{\"X-A\":\"one\\ntwo\"}", "one line"},
        {"{\"X-A\":\"\\u001b[2J\"}", "control characters"},
        {"{\"X-A\":\"\\u009b\"}", "control characters"},
        {"{\"X-A\":1}", "not a string"},
        {"{\"X-A\":null}", "not a string"},
        {"{\"X-A\":[\"x\"]}", "not a string"},
        {"{\"\":\"x\"}", "name is not valid"},
        {"{\"X A\":\"x\"}", "name is not valid"},
        {"{\"X:A\":\"x\"}", "name is not valid"},
        {"{\"To \":\"x\"}", "name is not valid"},
        {"{\"X-\\u00e4\":\"x\"}", "name is not valid"},
        {"{\"X-A\\r\\nBcc\":\"x\"}", "name is not valid"},
        {"[]", "not an object"},
        {"\"x\"", "not an object"},
        {"{\"X-A\":\"a\\u0000b\"}", "not JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = good();
        m.headers = mem_strdup(cases[i].json);
        expect(&m, "me@x.test", cases[i].words ? "rejected:invalid_headers" : "", cases[i].words);
        mem_free(m.headers);
    }
}

static void attachments(void **state) {
    (void)state;
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"[]", NULL},
        {"null", NULL},
        {"[{\"filename\":\"a.txt\",\"content\":\"aGk=\"}]", NULL},
        {"[{\"filename\":\"a.txt\",\"content\":\"\"}]", NULL},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\\nYWJj\\r\\nYQ==\\n\"}]", NULL},
        {"[{\"filename\":\"ä\",\"content\":\"aGkh\",\"content_type\":\"image/png\","
         "\"content_id\":\"logo\"}]",
         NULL},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\",\"content_type\":null}]", NULL},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\"},{\"filename\":\"b\",\"content\":\"a b\"}]",
         "attachments[1].content is not base64"},
        {"[{\"filename\":\"a\",\"content\":\"aGk\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"aG=k\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"a===\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"====\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"aGkhY===\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"==\"}]", "not base64"},
        {"[{\"filename\":\"a\",\"content\":\"a-_k\"}]", "not base64"},
        {"[{\"filename\":\"a\"}]", "content is missing"},
        {"[{\"filename\":\"a\",\"content\":7}]", "content is missing"},
        {"[{\"content\":\"aGkh\"}]", "filename"},
        {"[{\"filename\":\" \",\"content\":\"aGkh\"}]", "filename"},
        {"[{\"filename\":\"a\\r\\nX: y\",\"content\":\"aGkh\"}]", "filename"},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\",\"content_type\":\"png\"}]", "content_type"},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\",\"content_type\":7}]", "content_type"},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\",\"content_type\":\"a/b\\r\\nX: y\"}]",
         "content_type"},
        {"[{\"filename\":\"a\",\"content\":\"aGkh\",\"content_id\":\"a\\nb\"}]", "content_id"},
        {"[\"a\"]", "attachments[0] is not an object"},
        {"[null]", "attachments[0] is not an object"},
        {"{}", "not an array"},
        {"[", "not JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = good();
        m.attachments = mem_strdup(cases[i].json);
        expect(&m, "me@x.test", cases[i].words ? "rejected:invalid_attachments" : "",
               cases[i].words);
        mem_free(m.attachments);
    }
}

static void tags(void **state) {
    (void)state;
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"{\"campaign\":\"spring\"}", NULL},        {"{}", NULL},
        {"{\"a\":1}", "not a clean string"},        {"{\"a\":\"x\\ny\"}", "not a clean string"},
        {"{\"\":\"x\"}", "name is empty"},          {"{\"a\\nb\":\"x\"}", "control characters"},
        {"{\"postroom_id\":\"x\"}", "postroom_id"}, {"[]", "not an object"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = good();
        m.tags = mem_strdup(cases[i].json);
        expect(&m, "me@x.test", cases[i].words ? "rejected:invalid_tags" : "", cases[i].words);
        mem_free(m.tags);
    }
}

static void size(void **state) {
    (void)state;
    struct message m = good();
    m.bytes = MESSAGE_MAX_BYTES;
    expect(&m, "me@x.test", "", "");
    m.bytes++;
    expect(&m, "me@x.test", "rejected:too_big", "41943041 bytes; at most 41943040");
    struct message unread = {.too_big = true, .bytes = INT64_C(5000000000)};
    expect(&unread, "me@x.test", "rejected:too_big", "5000000000 bytes");
}

static void a_large_attachment_is_checked(void **state) {
    (void)state;
    struct buf json;
    buf_init(&json, (size_t)MESSAGE_MAX_BYTES);
    buf_puts(&json, "[{\"filename\":\"a\",\"content\":\"");
    assert_true(buf_reserve(&json, 39 << 20));
    memset(json.data + json.len, 'A', 39 << 20);
    json.len += 39 << 20;
    buf_puts(&json, "\"}]");
    assert_false(json.failed);
    struct message m = good();
    m.attachments = json.data;
    expect(&m, "me@x.test", "", "");
    json.data[1000] = '*';
    expect(&m, "me@x.test", "rejected:invalid_attachments", "not base64");
    memset(json.data, '[', json.len); /* 39 MB of nesting */
    expect(&m, "me@x.test", "rejected:invalid_attachments", "deeper");
    for (size_t i = 1; i < json.len; i += 2) {
        json.data[i] = ',';
        json.data[i - 1] = '0';
    }
    json.data[0] = '[';
    expect(&m, "me@x.test", "rejected:invalid_attachments", "values");
    buf_free(&json);
}

static void lack_of_memory_is_not_the_messages_fault(void **state) {
    (void)state;
    static char json[] = "{\"X-A\":\"b\"}";
    struct message m = good();
    m.headers = json;
    long before = mem_live();
    char code[64];
    struct err err = {0};
    mem_fail_at(1, 1);
    assert_false(message_check(&m, "me@x.test", code, &err));
    mem_fail_at(0, 0);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_string_equal(code, "");
    assert_int_equal(mem_live(), before);
}

static void a_manifest_frees_its_messages(void **state) {
    (void)state;
    long before = mem_live();
    struct manifest m = {.n = 2, .messages = mem_array(2, sizeof(struct message))};
    m.messages[0].id = mem_strdup("1");
    m.messages[0].kind = mem_strdup("marketing");
    m.messages[1].attachments = mem_strdup("[]");
    m.messages[1].tags = mem_strdup("{}");
    manifest_done(&m);
    assert_int_equal(mem_live(), before);
    assert_null(m.messages);
    manifest_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_addresses),
        cmocka_unit_test(lists_of_addresses),
        cmocka_unit_test(headers),
        cmocka_unit_test(attachments),
        cmocka_unit_test(tags),
        cmocka_unit_test(size),
        cmocka_unit_test(a_large_attachment_is_checked),
        cmocka_unit_test(lack_of_memory_is_not_the_messages_fault),
        cmocka_unit_test(a_manifest_frees_its_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
