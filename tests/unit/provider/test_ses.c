/* AWS SES: the exact bytes that leave, and what every answer in its book, and some in none, mean.
 * Signatures are test_sigv4.c. */
#include "base/clock.h"
#include "base/json.h"
#include "unit/provider/mails.h"

static const struct settings aws = {
    .aws_access_key_id = "AKIDEXAMPLE",
    .aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    .aws_session_token = "",
    .aws_region = "eu-west-1",
    .aws_endpoint_url_sesv2 = "",
    .from = "Shop <hello@shop.example>",
};

static const struct provider *ses(void) {
    return provider_find("ses");
}

static struct manifest manifest_for(struct message *m) {
    struct manifest one = manifest_of(m, 1);
    one.key[0] = '\0';
    one.made_us = INT64_C(1795676430000000);
    str_copy(one.origin, sizeof one.origin, "0f8b6c1e-3d52-4a6b");
    return one;
}

static struct wire_request built(struct message *m) {
    struct manifest one = manifest_for(m);
    struct wire_request r;
    struct err err = {0};
    if (!ses()->build(&aws, &one, &r, &err)) {
        fail_msg("%s", err.text);
    }
    return r;
}

/* --- build ----------------------------------------------------------------------------------- */

static void a_plain_mail_is_simple_content(void **state) {
    (void)state;
    struct message m = mail("3f2a/77", "\"Bea, Berg\" <b@y.com>");
    m.from = (char *)"Acmé <a@acme.com>";
    m.cc = (char *)"[\"c@y.com\"]";
    m.bcc = (char *)"[ \"d@y.com\" ]";
    m.reply_to = (char *)"[\"R <r@acme.com>\"]";
    m.subject = (char *)"Héllo";
    m.text = (char *)"hi\n";
    m.headers = (char *)"{}";
    m.attachments = (char *)" [ ] ";
    m.tags = (char *)"{\"k\":\"v\"}";
    struct wire_request r = built(&m);
    assert_string_equal(
        buf_text(&r.body),
        "{\"FromEmailAddress\":\"=?UTF-8?B?QWNtw6k=?= <a@acme.com>\",\"Destination\":{"
        "\"ToAddresses\":[\"\\\"Bea, Berg\\\" <b@y.com>\"],\"CcAddresses\":[\"c@y.com\"],"
        "\"BccAddresses\":[\"d@y.com\"]},\"ReplyToAddresses\":[\"R <r@acme.com>\"],"
        "\"Content\":{\"Simple\":{\"Subject\":{\"Data\":\"Héllo\",\"Charset\":\"UTF-8\"},"
        "\"Body\":{\"Text\":{\"Data\":\"hi\\n\",\"Charset\":\"UTF-8\"},"
        "\"Html\":{\"Data\":\"<p>hi</p>\",\"Charset\":\"UTF-8\"}}}},"
        "\"EmailTags\":[{\"Name\":\"postroom_id\",\"Value\":\"hex-336632612f3737\"},"
        "{\"Name\":\"k\",\"Value\":\"v\"}]}");
    assert_string_equal(r.url, "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails");
    assert_string_equal(header(&r, "Content-Type"), "application/json");
    assert_int_equal(r.header_count, 1);
    assert_false(r.replay_safe);
    assert_false(r.get);
    wire_request_done(&r);
}

/* A long name is folded in a mail, but not here. */
static void names_are_on_one_line(void **state) {
    (void)state;
    struct message m = mail("1", "a@y.com");
    m.from = (char *)"Ünïcödé näme thät is löng enöugh tö be földed in any mäil thät hölds it "
                     "<a@acme.com>";
    struct wire_request r = built(&m);
    assert_null(strstr(buf_text(&r.body), "\\r"));
    assert_null(strstr(buf_text(&r.body), "\\n"));
    assert_non_null(strstr(buf_text(&r.body), "?= =?UTF-8?"));
    wire_request_done(&r);
}

static void headers_and_files_make_it_raw(void **state) {
    (void)state;
    struct message headers = mail("1", "a@y.com");
    struct message files = headers;
    headers.headers = (char *)"{\"X-Ref\":\"7\"}";
    files.attachments = (char *)"[{\"filename\":\"a\",\"content\":\"aGk=\"}]";
    struct message *all[] = {&headers, &files};
    for (size_t i = 0; i < COUNT(all); i++) {
        struct wire_request r = built(all[i]);
        struct wire_request again = built(all[i]);
        struct err err = {0};
        assert_string_equal(buf_text(&r.body), buf_text(&again.body));
        struct json *root = json_parse(buf_text(&r.body), r.body.len, WIRE_MAX_BODY, &err);
        const struct json *content = json_get(root, "Content");
        const char *data = json_get_text(json_get(content, "Raw"), "Data");
        assert_null(json_get(content, "Simple"));
        assert_memory_equal(data, "RGF0ZTog", 8); /* "Date: " */
        assert_int_equal(strlen(data) % 4, 0);
        assert_string_equal(json_get_text(root, "FromEmailAddress"), "Shop <hello@shop.example>");
        json_free(root);
        wire_request_done(&r);
        wire_request_done(&again);
    }
}

