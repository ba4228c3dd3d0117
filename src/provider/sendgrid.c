/* SendGrid: one message -> the bytes of POST /v3/mail/send. What it cannot express is
 * sendgrid_accept.c, what its answers mean sendgrid_read.c. Pure; any thread.
 *
 * One message per request: personalizations could carry more, but they share one body. There is no
 * idempotency key, so the request is never replay_safe, and the net gives it a connection of its
 * own.
 *
 * custom_args hold the message's id, postroom_id, and its tags, so that events bring them back.
 * Events have them among their own fields: a tag called like one of these (or beginning with
 * "tag_") gets "tag_" before its name.
 *
 * No rate is published and none can be learnt (see sendgrid_read.c), so a lane whose rate is not
 * configured has no limit but the workers' concurrency, until a 429 makes it wait. */
#include "provider/columns.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/str.h"

#include <string.h>

#define TAG_PREFIX "tag_"

static bool sendgrid_check(const struct settings *s, struct err *err) {
    return common_check_key("SENDGRID_API_KEY", s->sendgrid_api_key, err) &&
           common_check_base("SENDGRID_BASE_URL", s->sendgrid_base_url, "https://api.sendgrid.com",
                             err);
}

static void sendgrid_base(const struct settings *s, char dst[512]) {
    str_copy(dst, 512, s->sendgrid_base_url);
}

static bool sendgrid_batchable(const struct message *m) {
    (void)m;
    return false;
}

/* --- people ---------------------------------------------------------------------------------- */

static void write_mailbox(struct json_writer *w, const char *mailbox) {
    char address[321];
    struct buf name;
    buf_init(&name, WIRE_MAX_BODY);
    message_bare_address(address, sizeof address, mailbox);
    message_name(&name, mailbox);
    jw_object(w);
    jw_kv_text(w, "email", address);
    if (name.len > 0) {
        jw_kv_text(w, "name", buf_text(&name));
    }
    jw_object_end(w);
    w->out->failed = w->out->failed || name.failed;
    buf_free(&name);
}

static void write_mailboxes(struct json_writer *w, const char *key, const struct json *list) {
    if (json_size(list) == 0) {
        return;
    }
    jw_key(w, key);
    jw_array(w);
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        write_mailbox(w, json_text(v));
    }
    jw_array_end(w);
}

static void write_reply_to(struct json_writer *w, const char *key, const struct json *list) {
    if (json_size(list) == 1) {
        jw_key(w, key);
        write_mailbox(w, json_text(json_first(list)));
    } else {
        write_mailboxes(w, "reply_to_list", list);
    }
}

/* --- custom_args ----------------------------------------------------------------------------- */

static bool is_field_of_events(const char *name) {
    static const char *const fields[] = {
        "email",        "timestamp",  "event",      "category", "reason",  "status",
        "response",     "attempt",    "type",       "url",      "ip",      "tls",
        "asm_group_id", "url_offset", "useragent",  "cert_err", "smtp-id", "pool",
        "id",           "uid",        "newsletter", "send_at",
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (str_eq(name, fields[i])) {
            return true;
        }
    }
    return str_starts(name, "sg_") || str_starts(name, "marketing_campaign_") ||
           str_starts(name, "bounce_");
}

static void write_tags(struct json_writer *w, const char *key, const struct json *tags) {
    (void)key;
    for (const struct json *tag = json_first(tags); tag; tag = json_next(tag)) {
        const char *name = json_key(tag);
        struct buf prefixed;
        buf_init(&prefixed, WIRE_MAX_BODY);
        if (is_field_of_events(name) || str_starts(name, TAG_PREFIX)) {
            buf_puts(&prefixed, TAG_PREFIX);
        }
        buf_puts(&prefixed, name);
        jw_kv_text(w, buf_text(&prefixed), json_text(tag));
        w->out->failed = w->out->failed || prefixed.failed;
        buf_free(&prefixed);
    }
}

static bool write_custom_args(struct json_writer *w, const struct message *m, struct err *err) {
    jw_key(w, "custom_args");
    jw_object(w);
    jw_kv_text(w, "postroom_id", m->id);
    bool ok = column_write(w, "tags", m->tags, write_tags, err);
    jw_object_end(w);
    return ok;
}

static bool write_personalization(struct json_writer *w, const struct message *m, struct err *err) {
    jw_key(w, "personalizations");
    jw_array(w);
    jw_object(w);
    jw_key(w, "to");
    jw_array(w);
    write_mailbox(w, m->to);
    jw_array_end(w);
    bool ok = column_write(w, "cc", m->cc, write_mailboxes, err) &&
              column_write(w, "bcc", m->bcc, write_mailboxes, err) && write_custom_args(w, m, err);
    jw_object_end(w);
    jw_array_end(w);
    return ok;
}

/* --- contents -------------------------------------------------------------------------------- */

static void write_content(struct json_writer *w, const char *type, const char *text) {
    if (text && text[0]) {
        jw_object(w);
        jw_kv_text(w, "type", type);
        jw_kv_text(w, "value", text);
        jw_object_end(w);
    }
}

