/* SMTP: one message -> an envelope and the mail that core/mime.h makes of it. What replies mean is
 * smtp_read.c; the dialogue itself is net's. Pure; any thread.
 *
 * One message per transaction; its cc and bcc are recipients of the same one, all or nothing. There
 * is no idempotency: what is uncertain is only what was handed over whole, up to the dot that ends
 * it, and not answered. Each sending of a message has the same Message-ID. */
#include "core/mime.h"
#include "core/mime_mailbox.h"
#include "core/smtp_url.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/str.h"

#include <string.h>

static bool smtp_check(const struct settings *s, struct err *err) {
    struct smtp_url u;
    if (s->smtp_url[0] == '\0') {
        return err_set(err, ERR_USAGE,
                       "SMTP_URL is not set: set it to smtp://user:password@host:587, or "
                       "SMTP_URL_FILE to a file that holds it");
    }
    bool good = smtp_url_parse(&u, s->smtp_url, err) || err_wrap(err, "SMTP_URL");
    explicit_bzero(&u, sizeof u);
    return good;
}

static bool smtp_batchable(const struct message *m) {
    (void)m;
    return false;
}

/* An address beyond ASCII in the envelope needs SMTPUTF8, which is asked for by the envelope. */
static bool smtp_accepts(const struct message *m, char code[64], struct err *err) {
    struct json *list =
        m->reply_to ? json_parse(m->reply_to, strlen(m->reply_to), WIRE_MAX_BODY, err) : NULL;
    bool good = list || !m->reply_to;
    for (const struct json *v = json_first(list); good && v; v = json_next(v)) {
        char address[321];
        good = mime_address(json_text(v), false, address, err) || err_wrap(err, "reply_to");
    }
    json_free(list);
    str_copy(code, 64, good ? "" : "rejected:invalid_reply_to");
    return good;
}

/* --- the request ----------------------------------------------------------------------------- */

static bool write_mail(const struct manifest *m, bool utf8, struct wire_request *out,
                       struct err *err) {
    struct mime_context c = {
        .from = m->sender, .origin = m->origin, .date_us = m->made_us, .utf8_addresses = utf8};
    buf_clear(&out->smtp.recipients);
    out->smtp.utf8 = utf8;
    return mime_sender(&m->messages[0], &c, out->smtp.sender, err) &&
           mime_recipients(&m->messages[0], utf8, &out->smtp.recipients, err) &&
           mime_build(&m->messages[0], &c, &out->body, err);
}

void smtp_place(const char *text, struct wire_request *out) {
    struct smtp_url u;
    struct err err = {0};
    if (!smtp_url_parse(&u, text, &err)) { /* was checked at the start */
        out->body.failed = true;
        return;
    }
    str_format(out->url, sizeof out->url, "%s://%s:%d/%s", u.tls_at_once ? "smtps" : "smtp", u.host,
               u.port, u.hello);
    str_copy(out->smtp.user, sizeof out->smtp.user, u.user);
    str_copy(out->smtp.password, sizeof out->smtp.password, u.password);
    out->smtp.tls_none = u.tls_none;
    explicit_bzero(&u, sizeof u);
}

static bool smtp_build(const struct settings *s, const struct manifest *m, struct wire_request *out,
                       struct err *err) {
    struct err why = {0};
    wire_request_init(out);
    if (m->n != 1) {
        return err_set(err, ERR_INVALID, "SMTP takes one message per transaction, not %d", m->n);
    }
    bool good = write_mail(m, false, out, &why) ||
                (why.code == ERR_INVALID && write_mail(m, true, out, err));
    if (why.code == ERR_NOMEM) {
        err_nomem(err);
    }
    if (good) {
        smtp_place(s->smtp_url, out);
        good = !out->body.failed || err_nomem(err);
    }
    if (!good) {
        wire_request_done(out);
        return err_wrap(err, "message %.60s", m->messages[0].id);
    }
    return true;
}

const struct provider provider_smtp = {
    .name = "smtp",
    .batch_max = 1,
    .key_life_ms = 0,
    .start_rate = 0, /* none is told */
    .quota_look_ms = INT64_C(10) * 60 * 1000,
    .wire = true,
    .check = smtp_check,
    .batchable = smtp_batchable,
    .accepts = smtp_accepts,
    .build = smtp_build,
    .read = smtp_read,
    .questions = 1,
    .ask = smtp_ask,
    .learn = smtp_learn,
};