static void what_it_cannot_take_is_refused(void **state) {
    (void)state;
    char many[1200] = "[\"c@y.com\"";
    while (strlen(many) < 50 * 10) {
        strcat(many, ",\"c@y.com\"");
    }
    strcat(many, "]");
    const struct {
        const char *from, *to, *cc, *reply_to, *tags, *code, *words;
    } cases[] = {
        {"ü@y.com", "a@y.com", NULL, NULL, NULL, "rejected:invalid_from", "from_email: "},
        {NULL, "ü@y.com", NULL, NULL, NULL, "rejected:invalid_to", "to_email: "},
        {NULL, "a@ü.com", "[\"b@ü.com\"]", NULL, NULL, "rejected:invalid_to", "xn--"},
        {NULL, "a@y.com", "[\"b@ü.com\"]", NULL, NULL, "rejected:invalid_cc", "cc: "},
        {NULL, "a@y.com", NULL, "[\"ü@y.com\"]", NULL, "rejected:invalid_reply_to", "reply_to: "},
        {NULL, "a@y.com", many, NULL, NULL, "rejected:too_many_recipients", "SES takes 50"},
        {NULL, "a@y.com", NULL, NULL, "{\"a b\":\"c\"}", "rejected:invalid_tags",
         "SES takes ASCII"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", cases[i].to);
        struct err err = {0};
        char code[64];
        m.from = (char *)cases[i].from;
        m.cc = (char *)cases[i].cc;
        m.reply_to = (char *)cases[i].reply_to;
        m.tags = (char *)cases[i].tags;
        assert_false(ses()->accepts(&m, code, &err));
        assert_string_equal(code, cases[i].code);
        assert_non_null(strstr(err.text, cases[i].words));
    }
}

static void configuration_is_checked(void **state) {
    (void)state;
    struct settings s = aws;
    struct err err = {0};
    char url[512];
    assert_true(ses()->check(&s, &err));
    s.aws_access_key_id = "";
    assert_false(ses()->check(&s, &err));
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
    s = aws;
    s.aws_secret_access_key = "";
    assert_false(ses()->check(&s, &err));
    assert_non_null(strstr(err.text, "AWS_SECRET_ACCESS_KEY"));
    static const char *const regions[] = {"", "eu west", "x.evil.example/", "EU-WEST-1"};
    for (size_t i = 0; i < COUNT(regions); i++) {
        s = aws;
        s.aws_region = regions[i];
        assert_false(ses()->check(&s, &err));
        assert_non_null(strstr(err.text, "AWS_REGION"));
    }
    s = aws;
    s.aws_session_token = "a b";
    assert_false(ses()->check(&s, &err));
    assert_non_null(strstr(err.text, "AWS_SESSION_TOKEN"));
    s.aws_region = "cn-north-1";
    ses()->base_url(&s, url);
    assert_string_equal(url, "https://email.cn-north-1.amazonaws.com.cn");
    s.aws_endpoint_url_sesv2 = "http://127.0.0.1:9/aws";
    ses()->base_url(&s, url);
    assert_string_equal(url, "http://127.0.0.1:9/aws");
}

/* --- answers --------------------------------------------------------------------------------- */

#define MESSAGE(text) "{\"message\":\"" text "\"}"
#define KIND(name) "x-amzn-errortype: " name "\n"
#define UNVERIFIED                                                                                 \
    "Email address is not verified. The following identities failed the check in region "          \
    "EU-WEST-1: "

static const struct {
    int status;
    const char *headers, *body;
    enum outcome_kind kind;
    const char *code, *reason;
    enum lane_fault fault;
} answers[] = {
    {200, "", "{\"MessageId\":\"0102-a\"}", OUTCOME_SENT, "", "", LANE_OK},
    {200, "", "", OUTCOME_SENT, "", "", LANE_OK},
    {200, "", "<html>", OUTCOME_SENT, "", "", LANE_OK},
    {400, KIND("MessageRejected:http://x/"), MESSAGE("virus"), OUTCOME_REJECTED, "rejected:refused",
     "400 MessageRejected: virus", LANE_OK},
    {400, "", "{\"__type\":\"com.amazonaws#BadRequestException\",\"Message\":\"bad\"}",
     OUTCOME_REJECTED, "rejected:bad_request", "400 BadRequestException: bad", LANE_OK},
    {400, KIND("MessageRejected"), MESSAGE(UNVERIFIED "hello@shop.example"), OUTCOME_RELEASE,
     "provider:400", "400 MessageRejected: ", LANE_SENDER},
    {400, KIND("MessageRejected"), MESSAGE(UNVERIFIED "b@y.com"), OUTCOME_REJECTED,
     "rejected:refused", "400 MessageRejected: ", LANE_OK},
    {400, KIND("MailFromDomainNotVerifiedException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:400",
     "400 MailFrom", LANE_SENDER},
    {400, KIND("AccountSuspendedException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:400",
     "400 Account", LANE_SUSPENDED},
    {400, KIND("SendingPausedException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:400", "400 Send",
     LANE_SUSPENDED},
    {429, KIND("TooManyRequestsException"), MESSAGE("Maximum sending rate exceeded."),
     OUTCOME_RELEASE, "provider:429", "429 TooMany", LANE_RATE},
    {400, KIND("Throttling"), MESSAGE("Rate exceeded"), OUTCOME_RELEASE, "provider:400",
     "400 Throttling: Rate exceeded", LANE_RATE},
    {400, KIND("LimitExceededException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:400",
     "400 Limit", LANE_RATE},
    {429, KIND("TooManyRequestsException"), MESSAGE("Daily message quota exceeded."),
     OUTCOME_RELEASE, "provider:429", "429 TooMany", LANE_DAILY},
    {400, KIND("Throttling"), MESSAGE("Daily message quota exceeded"), OUTCOME_RELEASE,
     "provider:400", "400 Throttling", LANE_DAILY},
    {429, "", "", OUTCOME_RELEASE, "provider:429", "429: not an answer of SES's own", LANE_RATE},
    {403, KIND("SignatureDoesNotMatch"), MESSAGE("x"), OUTCOME_RELEASE, "provider:403", "403 Sign",
     LANE_KEY},
    {403, KIND("InvalidSignatureException"), MESSAGE("Signature expired"), OUTCOME_RELEASE,
     "provider:403", "403 Invalid", LANE_KEY},
    {403, KIND("UnrecognizedClientException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:403",
     "403 Unrec", LANE_KEY},
    {403, KIND("ExpiredTokenException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:403", "403 Exp",
     LANE_KEY},
    {403, KIND("AccessDeniedException"), "{\"Message\":\"no\"}", OUTCOME_RELEASE, "provider:403",
     "403 AccessDeniedException: no", LANE_KEY},
    {403, "", "<html>", OUTCOME_RELEASE, "provider:403", "403: not", LANE_KEY},
    {404, KIND("NotFoundException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:404", "404 NotFound",
     LANE_KEY},
    {413, "", "", OUTCOME_REJECTED, "rejected:too_big", "413: not", LANE_OK},
    {500, KIND("InternalServiceErrorException"), MESSAGE("x"), OUTCOME_RETRY, "provider:500",
     "500 Internal", LANE_DOWN},
    {503, KIND("ServiceUnavailable"), MESSAGE("x"), OUTCOME_RETRY, "provider:503", "503 Service",
     LANE_DOWN},
    {503, KIND("ThrottlingException"), MESSAGE("x"), OUTCOME_RELEASE, "provider:503", "503 Thr",
     LANE_RATE},
    {500, "", "<html>", OUTCOME_UNCERTAIN, "provider:500", "500: not", LANE_DOWN},
    {502, KIND("InternalServiceErrorException"), MESSAGE("x"), OUTCOME_UNCERTAIN, "provider:502",
     "502 ", LANE_DOWN},
    {504, "", "", OUTCOME_UNCERTAIN, "provider:504", "504: not", LANE_DOWN},
    {302, "", "", OUTCOME_RELEASE, "provider:302", "302: not", LANE_KEY},
};

static void each_answer_means_one_thing(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct message m = mail("1", "b@y.com");
        struct manifest one = manifest_for(&m);
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(answers[i].status, answers[i].body, answers[i].headers);
        memset(&o, 0xaa, sizeof o);
        ses()->read(&got, &one, &r);
        if (o.kind != answers[i].kind || r.lane.fault != answers[i].fault ||
            !str_eq(o.code, answers[i].code) || !str_starts(o.reason, answers[i].reason)) {
            fail_msg("%zu: %d, %d, \"%s\", \"%s\"", i, (int)o.kind, (int)r.lane.fault, o.code,
                     o.reason);
        }
        assert_int_equal(r.definite, o.kind != OUTCOME_UNCERTAIN);
        assert_false(r.split);
        one.attempts = 2; /* nothing else tells what became of an earlier one */
        ses()->read(&got, &one, &r);
        assert_int_equal(o.kind,
                         answers[i].kind == OUTCOME_SENT ? OUTCOME_SENT : OUTCOME_UNCERTAIN);
        wire_response_done(&got);
    }
}

static void the_id_is_kept(void **state) {
    (void)state;
    struct message m = mail("1", "b@y.com");
    struct manifest one = manifest_for(&m);
    struct outcome o;
    struct reading r = {.outcomes = &o};
    struct wire_response got = answer(200, "{\"MessageId\":\"0102018f-abc-000000\"}", "");
    ses()->read(&got, &one, &r);
    assert_string_equal(o.provider_id, "0102018f-abc-000000");
    assert_string_equal(r.answer, "{\"MessageId\":\"0102018f-abc-000000\"}");
    wire_response_done(&got);
}

static void a_row_s_own_sender_is_its_fault(void **state) {
    (void)state;
    struct message m = mail("1", "b@y.com");
    m.from = (char *)"Me <me@other.example>";
    struct manifest one = manifest_for(&m);
    struct outcome o;
    struct reading r = {.outcomes = &o};
    struct wire_response got =
        answer(400, MESSAGE(UNVERIFIED "ME@other.example"), KIND("MessageRejected"));
    ses()->read(&got, &one, &r);
    assert_int_equal(o.kind, OUTCOME_REJECTED);
    assert_string_equal(o.code, "rejected:sender_not_verified");
    assert_int_equal(r.lane.fault, LANE_OK);
    wire_response_done(&got);
}

static void no_answer_is_uncertain_or_not_sent(void **state) {
    (void)state;
    static const struct {
        enum wire_end end;
        enum outcome_kind kind;
    } cases[] = {{WIRE_NOT_SENT, OUTCOME_RELEASE},
                 {WIRE_LOST, OUTCOME_UNCERTAIN},
                 {WIRE_TIMED_OUT, OUTCOME_UNCERTAIN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "b@y.com");
        struct manifest one = manifest_for(&m);
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(0, "", "");
        got.end = cases[i].end;
        ses()->read(&got, &one, &r);
        assert_int_equal(o.kind, cases[i].kind);
        wire_response_done(&got);
    }
}

/* --- GetAccount ------------------------------------------------------------------------------ */

static void limits_are_asked_for(void **state) {
    (void)state;
    struct wire_request r;
    struct err err = {0};
    assert_true(ses()->ask_limits(&aws, &r, &err));
    assert_string_equal(r.url, "https://email.eu-west-1.amazonaws.com/v2/email/account");
    assert_true(r.get);
    assert_true(ses()->sign(&aws, INT64_C(1795676430000000), &r, &err));
    assert_non_null(strstr(header(&r, "Authorization"),
                           "AKIDEXAMPLE/20261126/eu-west-1/ses/aws4_request, "
                           "SignedHeaders=host;x-amz-date, "));
    wire_request_done(&r);
}

static void limits_are_read(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        bool told;
        double rate;
        int64_t limit, used;
    } cases[] = {
        {200,
         "{\"SendQuota\":{\"Max24HourSend\":200.0,\"MaxSendRate\":1.0,\"SentLast24Hours\":7.0}}",
         true, 1, 200, 7},
        {200, "{\"SendQuota\":{\"Max24HourSend\":-1,\"MaxSendRate\":14}}", true, 14, 0, -1},
        {200, "{\"SendQuota\":{\"Max24HourSend\":1e300,\"MaxSendRate\":-1}}", true, 0, 0, -1},
        {200, "{}", false, 0, 0, -1},
        {200, "<html>", false, 0, 0, -1},
        {403, "{\"__type\":\"AccessDeniedException\"}", false, 0, 0, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct lane_news news;
        struct err err = {0};
        struct wire_response got = answer(cases[i].status, cases[i].body, "");
        assert_int_equal(ses()->read_limits(&got, &news, &err), cases[i].told);
        assert_true(news.rate == cases[i].rate);
        assert_int_equal(news.daily_limit, cases[i].limit);
        assert_int_equal(news.daily_used, cases[i].used);
        assert_int_equal(news.fault, LANE_OK);
        assert_true(cases[i].told || strstr(err.text, "ses:GetAccount"));
        wire_response_done(&got);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_mail_is_simple_content),
        cmocka_unit_test(names_are_on_one_line),
        cmocka_unit_test(headers_and_files_make_it_raw),
        cmocka_unit_test(what_it_cannot_take_is_refused),
        cmocka_unit_test(configuration_is_checked),
        cmocka_unit_test(each_answer_means_one_thing),
        cmocka_unit_test(the_id_is_kept),
        cmocka_unit_test(a_row_s_own_sender_is_its_fault),
        cmocka_unit_test(no_answer_is_uncertain_or_not_sent),
        cmocka_unit_test(limits_are_asked_for),
        cmocka_unit_test(limits_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
