/* What it tells: each provider's events, as documented and as nobody should send them. */
#include "unit/webhook/request.h"

static struct delivery_news *news;

static const struct delivery_event *resend(const char *body) {
    struct webhook_request r = request(body, 0);
    delivery_drop(news);
    news = webhook_resend_read(&r, &err);
    assert_non_null(news);
    return news->events;
}

static const struct delivery_event *sendgrid(const char *body) {
    struct webhook_request r = request(body, 0);
    delivery_drop(news);
    news = webhook_sendgrid_read(&r, &err);
    assert_non_null(news);
    return news->events;
}

/* The envelope's signature is another test's. */
static const struct delivery_event *ses(const char *message) {
    struct buf body;
    struct json_writer w;
    struct sns m = {.type = SNS_NOTIFICATION};
    buf_init(&body, 64 * 1024);
    jw_init(&w, &body);
    jw_object(&w);
    jw_kv_text(&w, "MessageId", "sns-1");
    jw_kv_text(&w, "Timestamp", "2026-11-26T08:00:00.000Z");
    jw_kv_text(&w, "Message", message);
    jw_object_end(&w);
    m.envelope = json_parse(buf_text(&body), body.len, WEBHOOK_BODY_MAX, &err);
    delivery_drop(news);
    news = webhook_ses_read(&m, &err);
    assert_non_null(news);
    sns_done(&m);
    buf_free(&body);
    return news->events;
}

static int drop_news(void **state) {
    delivery_drop(news);
    news = NULL;
    return nothing_left(state);
}

#define AT_US INT64_C(1764144000123456) /* 2025-11-26T08:00:00.123456Z */

/* --- Resend ------------------------------------------------------------------------------------
 */

#define RESEND(type, more)                                                                         \
    "{\"type\":\"" type "\",\"created_at\":\"2025-11-26 08:00:00.123456+00\",\"data\":{"           \
    "\"email_id\":\"e-1\",\"to\":[\"Bob "                                                          \
    "<Bob@Mail.Example>\"],\"tags\":{\"postroom_id\":\"m-1\"}" more "}}"

static void resend_bounce(void **state) {
    (void)state;
    headers[0] = (struct header){"svix-id", "msg_1"};
    const struct delivery_event *e = resend(
        RESEND("email.bounced", ",\"bounce\":{\"type\":\"Permanent\",\"subType\":\"General\","
                                "\"message\":\"m\",\"diagnosticCode\":[\"smtp; 550 5.1.1 x\"]}"));
    assert_int_equal(news->count, 1);
    assert_string_equal(e->event_id, "msg_1");
    assert_string_equal(e->message_id, "m-1");
    assert_string_equal(e->provider_id, "e-1");
    assert_int_equal(e->kind, DELIVERY_BOUNCED);
    assert_int_equal(e->bounce, BOUNCE_PERMANENT);
    assert_int_equal(e->at_us, AT_US);
    assert_string_equal(e->detail, "General: smtp; 550 5.1.1 x");
    assert_int_equal(news->mark_count, 1);
    assert_string_equal(news->marks[0].email, "Bob@Mail.Example");
    assert_string_equal(news->marks[0].reason, "bounced");
    assert_true(news->marks[0].of_the_mail);
    assert_false(news->marks[0].marketing);
}

