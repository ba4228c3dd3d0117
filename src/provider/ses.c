/* AWS SES, API v2: one message -> the bytes of POST /v2/email/outbound-emails. What it cannot
 * express is ses_accept.c, what its answers mean ses_read.c. Pure; any thread.
 *
 * A plain message goes as Simple content, which SES puts together itself; one with headers or
 * attachments as the mail that core/mime.h makes of it (Raw). Names beyond ASCII are encoded-words
 * in both. There is no idempotency key, so the request is never replay_safe. */
#include "core/mime.h"
#include "core/mime_mailbox.h"
#include "provider/columns.h"
#include "provider/common.h"
#include "provider/internal.h"
#include "provider/sigv4.h"
#include "provider/tags.h"

#include "base/base64.h"
#include "base/str.h"

#include <string.h>

#define MAIL_MAX ((size_t)40 * 1024 * 1024) /* SES's limit, and its base64 fits WIRE_MAX_BODY */

/* --- configuration --------------------------------------------------------------------------- */

void ses_base(const struct settings *s, char dst[512]) {
    if (s->aws_endpoint_url_sesv2[0]) {
        str_copy(dst, 512, s->aws_endpoint_url_sesv2);
        return;
    }
    str_format(dst, 512, "https://email.%s.amazonaws.com%s", s->aws_region,
               str_starts(s->aws_region, "cn-") ? ".cn" : "");
}

static bool check_region(const struct settings *s, struct err *err) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = strlen(s->aws_region);
    if (n == 0) {
        return err_set(err, ERR_USAGE, "AWS_REGION is not set: set it, for example to eu-west-1");
    }
    return (n <= 32 && strspn(s->aws_region, allowed) == n) ||
           err_set(err, ERR_USAGE, "AWS_REGION is no region: it is written like eu-west-1");
}

static bool check_token(const char *token, struct err *err) {
    bool good = strlen(token) <= WIRE_MAX_VALUE;
    for (const char *c = token; good && *c; c++) {
        good = *c > 0x20 && *c < 0x7f;
    }
    return good || err_set(err, ERR_USAGE,
                           "AWS_SESSION_TOKEN is no token: it is too long, or holds blanks or "
                           "line breaks");
}

static bool ses_check(const struct settings *s, struct err *err) {
    return common_check_key("AWS_ACCESS_KEY_ID", s->aws_access_key_id, err) &&
           common_check_key("AWS_SECRET_ACCESS_KEY", s->aws_secret_access_key, err) &&
           check_token(s->aws_session_token, err) && check_region(s, err);
}

static bool ses_batchable(const struct message *m) {
    (void)m;
    return false;
}

/* --- people ---------------------------------------------------------------------------------- */

/* On one line, its name as SES wants it: ASCII. */
static bool write_mailbox(struct json_writer *w, const char *mailbox, struct err *err) {
    char address[321];
    struct buf folded, line;
    buf_init(&folded, WIRE_MAX_BODY);
    buf_init(&line, WIRE_MAX_BODY);
    struct mime_header h = {.out = &folded};
    bool ok = mime_mailbox(&h, mailbox, "", false, address, err);
    for (const char *c = buf_text(&folded) + (folded.len > 0); *c; c++) { /* a blank begins it */
        if (*c != '\r' && *c != '\n') {
            buf_addc(&line, *c);
        }
    }
    jw_text_n(w, buf_text(&line), line.len);
    w->out->failed = w->out->failed || folded.failed || line.failed;
    buf_free(&folded);
    buf_free(&line);
    return ok;
}

static bool write_mailboxes(struct json_writer *w, const char *key, const char *column,
                            struct err *err) {
    struct json *list = column ? json_parse(column, strlen(column), WIRE_MAX_BODY, err) : NULL;
    bool ok = list || !column;
    if (json_size(list) > 0) {
        jw_key(w, key);
        jw_array(w);
        for (const struct json *v = json_first(list); ok && v; v = json_next(v)) {
            ok = write_mailbox(w, json_text(v), err);
        }
        jw_array_end(w);
    }
    json_free(list);
    return ok;
}

static bool write_people(struct json_writer *w, const struct message *m, const char *sender,
                         struct err *err) {
    jw_key(w, "FromEmailAddress");
    bool ok = write_mailbox(w, m->from ? m->from : sender, err);
    jw_key(w, "Destination");
    jw_object(w);
    jw_key(w, "ToAddresses");
    jw_array(w);
    ok = ok && write_mailbox(w, m->to, err);
    jw_array_end(w);
    ok = ok && write_mailboxes(w, "CcAddresses", m->cc, err) &&
         write_mailboxes(w, "BccAddresses", m->bcc, err);
    jw_object_end(w);
    return ok && write_mailboxes(w, "ReplyToAddresses", m->reply_to, err);
}

/* --- content --------------------------------------------------------------------------------- */

