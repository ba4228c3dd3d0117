/* SendGrid's signed event webhook: an array of flat events, signed with a key on the curve P-256.
 * The mail's custom arguments (postroom_id) stand among an event's own members. */
#include "webhook/internal.h"

#include "base/base64.h"
#include "base/str.h"

#include <string.h>

#define KEY_MAX 512

/* --- who made it ------------------------------------------------------------------------------ */

static struct signature_key *decode_key(const char *text, size_t n) {
    struct buf der;
    struct err ignored;
    buf_init(&der, KEY_MAX);
    struct signature_key *key =
        base64_decode(&der, text, n) ? signature_key_der(buf_text(&der), der.len, &ignored) : NULL;
    buf_free(&der);
    return key;
}

static bool any_holds(const char *keys, const struct buf *signature, const struct buf *content) {
    bool found = false;
    for (size_t n; !found && (n = list_next(&keys)) > 0; keys += n) {
        struct signature_key *key = decode_key(keys, n);
        found = key && signature_holds(key, SIGNATURE_SHA256, buf_text(signature), signature->len,
                                       buf_text(content), content->len);
        signature_key_free(key);
    }
    return found;
}

bool webhook_sendgrid_holds(const char *keys, const struct webhook_request *r, const char **why) {
    const char *text = r->header(r->self, "x-twilio-email-event-webhook-signature");
    const char *stamp = r->header(r->self, "x-twilio-email-event-webhook-timestamp");
    struct buf signature, content;
    *why = "it is not signed: X-Twilio-Email-Event-Webhook-Signature and -Timestamp are asked for";
    if (!text || !stamp)
        return false;
    *why = "its signature is by no key of sendgrid_webhook_public_key";
    buf_init(&signature, KEY_MAX);
    buf_init(&content, WEBHOOK_BODY_MAX + 64 * 1024);
    buf_puts(&content, stamp);
    buf_add(&content, r->body, r->body_len);
    bool holds = base64_decode(&signature, text, strlen(text)) && !content.failed &&
                 any_holds(keys, &signature, &content);
    buf_free(&signature);
    buf_free(&content);
    return holds;
}

bool sendgrid_check_keys(const char *keys, struct err *err) {
    for (size_t n; (n = list_next(&keys)) > 0; keys += n) {
        struct signature_key *key = decode_key(keys, n);
        signature_key_free(key);
        if (!key)
            return err_set(err, ERR_USAGE,
                           "sendgrid_webhook_public_key: allowed is the verification key that "
                           "SendGrid shows beside the event webhook, base64 on one line; while "
                           "it is being changed, both with a comma between");
    }
    return true;
}

/* --- what it tells ---------------------------------------------------------------------------- */

static const struct {
    const char *event;
    enum delivery_kind kind;
    const char *suppress; /* why the address is, NULL: it is not */
} kinds[] = {
    {"processed", DELIVERY_ACCEPTED, NULL},
    {"deferred", DELIVERY_DELAYED, NULL},
    {"delivered", DELIVERY_DELIVERED, NULL},
    {"bounce", DELIVERY_BOUNCED, NULL}, /* depends on its type */
    {"dropped", DELIVERY_FAILED, NULL}, /* depends on its reason */
    {"spamreport", DELIVERY_COMPLAINED, "complained"},
    {"unsubscribe", DELIVERY_UNSUBSCRIBED, "unsubscribed"},
    {"group_unsubscribe", DELIVERY_UNSUBSCRIBED, NULL}, /* depends on its group */
    {"group_resubscribe", DELIVERY_RESUBSCRIBED, NULL},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* Why SendGrid did not even try, and what that says of the address. */
static const struct {
    const char *reason, *suppress;
} drops[] = {
    {"Bounced Address", "suppressed"},
    {"Spam Reporting Address", "suppressed"},
    {"Invalid", "suppressed"},
    {"Unsubscribed Address", "unsubscribed"},
};

static const char *why_dropped(const char *reason) {
    for (size_t i = 0; i < sizeof drops / sizeof drops[0]; i++)
        if (str_eq(drops[i].reason, reason))
            return drops[i].suppress;
    return NULL;
}

/* "blocked" is the server's or the content's fault, not the address's. */
static const char *read_bounce(struct delivery_event *e, const struct json *v) {
    const char *type = json_get_text(v, "type"), *status = json_get_text(v, "status");
    bool permanent = str_eq(type, "bounce");
    e->bounce = permanent                 ? BOUNCE_PERMANENT
                : str_eq(type, "blocked") ? BOUNCE_TRANSIENT
                                          : BOUNCE_UNDETERMINED;
    bool policy = is_policy(status) || is_policy(json_get_text(v, "reason"));
    add_detail(e, str_eq(type, "blocked") ? "blocked" : "");
    return permanent && !policy ? "bounced" : NULL;
}

/* sg_message_id is the id that was answered, a dot, and where it went on. */
static void read_provider_id(struct delivery_event *e, const char *id) {
    char whole[2 * DELIVERY_ID_MAX];
    if (!id || !str_copy_line(whole, sizeof whole, id))
        return;
    whole[strcspn(whole, ".")] = '\0';
    str_copy(e->provider_id, sizeof e->provider_id, whole);
}

static bool read_event(struct delivery_news *n, const struct json *v) {
    const char *name = json_get_text(v, "event"), *email = json_get_text(v, "email");
    size_t k = 0;
    while (k < KINDS && !str_eq(kinds[k].event, name))
        k++;
    if (k == KINDS) {
        n->ignored++;
        return true;
    }
    struct delivery_event *e = delivery_add(n);
    if (!e || !read_event_id(e->event_id, json_get_text(v, "sg_event_id"), v))
        return false;
    const char *id = json_get_text(v, "postroom_id"), *reason = json_get_text(v, "reason");
    e->kind = kinds[k].kind;
    e->at_us = read_time(json_get(v, "timestamp"));
    str_copy_line(e->message_id, sizeof e->message_id,
                  id && strlen(id) < DELIVERY_ID_MAX ? id : "");
    if (!e->message_id[0])
        read_message_id(e->message_id, json_get_text(v, "smtp-id"));
    read_provider_id(e, json_get_text(v, "sg_message_id"));
    str_copy_line(e->recipient, sizeof e->recipient, email ? email : "");
    const char *suppress = e->kind == DELIVERY_BOUNCED  ? read_bounce(e, v)
                           : e->kind == DELIVERY_FAILED ? why_dropped(reason)
                                                        : kinds[k].suppress;
    add_detail(e, reason ? reason : json_get_text(v, "response"));
    if (str_starts(name, "group_"))
        return mark_group(n, email, json_get(v, "asm_group_id"), e->kind == DELIVERY_RESUBSCRIBED);
    return !suppress || mark(n, email, suppress, false);
}

static struct delivery_news *read_all(const struct json *list, struct err *err) {
    struct delivery_news *n = delivery_new("sendgrid", err);
    for (const struct json *v = json_first(list); n && v; v = json_next(v))
        if (!read_event(n, v)) {
            err_nomem(err);
            delivery_drop(n);
            n = NULL;
        }
    return n;
}

struct delivery_news *webhook_sendgrid_read(const struct webhook_request *r, struct err *err) {
    struct delivery_news *n = NULL;
    struct json *list = json_parse(r->body, r->body_len, WEBHOOK_BODY_MAX, err);
    if (list && json_type(list) != JSON_ARRAY)
        err_set(err, ERR_INVALID, "it is no array of events");
    else if (list)
        n = read_all(list, err);
    json_free(list);
    return n;
}