static void resend_does_not_suppress(void **state) {
    (void)state;
    static const char *const bodies[] = {
        RESEND("email.bounced", ",\"bounce\":{\"type\":\"Transient\"}"),
        RESEND("email.bounced", ",\"bounce\":{\"type\":\"Undetermined\"}"),
        RESEND("email.bounced", ",\"bounce\":{\"message\":\"old form\"}"),
        RESEND("email.bounced", ""),
        RESEND("email.bounced", ",\"bounce\":[]"),
        RESEND("email.bounced",
               ",\"bounce\":{\"type\":\"Permanent\",\"diagnosticCode\":[\"smtp; 550 5.7.26 x\"]}"),
        RESEND("email.delivered", ""),
        RESEND("email.failed", ",\"failed\":{\"reason\":\"reached_daily_quota\"}"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        resend(bodies[i]);
        assert_int_equal(news->count, 1);
        assert_int_equal(news->mark_count, 0);
    }
}

static void resend_kinds(void **state) {
    (void)state;
    assert_int_equal(resend(RESEND("email.sent", ""))->kind, DELIVERY_ACCEPTED);
    assert_int_equal(resend(RESEND("email.delivery_delayed", ""))->kind, DELIVERY_DELAYED);
    assert_int_equal(resend(RESEND("email.complained", ""))->kind, DELIVERY_COMPLAINED);
    assert_string_equal(news->marks[0].reason, "complained");
    assert_int_equal(
        resend(RESEND("email.suppressed", ",\"suppressed\":{\"reason\":\"previous_bounce\"}"))
            ->kind,
        DELIVERY_FAILED);
    assert_string_equal(news->marks[0].reason, "suppressed");
    assert_string_equal(news->events[0].detail, "previous_bounce");
    resend(RESEND("email.opened", ""));
    assert_int_equal(news->count, 0);
    assert_int_equal(news->ignored, 1);
}

static void ids_as_tags(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"plain-id_1", "plain-id_1"},
        {"hex-612f62", "a/b"},
        {"hex-6", ""},
        {"hex-", ""},
        {"hex-zz", ""},
        {"hex-00", ""},
        {"hex-ff", ""},
        {"hex-c3a9", "\xc3\xa9"},
    };
    char body[300];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        str_format(body, sizeof body,
                   "{\"type\":\"email.sent\",\"data\":{\"tags\":{\"postroom_id\":\"%s\"}}}",
                   cases[i][0]);
        assert_string_equal(resend(body)->message_id, cases[i][1]);
    }
}

/* Without an id of its own an event is told by its bytes. */
static void an_event_without_id(void **state) {
    (void)state;
    char first[DELIVERY_ID_MAX];
    assert_true(str_starts(resend(RESEND("email.sent", ""))->event_id, "sha256:"));
    str_copy(first, sizeof first, news->events[0].event_id);
    assert_string_equal(resend(RESEND("email.sent", ""))->event_id, first);
    assert_string_not_equal(resend(RESEND("email.delivered", ""))->event_id, first);
}

/* --- SendGrid ----------------------------------------------------------------------------------
 */

static void sendgrid_vector(void **state) {
    (void)state;
    char *body = fixture("sendgrid_vector.json");
    const struct delivery_event *e = sendgrid(body);
    mem_free(body);
    assert_int_equal(e->kind, DELIVERY_FAILED);
    assert_string_equal(e->event_id, "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA");
    assert_string_equal(e->provider_id, "LRzXl_NHStOGhQ4kofSm_A");
    assert_string_equal(e->message_id, "");
    assert_string_equal(e->recipient, "hello@world.com");
    assert_string_equal(e->detail, "Bounced Address");
    assert_int_equal(e->at_us, INT64_C(1600112492) * USEC_PER_SEC);
    assert_string_equal(news->marks[0].email, "hello@world.com");
    assert_string_equal(news->marks[0].reason, "suppressed");
    assert_false(news->marks[0].of_the_mail);
}