static void write_text(struct json_writer *w, const char *key, const char *text) {
    if (str_is_blank(text) && !str_eq(key, "Subject")) {
        return;
    }
    jw_key(w, key);
    jw_object(w);
    jw_kv_text(w, "Data", text);
    jw_kv_text(w, "Charset", "UTF-8");
    jw_object_end(w);
}

static void write_simple(struct json_writer *w, const struct message *m) {
    jw_key(w, "Simple");
    jw_object(w);
    write_text(w, "Subject", m->subject);
    jw_key(w, "Body");
    jw_object(w);
    write_text(w, "Text", m->text);
    write_text(w, "Html", m->html);
    jw_object_end(w);
    jw_object_end(w);
}

static bool write_raw(struct json_writer *w, const struct manifest *m, struct err *err) {
    struct mime_context c = {.from = m->sender, .origin = m->origin, .date_us = m->made_us};
    struct buf mail, base64;
    buf_init(&mail, MAIL_MAX);
    buf_init(&base64, WIRE_MAX_BODY);
    bool ok = mime_build(&m->messages[0], &c, &mail, err);
    if (ok) {
        buf_reserve(&base64, BASE64_LENGTH(mail.len));
        base64_add(&base64, buf_text(&mail), mail.len);
    }
    jw_key(w, "Raw");
    jw_object(w);
    jw_kv_text(w, "Data", buf_text(&base64));
    jw_object_end(w);
    w->out->failed = w->out->failed || base64.failed;
    buf_free(&mail);
    buf_free(&base64);
    return ok;
}

static bool holds_something(const char *column) {
    return column && column[strspn(column, " \t\r\n[]{}")] != '\0' && !str_eq(column, "null");
}

static bool write_mail(struct json_writer *w, const struct manifest *m, struct err *err) {
    const struct message *mail = &m->messages[0];
    jw_object(w);
    bool ok = write_people(w, mail, m->sender, err);
    jw_key(w, "Content");
    jw_object(w);
    if (holds_something(mail->headers) || holds_something(mail->attachments)) {
        ok = ok && write_raw(w, m, err);
    } else {
        write_simple(w, mail);
    }
    jw_object_end(w);
    ok = ok && tags_write(w, "EmailTags", "Name", "Value", mail, err);
    jw_object_end(w);
    return ok;
}

/* --- the request ----------------------------------------------------------------------------- */

static bool ses_build(const struct settings *s, const struct manifest *m, struct wire_request *out,
                      struct err *err) {
    char code[64], base[512];
    struct json_writer w;
    wire_request_init(out);
    if (m->n != 1) {
        return err_set(err, ERR_INVALID, "SES takes one message per request, not %d", m->n);
    }
    if (!ses_accepts(&m->messages[0], code, err)) {
        return err_wrap(err, "message %.60s", m->messages[0].id);
    }
    ses_base(s, base);
    str_format(out->url, sizeof out->url, "%s/v2/email/outbound-emails", base);
    wire_request_header(out, "Content-Type", "application/json", false);
    jw_init(&w, &out->body);
    if (write_mail(&w, m, err) &&
        (!out->body.failed ||
         (out->body.full ? err_set(err, ERR_INVALID, "the request would be too large")
                         : err_nomem(err)))) {
        return true;
    }
    wire_request_done(out);
    return err_wrap(err, "message %.60s", m->messages[0].id);
}

static bool ses_sign(const struct settings *s, int64_t wall_us, struct wire_request *r,
                     struct err *err) {
    struct sigv4 who = {.key_id = s->aws_access_key_id,
                        .secret = s->aws_secret_access_key,
                        .token = s->aws_session_token,
                        .region = s->aws_region,
                        .service = "ses"};
    return sigv4_sign(r, &who, wall_us, err);
}

bool ses_ask_limits(const struct settings *s, struct wire_request *out, struct err *err) {
    char base[512];
    (void)err;
    wire_request_init(out);
    ses_base(s, base);
    str_format(out->url, sizeof out->url, "%s/v2/email/account", base);
    out->get = true;
    out->replay_safe = true;
    return true;
}

const struct provider provider_ses = {
    .name = "ses",
    .batch_max = 1,
    .key_life_ms = 0,
    .start_rate = 1, /* of an account in SES's own sandbox; GetAccount tells the true one */
    .quota_look_ms = INT64_C(10) * 60 * 1000, /* AWS's advice */
    .wire = true,
    .base_key = "AWS_ENDPOINT_URL_SESV2",
    .base_url = ses_base,
    .check = ses_check,
    .batchable = ses_batchable,
    .accepts = ses_accepts,
    .build = ses_build,
    .sign = ses_sign,
    .read = ses_read,
    .questions = SES_QUESTIONS,
    .ask = ses_ask,
    .learn = ses_learn,
    .ask_limits = ses_ask_limits,
    .read_limits = ses_read_limits,
};
