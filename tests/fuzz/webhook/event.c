/* Whatever a signed body holds, what is read of it is whole: texts are one clean line, addresses
 * are addresses, marks belong to their events. And whatever an SNS envelope holds, only Amazon's
 * URLs are ever asked for.
 *
 * A seed is a letter and the body: 'r' Resend, 's' SendGrid, 'm' the message inside an SNS
 * envelope, 'e' the envelope itself. */
#include "core/message.h"
#include "webhook/webhook.h"

#include "fuzz/fuzz.h"

#define TOPIC "arn:aws:sns:eu-west-1:123456789012:mail-events"

static const char *no_header(const void *self, const char *name) {
    (void)self;
    (void)name;
    return NULL;
}

static void check_event(const struct delivery_event *e) {
    CHECK_TEXT(e->event_id);
    CHECK_TEXT(e->message_id);
    CHECK_TEXT(e->provider_id);
    CHECK_TEXT(e->recipient);
    CHECK_TEXT(e->detail);
    CHECK(e->event_id[0] != '\0');
    CHECK(e->at_us >= 0);
    CHECK(delivery_kind_name(e->kind) != NULL);
    CHECK((e->kind == DELIVERY_BOUNCED) == (e->bounce != BOUNCE_NONE));
    CHECK(str_is_clean(e->detail) && str_is_clean(e->recipient) && str_is_clean(e->provider_id));
}

static void check_mark(const struct delivery_news *n, const struct delivery_mark *m) {
    char address[321];
    struct err err;
    CHECK(m->event >= 0 && m->event < n->count);
    CHECK(mailbox_check(m->email, address, &err) && str_eq(address, m->email));
    enum delivery_kind kind = n->events[m->event].kind;
    CHECK(kind != DELIVERY_ACCEPTED && kind != DELIVERY_DELIVERED && kind != DELIVERY_DELAYED);
    CHECK(m->marketing == str_starts(m->reason, "unsubscribed"));
    CHECK(m->lifts == (kind == DELIVERY_RESUBSCRIBED) && (!m->lifts || strchr(m->reason, '(')));
    CHECK_TEXT(m->reason);
}

static void check_news(struct delivery_news *n) {
    for (int i = 0; n && i < n->count; i++)
        check_event(&n->events[i]);
    for (int i = 0; n && i < n->mark_count; i++)
        check_mark(n, &n->marks[i]);
    delivery_drop(n);
}

static void check_message(const struct webhook_request *r) {
    struct json_writer w;
    struct buf text;
    struct err err;
    struct sns m = {.type = SNS_NOTIFICATION};
    buf_init(&text, 8 * WEBHOOK_BODY_MAX);
    jw_init(&w, &text);
    jw_object(&w);
    jw_kv_text(&w, "Message", r->body);
    jw_object_end(&w);
    m.envelope = json_parse(buf_text(&text), text.len, WEBHOOK_BODY_MAX, &err);
    if (m.envelope)
        check_news(webhook_ses_read(&m, &err));
    sns_done(&m);
    buf_free(&text);
}

static void check_envelope(const struct webhook_request *r) {
    struct sns m;
    const char *why;
    if (sns_open(&m, TOPIC, r, &why)) {
        CHECK(str_eq(m.topic, TOPIC));
        CHECK(str_starts(m.certificate_url, "https://sns."));
        CHECK(m.type != SNS_SUBSCRIBE || str_starts(m.subscribe_url, "https://sns."));
    } else {
        CHECK(why != NULL);
    }
    sns_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    struct err err;
    unsigned char what = seed_byte(&in);
    char *body = mem_alloc(in.left + 1);
    CHECK(body);
    memcpy(body, in.data, in.left);
    struct webhook_request r = {.body = body, .body_len = in.left, .header = no_header};
    if (what == 'r')
        check_news(webhook_resend_read(&r, &err));
    else if (what == 's')
        check_news(webhook_sendgrid_read(&r, &err));
    else if (what == 'm')
        check_message(&r);
    else
        check_envelope(&r);
    mem_free(body);
    return 0;
}
