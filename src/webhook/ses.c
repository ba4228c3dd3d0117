/* SES's notifications, of an identity ("notificationType") and of a configuration set
 * ("eventType", with the mail's tags): the text inside an SNS message is JSON itself. */
#include "webhook/internal.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

struct ses_kind {
    const char *type;
    enum delivery_kind kind;
    const char *object;     /* the member that tells more */
    const char *recipients; /* of it: those it is about */
};

static const struct ses_kind kinds[] = {
    {"Send", DELIVERY_ACCEPTED, "send", NULL},
    {"Delivery", DELIVERY_DELIVERED, "delivery", "recipients"},
    {"DeliveryDelay", DELIVERY_DELAYED, "deliveryDelay", "delayedRecipients"},
    {"Bounce", DELIVERY_BOUNCED, "bounce", "bouncedRecipients"},
    {"Complaint", DELIVERY_COMPLAINED, "complaint", "complainedRecipients"},
    {"Reject", DELIVERY_FAILED, "reject", NULL},
    {"Rendering Failure", DELIVERY_FAILED, "failure", NULL},
};

static const struct ses_kind *find_kind(const struct json *root) {
    const char *type = json_get_text(root, "eventType");
    type = type ? type : json_get_text(root, "notificationType");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_eq(kinds[i].type, type))
            return &kinds[i];
    return NULL;
}

/* A recipient stands as a text, or in an object. */
static const char *address_of(const struct json *v) {
    return json_type(v) == JSON_STRING ? json_text(v) : json_get_text(v, "emailAddress");
}

/* --- our id ----------------------------------------------------------------------------------- */

/* mail.tags: {"postroom_id": ["..."]}; else the Message-ID among the headers, where they are told
 * and it is ours. */
static void read_id(struct delivery_event *e, const struct json *mail) {
    const struct json *tag = json_get(json_get(mail, "tags"), "postroom_id");
    const struct json *headers = json_get(mail, "headers");
    read_tag(e->message_id,
             json_type(tag) == JSON_ARRAY ? json_text(json_first(tag)) : json_text(tag));
    for (const struct json *h = json_first(headers); h && !e->message_id[0]; h = json_next(h)) {
        const char *name = json_get_text(h, "name");
        if (name && strcasecmp(name, "Message-ID") == 0)
            read_message_id(e->message_id, json_get_text(h, "value"));
    }
}

/* --- whom not to mail any more ---------------------------------------------------------------- */

static bool mark_all(struct delivery_news *n, const struct json *recipients, const char *reason) {
    bool done = true;
    for (const struct json *v = json_first(recipients); v && done; v = json_next(v))
        done = mark(n, address_of(v), reason, false);
    return done;
}

static bool read_bounce(struct delivery_news *n, struct delivery_event *e, const struct json *o,
                        const struct json *recipients) {
    const char *type = json_get_text(o, "bounceType"), *kind = json_get_text(o, "bounceSubType");
    const struct json *first = json_first(recipients);
    const char *words = json_get_text(first, "diagnosticCode");
    bool suppressed = str_eq(kind, "Suppressed") || str_eq(kind, "OnAccountSuppressionList");
    e->bounce = str_eq(type, "Permanent")   ? BOUNCE_PERMANENT
                : str_eq(type, "Transient") ? BOUNCE_TRANSIENT
                                            : BOUNCE_UNDETERMINED;
    add_detail(e, kind);
    add_detail(e, words ? words : json_get_text(first, "status"));
    if (suppressed)
        return mark_all(n, recipients, "suppressed");
    bool at_fault = e->bounce == BOUNCE_PERMANENT && !is_policy(words) &&
                    !is_policy(json_get_text(first, "status"));
    return !at_fault || mark_all(n, recipients, "bounced");
}

/* Of several recipients each may be the one who complained. */
static bool read_complaint(struct delivery_news *n, struct delivery_event *e, const struct json *o,
                           const struct json *recipients) {
    add_detail(e, json_get_text(o, "complaintFeedbackType"));
    add_detail(e, json_get_text(o, "complaintSubType"));
    return json_size(recipients) != 1 || mark_all(n, recipients, "complained");
}

/* --- one event -------------------------------------------------------------------------------- */

static bool read_more(struct delivery_news *n, struct delivery_event *e, const struct ses_kind *k,
                      const struct json *root) {
    const struct json *o = json_get(root, k->object);
    const struct json *recipients = k->recipients ? json_get(o, k->recipients) : NULL;
    const char *first = address_of(json_first(recipients));
    if (json_type(recipients) != JSON_ARRAY)
        recipients = NULL;
    if (recipients && first)
        str_copy_line(e->recipient, sizeof e->recipient, first);
    if (e->kind == DELIVERY_BOUNCED)
        return read_bounce(n, e, o, recipients);
    if (e->kind == DELIVERY_COMPLAINED)
        return read_complaint(n, e, o, recipients);
    add_detail(e, json_get_text(o, "delayType"));
    add_detail(e, json_get_text(o, "reason"));
    add_detail(e, json_get_text(o, "errorMessage"));
    add_detail(e, json_get_text(o, "smtpResponse"));
    return true;
}

static bool read_event(struct delivery_news *n, const struct sns *m, const struct json *root) {
    const struct ses_kind *k = find_kind(root);
    const struct json *mail = json_get(root, "mail");
    const char *told = json_get_text(json_get(root, "complaint"), "complaintFeedbackType");
    if (!k || json_type(mail) != JSON_OBJECT ||
        (k->kind == DELIVERY_COMPLAINED && str_eq(told, "not-spam"))) {
        n->ignored++;
        return true;
    }
    struct delivery_event *e = delivery_add(n);
    if (!e || !read_event_id(e->event_id, json_get_text(m->envelope, "MessageId"), m->envelope))
        return false;
    const char *id = json_get_text(mail, "messageId");
    const char *to = json_text(json_first(json_get(mail, "destination")));
    e->kind = k->kind;
    e->at_us = read_time(json_get(json_get(root, k->object), "timestamp"));
    if (e->at_us == 0)
        e->at_us = read_time(json_get(m->envelope, "Timestamp"));
    str_copy_line(e->provider_id, sizeof e->provider_id, id ? id : "");
    str_copy_line(e->recipient, sizeof e->recipient, to ? to : "");
    read_id(e, mail);
    return read_more(n, e, k, root);
}

struct delivery_news *webhook_ses_read(const struct sns *m, struct err *err) {
    const char *text = json_get_text(m->envelope, "Message");
    struct delivery_news *n = delivery_new("ses", err);
    if (!n)
        return NULL;
    struct json *root = text ? json_parse(text, strlen(text), WEBHOOK_BODY_MAX, err) : NULL;
    if (!root) {
        n->ignored++; /* SES greets a new topic with a sentence */
    } else if (!read_event(n, m, root)) {
        err_nomem(err);
        delivery_drop(n);
        n = NULL;
    }
    json_free(root);
    return n;
}