static void sendgrid_kinds(void **state) {
    (void)state;
    static const struct {
        const char *members;
        enum delivery_kind kind;
        enum bounce_type bounce;
        const char *suppress;
    } cases[] = {
        {"\"event\":\"processed\"", DELIVERY_ACCEPTED, BOUNCE_NONE, NULL},
        {"\"event\":\"deferred\",\"response\":\"400 later\"", DELIVERY_DELAYED, BOUNCE_NONE, NULL},
        {"\"event\":\"delivered\"", DELIVERY_DELIVERED, BOUNCE_NONE, NULL},
        {"\"event\":\"bounce\",\"type\":\"bounce\",\"status\":\"5.1.1\"", DELIVERY_BOUNCED,
         BOUNCE_PERMANENT, "bounced"},
        {"\"event\":\"bounce\",\"type\":\"bounce\",\"reason\":\"550 5.7.1 no\"", DELIVERY_BOUNCED,
         BOUNCE_PERMANENT, NULL},
        {"\"event\":\"bounce\",\"type\":\"blocked\"", DELIVERY_BOUNCED, BOUNCE_TRANSIENT, NULL},
        {"\"event\":\"bounce\"", DELIVERY_BOUNCED, BOUNCE_UNDETERMINED, NULL},
        {"\"event\":\"dropped\",\"reason\":\"Unsubscribed Address\"", DELIVERY_FAILED, BOUNCE_NONE,
         "unsubscribed"},
        {"\"event\":\"dropped\",\"reason\":\"Spam Content\"", DELIVERY_FAILED, BOUNCE_NONE, NULL},
        {"\"event\":\"dropped\",\"reason\":7", DELIVERY_FAILED, BOUNCE_NONE, NULL},
        {"\"event\":\"spamreport\"", DELIVERY_COMPLAINED, BOUNCE_NONE, "complained"},
        {"\"event\":\"unsubscribe\",\"asm_group_id\":3", DELIVERY_UNSUBSCRIBED, BOUNCE_NONE,
         "unsubscribed"},
        {"\"event\":\"group_unsubscribe\",\"asm_group_id\":3", DELIVERY_UNSUBSCRIBED, BOUNCE_NONE,
         "unsubscribed (group 3)"},
        {"\"event\":\"group_unsubscribe\",\"asm_group_id\":\"x\"", DELIVERY_UNSUBSCRIBED,
         BOUNCE_NONE, "unsubscribed"},
        {"\"event\":\"group_resubscribe\",\"asm_group_id\":3", DELIVERY_RESUBSCRIBED, BOUNCE_NONE,
         "unsubscribed (group 3)"},
        {"\"event\":\"group_resubscribe\"", DELIVERY_RESUBSCRIBED, BOUNCE_NONE, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[500];
        str_format(
            body, sizeof body,
            "[{\"email\":\"a@b.example\",\"sg_event_id\":\"%zu\",\"postroom_id\":\"a/b\",%s}]", i,
            cases[i].members);
        const struct delivery_event *e = sendgrid(body);
        assert_int_equal(news->count, 1);
        assert_int_equal(e->kind, cases[i].kind);
        assert_int_equal(e->bounce, cases[i].bounce);
        assert_string_equal(e->message_id, "a/b");
        assert_int_equal(news->mark_count, cases[i].suppress != NULL);
        if (cases[i].suppress) {
            assert_string_equal(news->marks[0].reason, cases[i].suppress);
            assert_int_equal(news->marks[0].marketing,
                             str_starts(cases[i].suppress, "unsubscribed"));
            assert_int_equal(news->marks[0].lifts, e->kind == DELIVERY_RESUBSCRIBED);
        }
    }
}

static void sendgrid_lists(void **state) {
    (void)state;
    sendgrid("[{\"event\":\"open\"},{\"event\":\"delivered\",\"sg_event_id\":\"1\"},7,null,[],{},"
             "{\"event\":\"bounce\",\"sg_event_id\":{},\"email\":[],\"timestamp\":\"x\",\"type\":"
             "\"bounce\"},"
             "{\"event\":\"spamreport\",\"email\":\"not an address\"}]");
    assert_int_equal(news->count, 3);
    assert_int_equal(news->ignored, 5);
    assert_int_equal(news->mark_count, 0);
    assert_int_equal(news->events[1].at_us, 0);
    sendgrid("[]");
    assert_int_equal(news->count, 0);
    struct webhook_request r = request("{\"event\":\"bounce\"}", 0);
    assert_null(webhook_sendgrid_read(&r, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

/* --- SES ---------------------------------------------------------------------------------------
 */

#define MAIL "\"mail\":{\"messageId\":\"ses-1\",\"destination\":[\"a@b.example\"]"

static void ses_bounce_of_an_identity(void **state) {
    (void)state;
    char *body = fixture("sns_v1.json");
    struct webhook_request r = request(body, 0);
    struct sns m;
    assert_true(sns_open(&m, "arn:aws:sns:eu-west-1:123456789012:mail-events", &r, &why));
    news = webhook_ses_read(&m, &err);
    assert_non_null(news);
    const struct delivery_event *e = news->events;
    assert_int_equal(e->kind, DELIVERY_BOUNCED);
    assert_int_equal(e->bounce, BOUNCE_PERMANENT);
    assert_string_equal(e->event_id, "9f0b6d1c-0000-4000-8000-111111111111");
    assert_string_equal(e->provider_id, "0102-ses-id");
    assert_string_equal(e->message_id, "");
    assert_true(str_starts(e->detail, "General: smtp; 550 5.1.1 user unknown"));
    assert_string_equal(news->marks[0].email, "gone@mail.example");
    sns_done(&m);
    mem_free(body);
}

static void ses_kinds(void **state) {
    (void)state;
    const struct delivery_event *e =
        ses("{\"eventType\":\"Delivery\"," MAIL ",\"tags\":{\"postroom_id\":[\"hex-612f62\"]}},"
            "\"delivery\":{\"timestamp\":\"2025-11-26T08:00:00.123456Z\",\"smtpResponse\":\"250 "
            "OK\"}}");
    assert_int_equal(e->kind, DELIVERY_DELIVERED);
    assert_string_equal(e->message_id, "a/b");
    assert_string_equal(e->event_id, "sns-1");
    assert_int_equal(e->at_us, AT_US);
    e = ses("{\"eventType\":\"Send\"," MAIL ",\"headers\":[{\"name\":\"Message-ID\",\"value\":"
            "\"<postroom.a=2Fb@shop.example>\"}]},\"send\":{}}");
    assert_int_equal(e->kind, DELIVERY_ACCEPTED);
    assert_string_equal(e->message_id, "a/b");
    e = ses("{\"eventType\":\"DeliveryDelay\"," MAIL
            "},\"deliveryDelay\":{\"delayType\":\"MailboxFull\"}}");
    assert_int_equal(e->kind, DELIVERY_DELAYED);
    assert_string_equal(e->detail, "MailboxFull");
    e = ses("{\"eventType\":\"Rendering Failure\"," MAIL "},\"failure\":{\"errorMessage\":\"x\"}}");
    assert_int_equal(e->kind, DELIVERY_FAILED);
    e = ses("{\"eventType\":\"Reject\"," MAIL "},\"reject\":{\"reason\":\"Bad content\"}}");
    assert_int_equal(e->kind, DELIVERY_FAILED);
}

static void ses_complaints(void **state) {
    (void)state;
#define COMPLAINT(more)                                                                            \
    "{\"notificationType\":\"Complaint\"," MAIL                                                    \
    "},\"complaint\":{\"timestamp\":\"2025-11-26T08:00:00Z\"" more "}}"
    ses(COMPLAINT(",\"complainedRecipients\":[{\"emailAddress\":\"a@b.example\"}]"));
    assert_int_equal(news->mark_count, 1);
    assert_string_equal(news->marks[0].reason, "complained");
    /* one of these, nobody knows which */
    ses(COMPLAINT(",\"complainedRecipients\":[{\"emailAddress\":\"a@b.example\"},{\"emailAddress\":"
                  "\"c@b.example\"}]"));
    assert_int_equal(news->count, 1);
    assert_int_equal(news->mark_count, 0);
    ses(COMPLAINT(",\"complaintFeedbackType\":\"not-spam\",\"complainedRecipients\":[{"
                  "\"emailAddress\":\"a@b.example\"}]"));
    assert_int_equal(news->count, 0);
    ses("{\"notificationType\":\"Bounce\"," MAIL
        "},\"bounce\":{\"bounceType\":\"Transient\",\"bounceSubType\":\"General\","
        "\"bouncedRecipients\":[{\"emailAddress\":\"a@b.example\"}]}}");
    assert_int_equal(news->mark_count, 0);
    ses("{\"eventType\":\"Bounce\"," MAIL
        "},\"bounce\":{\"bounceType\":\"Permanent\",\"bounceSubType\":\"OnAccountSuppressionList\","
        "\"bouncedRecipients\":[{\"emailAddress\":\"a@b.example\"},{\"emailAddress\":\"c@b."
        "example\"}]}}");
    assert_int_equal(news->mark_count, 2);
    assert_string_equal(news->marks[1].reason, "suppressed");
}

static void ses_without_sense(void **state) {
    (void)state;
    static const char *const messages[] = {
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"eventType\":\"Bounce\"}",
        "{\"eventType\":\"Bounce\",\"mail\":[]}",
        "{\"eventType\":\"Open\"," MAIL "}}",
        "{\"eventType\":{}," MAIL "}}"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        ses(messages[i]);
        assert_int_equal(news->count, 0);
        assert_int_equal(news->ignored, 1);
    }
    ses("{\"eventType\":\"Bounce\"," MAIL
        "},\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":\"a@b.example\"}}");
    assert_int_equal(news->mark_count, 0);
    ses("{\"eventType\":\"Bounce\",\"mail\":{\"messageId\":[],\"destination\":{},\"tags\":7,"
        "\"headers\":\"x\"},"
        "\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[7,[],{\"emailAddress\":"
        "\"a\\u0007@b.example\"}]}}");
    assert_int_equal(news->mark_count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, no_headers, drop_news)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(resend_bounce),  TEST(resend_does_not_suppress), TEST(resend_kinds),
        TEST(ids_as_tags),    TEST(an_event_without_id),      TEST(sendgrid_vector),
        TEST(sendgrid_kinds), TEST(sendgrid_lists),           TEST(ses_bounce_of_an_identity),
        TEST(ses_kinds),      TEST(ses_complaints),           TEST(ses_without_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
