/* Resend's events: one to a request. Every member beside the type may be missing or of another
 * type: what cannot be read was not told. */
#include "webhook/internal.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *type;
    enum delivery_kind kind;
} kinds[] = {
    {"email.sent", DELIVERY_ACCEPTED},       {"email.scheduled", DELIVERY_ACCEPTED},
    {"email.delivered", DELIVERY_DELIVERED}, {"email.delivery_delayed", DELIVERY_DELAYED},
    {"email.bounced", DELIVERY_BOUNCED},     {"email.complained", DELIVERY_COMPLAINED},
    {"email.failed", DELIVERY_FAILED},       {"email.suppressed", DELIVERY_FAILED},
};

static const char *member(const struct json *data, const char *object, const char *key) {
    return json_get_text(json_get(data, object), key);
}

/* The receiving server's words: an array of texts, or one. */
static const char *diagnosis(const struct json *object) {
    const struct json *code = json_get(object, "diagnosticCode");
    return json_type(code) == JSON_ARRAY ? json_text(json_first(code)) : json_text(code);
}

static void read_bounce(struct delivery_event *e, const struct json *bounce) {
    const char *type = json_get_text(bounce, "type");
    e->bounce = type && strcasecmp(type, "Permanent") == 0   ? BOUNCE_PERMANENT
                : type && strcasecmp(type, "Transient") == 0 ? BOUNCE_TRANSIENT
                                                             : BOUNCE_UNDETERMINED;
    const char *words = diagnosis(bounce);
    add_detail(e, json_get_text(bounce, "subType"));
    add_detail(e, words ? words : json_get_text(bounce, "message"));
}

/* Older traffic tells of a suppressed address as of a bounce with a message alone. */
static const char *reason_to_suppress(const struct delivery_event *e, const struct json *data,
                                      bool suppressed) {
    if (suppressed)
        return "suppressed";
    if (e->kind == DELIVERY_COMPLAINED)
        return "complained";
    bool policy = is_policy(diagnosis(json_get(data, "bounce")));
    return e->bounce == BOUNCE_PERMANENT && !policy ? "bounced" : NULL;
}

/* All recipients of the mail; which of them it is about is not told. */
static bool mark_recipients(struct delivery_news *n, const struct json *to, const char *reason) {
    if (json_type(to) == JSON_STRING)
        return mark(n, json_text(to), reason, true);
    return json_size(to) != 1 || mark(n, json_text(json_first(to)), reason, true);
}

static void fill(struct delivery_event *e, const struct json *root, const struct json *data) {
    const struct json *to = json_get(data, "to"), *tags = json_get(data, "tags");
    const char *id = json_get_text(data, "email_id");
    e->at_us = read_time(json_get(root, "created_at"));
    read_tag(e->message_id, json_get_text(tags, "postroom_id"));
    str_copy_line(e->provider_id, sizeof e->provider_id, id ? id : "");
    const char *first = json_type(to) == JSON_STRING ? json_text(to) : json_text(json_first(to));
    str_copy_line(e->recipient, sizeof e->recipient, first ? first : "");
    if (e->kind == DELIVERY_BOUNCED)
        read_bounce(e, json_get(data, "bounce"));
    add_detail(e, member(data, "failed", "reason"));
    add_detail(e, member(data, "suppressed", "reason"));
    add_detail(e, member(data, "suppressed", "message"));
}

static bool read_event(struct delivery_news *n, const char *event_id, const struct json *root) {
    const char *type = json_get_text(root, "type");
    const struct json *data = json_get(root, "data");
    size_t k = 0;
    while (k < sizeof kinds / sizeof kinds[0] && !str_eq(kinds[k].type, type))
        k++;
    if (k == sizeof kinds / sizeof kinds[0] || json_type(data) != JSON_OBJECT) {
        n->ignored++;
        return true;
    }
    struct delivery_event *e = delivery_add(n);
    if (!e || !read_event_id(e->event_id, event_id, root))
        return false;
    e->kind = kinds[k].kind;
    fill(e, root, data);
    const char *reason = reason_to_suppress(e, data, str_eq(type, "email.suppressed"));
    return !reason || mark_recipients(n, json_get(data, "to"), reason);
}

struct delivery_news *webhook_resend_read(const struct webhook_request *r, struct err *err) {
    const char *id = r->header(r->self, "svix-id");
    struct json *root = json_parse(r->body, r->body_len, WEBHOOK_BODY_MAX, err);
    struct delivery_news *n = root ? delivery_new("resend", err) : NULL;
    if (n && !read_event(n, id ? id : r->header(r->self, "webhook-id"), root)) {
        err_nomem(err);
        delivery_drop(n);
        n = NULL;
    }
    json_free(root);
    return n;
}