/* SendGrid takes base64 without line breaks only; rows may have them. */
static void write_base64(struct json_writer *w, const char *content) {
    struct buf line;
    jw_key(w, "content");
    if (!content || !strpbrk(content, "\r\n")) {
        jw_text(w, content);
        return;
    }
    buf_init(&line, WIRE_MAX_BODY);
    buf_reserve(&line, strlen(content));
    while (*content) {
        size_t n = strcspn(content, "\r\n");
        buf_add(&line, content, n);
        content += n;
        content += strspn(content, "\r\n");
    }
    jw_text_n(w, buf_text(&line), line.len);
    w->out->failed = w->out->failed || line.failed;
    buf_free(&line);
}

static void write_attachment(struct json_writer *w, const struct json *file) {
    const char *type = json_get_text(file, "content_type");
    const char *id = json_get_text(file, "content_id");
    jw_object(w);
    write_base64(w, json_get_text(file, "content"));
    jw_kv_text(w, "filename", json_get_text(file, "filename"));
    if (type) {
        jw_kv_text(w, "type", type);
    }
    jw_kv_text(w, "disposition", id ? "inline" : "attachment");
    if (id) {
        jw_kv_text(w, "content_id", id);
    }
    jw_object_end(w);
}

static void write_attachments(struct json_writer *w, const char *key, const struct json *list) {
    if (json_size(list) == 0) {
        return;
    }
    jw_key(w, key);
    jw_array(w);
    for (const struct json *file = json_first(list); file; file = json_next(file)) {
        write_attachment(w, file);
    }
    jw_array_end(w);
}

/* --- the request ----------------------------------------------------------------------------- */

static bool write_mail(struct json_writer *w, const struct message *m, const char *sender,
                       struct err *err) {
    jw_object(w);
    bool ok = write_personalization(w, m, err);
    jw_key(w, "from");
    write_mailbox(w, m->from ? m->from : sender);
    ok = ok && column_write(w, "reply_to", m->reply_to, write_reply_to, err);
    jw_kv_text(w, "subject", m->subject);
    jw_key(w, "content");
    jw_array(w);
    write_content(w, "text/plain", m->text);
    write_content(w, "text/html", m->html);
    jw_array_end(w);
    ok = ok && column_write(w, "attachments", m->attachments, write_attachments, err) &&
         column_write(w, "headers", m->headers, column_as_is, err);
    jw_object_end(w);
    return ok;
}

static size_t list_growth(const char *column) {
    return column ? 3 * strlen(column) : 0; /* "a@b" -> {"email":"a@b"} */
}

static size_t attachments_growth(const char *column) {
    size_t n = 0;
    for (const char *c = column ? strchr(column, '{') : NULL; c; c = strchr(c + 1, '{')) {
        n += strlen(",\"disposition\":\"attachment\"");
    }
    return n;
}

static size_t body_bound(const struct manifest *m) {
    const struct message *mail = &m->messages[0];
    return columns_bound(m) + 256 + list_growth(mail->cc) + list_growth(mail->bcc) +
           list_growth(mail->reply_to) + attachments_growth(mail->attachments);
}

static bool write_body(const struct manifest *m, struct buf *body, struct err *err) {
    size_t bound = body_bound(m);
    struct json_writer w;
    if (bound > WIRE_MAX_BODY) {
        return err_set(err, ERR_INVALID, "the request would have more than %zu MiB: too large",
                       WIRE_MAX_BODY >> 20);
    }
    buf_reserve(body, bound);
    jw_init(&w, body);
    return write_mail(&w, &m->messages[0], m->sender, err) && (!body->failed || err_nomem(err));
}

static void write_head(const struct settings *s, struct wire_request *out) {
    str_format(out->url, sizeof out->url, "%s/v3/mail/send", s->sendgrid_base_url);
    common_bearer(out, s->sendgrid_api_key);
    wire_request_header(out, "Content-Type", "application/json", false);
    wire_request_header(out, "Accept", "application/json", false);
}

static bool sendgrid_build(const struct settings *s, const struct manifest *m,
                           struct wire_request *out, struct err *err) {
    char code[64];
    wire_request_init(out);
    if (m->n != 1) {
        return err_set(err, ERR_INVALID, "SendGrid takes one message per request, not %d", m->n);
    }
    if (!sendgrid_accepts(&m->messages[0], code, err)) {
        return err_wrap(err, "message %.60s", m->messages[0].id);
    }
    write_head(s, out);
    if (!write_body(m, &out->body, err)) {
        wire_request_done(out);
        return err_wrap(err, "message %.60s", m->messages[0].id);
    }
    return true;
}

const struct provider provider_sendgrid = {
    .name = "sendgrid",
    .batch_max = 1,
    .key_life_ms = 0,
    .start_rate = 0,
    .wire = true,
    .base_key = "SENDGRID_BASE_URL",
    .base_url = sendgrid_base,
    .check = sendgrid_check,
    .batchable = sendgrid_batchable,
    .accepts = sendgrid_accepts,
    .build = sendgrid_build,
    .read = sendgrid_read,
    .questions = SENDGRID_QUESTIONS,
    .ask = sendgrid_ask,
    .learn = sendgrid_learn,
};
