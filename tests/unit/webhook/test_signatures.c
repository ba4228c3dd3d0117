/* Who made it: the vectors that Svix and SendGrid publish, SNS messages signed by openssl, and each
 * of them with something changed. */
#include "unit/webhook/request.h"

/* --- Svix: the vector of its own libraries -----------------------------------------------------
 */

#define SVIX_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SVIX_BODY "{\"test\": 2432232314}"
#define SVIX_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define SVIX_TIME 1614265330

static bool svix(const char *secret, const char *signature, const char *body, int64_t now_s) {
    headers[0] = (struct header){"svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"};
    headers[1] = (struct header){"svix-timestamp", "1614265330"};
    headers[2] = (struct header){"svix-signature", signature};
    struct webhook_request r = request(body, now_s);
    return webhook_svix_holds(secret, &r, &why);
}

static void svix_vector(void **state) {
    (void)state;
    assert_true(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
    assert_true(svix(&SVIX_SECRET[6], SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
    headers[0].name = "webhook-id";
    headers[1].name = "webhook-timestamp";
    headers[2].name = "webhook-signature";
    struct webhook_request r = request(SVIX_BODY, SVIX_TIME);
    assert_true(webhook_svix_holds(SVIX_SECRET, &r, &why));
}

static void svix_time(void **state) {
    (void)state;
    assert_true(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME + 299));
    assert_true(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME - 299));
    assert_false(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME + 301));
    assert_false(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME - 301));
}

