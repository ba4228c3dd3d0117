/* AWS's own test vectors for Signature Version 4, and what they leave open: ports, paths, tokens.
 */
#include "provider/sigv4.h"
#include "unit/provider/mails.h"

#include "base/clock.h"

static const struct sigv4 example = {
    .key_id = "AKIDEXAMPLE",
    .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    .token = "",
    .region = "us-east-1",
    .service = "service",
};

#define TOKEN                                                                                      \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static int64_t at(const char *utc) {
    int64_t us;
    assert_true(clock_parse_utc(utc, &us));
    return us;
}

static struct wire_request request(const char *url, bool get, const char *type, const char *body) {
    struct wire_request r;
    wire_request_init(&r);
    str_copy(r.url, sizeof r.url, url);
    r.get = get;
    if (type) {
        wire_request_header(&r, "Content-Type", type, false);
    }
    buf_puts(&r.body, body);
    return r;
}

static void the_published_signatures_are_ours(void **state) {
    (void)state;
    static const struct {
        bool get;
        const char *type, *body, *token, *names, *signature;
    } cases[] = {
        {true, NULL, "", "", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {false, NULL, "", "", "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {false, "application/x-www-form-urlencoded", "Param1=value1", "",
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {false, NULL, "", TOKEN, "host;x-amz-date;x-amz-security-token",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wire_request r =
            request("https://example.amazonaws.com/", cases[i].get, cases[i].type, cases[i].body);
        struct sigv4 who = example;
        struct err err = {0};
        char wanted[400];
        who.token = cases[i].token;
        assert_true(sigv4_sign(&r, &who, at("2015-08-30T12:36:00Z"), &err));
        str_format(wanted, sizeof wanted,
                   "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                   "aws4_request, SignedHeaders=%s, Signature=%s",
                   cases[i].names, cases[i].signature);
        assert_string_equal(header(&r, "Authorization"), wanted);
        assert_string_equal(header(&r, "X-Amz-Date"), "20150830T123600Z");
        wire_request_done(&r);
    }
}

static void the_host_is_as_it_is_sent(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"https://email.eu-west-1.amazonaws.com/v2/x", "email.eu-west-1.amazonaws.com"},
        {"https://ses.example:443/x", "ses.example"},
        {"https://ses.example:80/x", "ses.example:80"},
        {"http://127.0.0.1:4443/x", "127.0.0.1:4443"},
        {"http://localhost:80", "localhost"},
        {"https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wire_request r = request(cases[i][0], true, NULL, "");
        struct err err = {0};
        assert_true(sigv4_sign(&r, &example, 0, &err));
        assert_string_equal(header(&r, "Host"), cases[i][1]);
        wire_request_done(&r);
    }
}

static void secrets_are_marked(void **state) {
    (void)state;
    struct wire_request r = request("https://ses.example/x", false, "a/b", "x");
    struct sigv4 who = example;
    struct err err = {0};
    who.token = "token";
    assert_true(sigv4_sign(&r, &who, at("2026-11-26T06:52:01Z"), &err));
    for (int i = 0; i < r.header_count; i++) {
        bool secret = str_eq(r.headers[i].name, "Authorization") ||
                      str_eq(r.headers[i].name, "X-Amz-Security-Token");
        assert_int_equal(r.headers[i].secret, secret);
        assert_null(strstr(r.headers[i].value, example.secret));
    }
    wire_request_done(&r);
}

static void what_does_not_fit_is_said(void **state) {
    (void)state;
    struct sigv4 who = example;
    struct err err = {0};
    char *token = mem_alloc(WIRE_MAX_VALUE + 2);
    memset(token, 't', WIRE_MAX_VALUE + 1);
    token[WIRE_MAX_VALUE + 1] = '\0';
    who.token = token;
    struct wire_request r = request("https://ses.example/x", false, "a/b", "x");
    assert_false(sigv4_sign(&r, &who, 0, &err));
    wire_request_done(&r);
    r = request("https:///x", false, "a/b", "x");
    assert_false(sigv4_sign(&r, &example, 0, &err));
    assert_int_equal(err.code, ERR_INVALID);
    wire_request_done(&r);
    mem_free(token);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_signatures_are_ours),
        cmocka_unit_test(the_host_is_as_it_is_sent),
        cmocka_unit_test(secrets_are_marked),
        cmocka_unit_test(what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