static void svix_lists(void **state) {
    (void)state;
    static const char *const good[] = {"v1,AAAA " SVIX_SIGNATURE, "v1a,x  " SVIX_SIGNATURE " v2,y",
                                       SVIX_SIGNATURE " v1,AAAA"};
    static const char *const bad[] = {"",
                                      "v1,",
                                      "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                                      "v1,AAAA",
                                      "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                                      SVIX_SIGNATURE "A",
                                      "   "};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(svix(SVIX_SECRET, good[i], SVIX_BODY, SVIX_TIME));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(svix(SVIX_SECRET, bad[i], SVIX_BODY, SVIX_TIME));
    /* secrets that take turns */
    assert_true(svix("whsec_YW5vdGhlcg==, " SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
    assert_false(svix("whsec_YW5vdGhlcg==", SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
    assert_false(svix("", SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
}

static void svix_changed(void **state) {
    (void)state;
    assert_false(svix(SVIX_SECRET, SVIX_SIGNATURE, "{\"test\":2432232314}", SVIX_TIME));
    assert_false(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY "\n", SVIX_TIME));
    assert_false(svix(SVIX_SECRET, SVIX_SIGNATURE, "", SVIX_TIME));
    for (int i = 0; i < 3; i++) { /* each header is needed, and part of what is signed */
        struct webhook_request r = request(SVIX_BODY, SVIX_TIME);
        assert_true(svix(SVIX_SECRET, SVIX_SIGNATURE, SVIX_BODY, SVIX_TIME));
        headers[i].name = "x-another";
        assert_false(webhook_svix_holds(SVIX_SECRET, &r, &why));
        headers[i] = (struct header){i == 0   ? "svix-id"
                                     : i == 1 ? "svix-timestamp"
                                              : "svix-signature",
                                     "1614265331"};
        assert_false(webhook_svix_holds(SVIX_SECRET, &r, &why));
    }
}

/* --- SendGrid: the vector of its own libraries -------------------------------------------------
 */

#define SG_KEY                                                                                     \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+" \
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define SG_SIGNATURE                                                                               \
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE" \
    "ZtM="

static bool sendgrid(const char *keys, const char *signature, const char *stamp, const char *body) {
    headers[0] = (struct header){"X-Twilio-Email-Event-Webhook-Signature", signature};
    headers[1] = (struct header){"X-Twilio-Email-Event-Webhook-Timestamp", stamp};
    struct webhook_request r = request(body, SVIX_TIME);
    return webhook_sendgrid_holds(keys, &r, &why);
}

static void sendgrid_vector(void **state) {
    (void)state;
    char *body = fixture("sendgrid_vector.json");
    assert_int_equal(strlen(body), 327);
    assert_true(sendgrid(SG_KEY, SG_SIGNATURE, "1600112502", body));
    assert_true(sendgrid("AAAA, " SG_KEY, SG_SIGNATURE, "1600112502", body));
    assert_false(sendgrid(SG_KEY, SG_SIGNATURE, "1600112503", body));
    assert_false(sendgrid("AAAA", SG_SIGNATURE, "1600112502", body));
    assert_false(sendgrid(SG_KEY, "AAAA", "1600112502", body));
    assert_false(sendgrid(SG_KEY, "no base64", "1600112502", body));
    assert_false(sendgrid(SG_KEY, "", "1600112502", body));
    assert_false(sendgrid(SG_KEY, NULL, "1600112502", body));
    assert_false(sendgrid(SG_KEY, SG_SIGNATURE, NULL, body));
    body[326] = '\0'; /* its line end is signed, too */
    assert_false(sendgrid(SG_KEY, SG_SIGNATURE, "1600112502", body));
    mem_free(body);
}

/* --- SNS ---------------------------------------------------------------------------------------
 */

#define TOPIC "arn:aws:sns:eu-west-1:123456789012:mail-events"

static struct signature_key *certificate(const char *name) {
    char *pem = fixture(name);
    struct signature_key *key = signature_key_certificate(pem, strlen(pem), &err);
    mem_free(pem);
    assert_non_null(key);
    return key;
}

static bool sns(const char *body, const char *topics, const struct signature_key *key) {
    struct webhook_request r = request(body, SVIX_TIME);
    struct sns m;
    bool holds = sns_open(&m, topics, &r, &why) && sns_holds(&m, key, &why);
    sns_done(&m);
    return holds;
}

static void sns_both_versions(void **state) {
    (void)state;
    struct signature_key *key = certificate("sns.crt"), *other = certificate("other.crt");
    static const char *const names[] = {"sns_v1.json", "sns_v2.json", "sns_subscribe.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *body = fixture(names[i]);
        assert_true(sns(body, TOPIC, key));
        assert_true(sns(body, "arn:aws:sns:x:1:other, " TOPIC, key));
        assert_false(sns(body, TOPIC, other));
        assert_false(sns(body, TOPIC "-2", key));
        assert_false(sns(body, "arn:aws:sns:eu-west-1:123456789012:mail", key));
        assert_false(sns(body, "", key));
        mem_free(body);
    }
    signature_key_free(key);
    signature_key_free(other);
}

/* Every member that is signed, a letter of it changed; and the envelope's own. */
static void sns_changed(void **state) {
    (void)state;
    struct signature_key *key = certificate("sns.crt");
    static const char *const members[] = {
        "\"Type\": \"",      "\"MessageId\": \"",        "\"Message\": \"",
        "\"Timestamp\": \"", "\"Subject\": \"",          "\"TopicArn\": \"",
        "\"Signature\": \"", "\"SignatureVersion\": \"", "\"SigningCertURL\": \"https"};
    char *body = fixture("sns_v1.json");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char *at = strstr(body, members[i]);
        assert_non_null(at);
        at += strlen(members[i]) + (members[i][strlen(members[i]) - 1] == '"' ? 0 : 3);
        char was = *at;
        *at = was == 'A' ? 'B' : 'A';
        assert_false(sns(body, TOPIC, key));
        *at = was;
    }
    assert_true(sns(body, TOPIC, key));
    mem_free(body);
    signature_key_free(key);
}

static void sns_hosts(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } cases[] = {
        {"https://sns.us-east-1.amazonaws.com/a.pem", true},
        {"https://sns.cn-north-1.amazonaws.com.cn/a/b.pem", true},
        {"http://sns.us-east-1.amazonaws.com/a.pem", false},
        {"https://sns.us-east-1.amazonaws.com/a.crt", false},
        {"https://sns.us-east-1.amazonaws.com/a?.pem", false},
        {"https://sns.us-east-1.amazonaws.com/a#.pem", false},
        {"https://sns.us-east-1.amazonaws.com:8443/a.pem", false},
        {"https://sns.us-east-1.amazonaws.com@evil.example/a.pem", false},
        {"https://evil.example/sns.us-east-1.amazonaws.com/a.pem", false},
        {"https://sns.us-east-1.amazonaws.com.evil.example/a.pem", false},
        {"https://sns.evil.example\\\\.amazonaws.com/a.pem", false},
        {"https://sns.a.b.amazonaws.com/a.pem", false},
        {"https://sns.x.amazonaws.com/a.pem", false},
        {"https://sns..amazonaws.com/a.pem", false},
        {"https://xsns.us-east-1.amazonaws.com/a.pem", false},
        {"https://s3.amazonaws.com/sns.us-east-1.amazonaws.com/a.pem", false},
        {"https://sns.us-east-1.amazonaws.com", false},
        {"file:///etc/passwd.pem", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[1000];
        struct sns m;
        str_format(body, sizeof body,
                   "{\"Type\":\"Notification\",\"TopicArn\":\"" TOPIC
                   "\",\"Signature\":\"AAAA\",\"SigningCertURL\":\"%s\"}",
                   cases[i].url);
        struct webhook_request r = request(body, SVIX_TIME);
        assert_int_equal(sns_open(&m, TOPIC, &r, &why), cases[i].good);
        sns_done(&m);
        str_format(body, sizeof body,
                   "{\"Type\":\"SubscriptionConfirmation\",\"TopicArn\":\"" TOPIC
                   "\",\"Signature\":\"AAAA\",\"SubscribeURL\":\"%s\",\"SigningCertURL\":"
                   "\"https://sns.us-east-1.amazonaws.com/a.pem\"}",
                   cases[i].url);
        r = request(body, SVIX_TIME);
        bool opened = sns_open(&m, TOPIC, &r, &why);
        assert_true(opened || !cases[i].good);
        assert_true(!opened || str_starts(m.subscribe_url, "https://sns."));
        sns_done(&m);
    }
}

static void sns_that_is_none(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"Type\":1}",
        "{\"Type\":\"Notification\",\"TopicArn\":\"" TOPIC "\"}",
        "{\"notificationType\":\"Bounce\",\"mail\":{\"messageId\":\"x\"}}",
        "{\"Type\":\"Other\",\"TopicArn\":\"" TOPIC "\",\"Signature\":\"AAAA\",\"SigningCertURL\":"
        "\"https://sns.us-east-1.amazonaws.com/a.pem\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct webhook_request r = request(bodies[i], SVIX_TIME);
        struct sns m;
        assert_false(sns_open(&m, TOPIC, &r, &why));
        sns_done(&m);
    }
    headers[0] = (struct header){"x-amz-sns-topic-arn", "arn:aws:sns:x:1:other"};
    struct webhook_request r = request("{", SVIX_TIME);
    struct sns m;
    assert_false(sns_open(&m, TOPIC, &r, &why));
    assert_non_null(strstr(why, "topic"));
    sns_done(&m);
}

/* --- the form of what is configured ------------------------------------------------------------
 */

static void settings_are_checked(void **state) {
    (void)state;
    struct settings s = {.resend_webhook_secret = SVIX_SECRET " " SVIX_SECRET,
                         .sendgrid_webhook_public_key = SG_KEY,
                         .ses_topic_arn = TOPIC "," TOPIC};
    assert_true(webhook_check_settings(&s, &err));
    s.resend_webhook_secret = "whsec_not base64!";
    assert_false(webhook_check_settings(&s, &err));
    assert_non_null(strstr(err.text, "resend_webhook_secret: allowed is"));
    assert_null(strstr(err.text, "base64!"));
    s.resend_webhook_secret = "";
    s.sendgrid_webhook_public_key = "-----BEGIN";
    assert_false(webhook_check_settings(&s, &err));
    s.sendgrid_webhook_public_key = "";
    s.ses_topic_arn = "mail-events";
    assert_false(webhook_check_settings(&s, &err));
    assert_int_equal(err.code, ERR_USAGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, no_headers, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(svix_vector),          TEST(svix_time),       TEST(svix_lists),
        TEST(svix_changed),         TEST(sendgrid_vector), TEST(sns_both_versions),
        TEST(sns_changed),          TEST(sns_hosts),       TEST(sns_that_is_none),
        TEST(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
