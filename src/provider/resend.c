/* Resend: messages -> the bytes of POST /emails or /emails/batch, streamed into the request.
 * What its answers mean is resend_read.c. Pure; any thread.
 */
#include "provider/columns.h"
#include "provider/common.h"
#include "provider/internal.h"
#include "provider/tags.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define TAGS_MAX 10000 /* no limit is known */

static bool resend_check(const struct settings *s, struct err *err) {
    return common_check_key("RESEND_API_KEY", s->resend_api_key, err) &&
           common_check_base("RESEND_BASE_URL", s->resend_base_url, "https://api.resend.com", err);
}

static void resend_base(const struct settings *s, char dst[512]) {
    str_copy(dst, 512, s->resend_base_url);
}

static bool resend_batchable(const struct message *m) {
    return m->attachments == NULL;
}

static bool resend_accepts(const struct message *m, char code[64], struct err *err) {
    return tags_fit(m, TAGS_MAX, "Resend", code, err);
}

/* --- one mail -------------------------------------------------------------------------------- */

static void write_attachments(struct json_writer *w, const char *key, const struct json *list) {
    static const char *const fields[] = {"filename", "content", "content_type", "content_id"};
    if (json_size(list) == 0) {
        return;
    }
    jw_key(w, key);
    jw_array(w);
    for (const struct json *file = json_first(list); file; file = json_next(file)) {
        jw_object(w);
        for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
            const char *value = json_get_text(file, fields[f]);
            if (value) {
                jw_kv_text(w, fields[f], value);
            }
        }
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_text(struct json_writer *w, const char *key, const char *text) {
    if (text) {
        jw_kv_text(w, key, text);
    }
}

static bool write_mail(struct json_writer *w, const struct message *m, const char *sender,
                       struct err *err) {
    jw_object(w);
    jw_kv_text(w, "from", m->from ? m->from : sender);
    jw_key(w, "to");
    jw_array(w);
    jw_text(w, m->to);
    jw_array_end(w);
    bool ok = column_write(w, "cc", m->cc, column_as_is, err) &&
              column_write(w, "bcc", m->bcc, column_as_is, err) &&
              column_write(w, "reply_to", m->reply_to, column_as_is, err);
    jw_kv_text(w, "subject", m->subject);
    write_text(w, "html", m->html);
    write_text(w, "text", m->text);
    ok = ok && column_write(w, "headers", m->headers, column_as_is, err) &&
         column_write(w, "attachments", m->attachments, write_attachments, err) &&
         tags_write(w, "tags", "name", "value", m, err);
    jw_object_end(w);
    return ok;
}

/* --- the request ----------------------------------------------------------------------------- */

static void write_head(const struct settings *s, const struct manifest *m,
                       struct wire_request *out) {
    str_format(out->url, sizeof out->url, "%s/emails%s", s->resend_base_url,
               m->batch ? "/batch" : "");
    common_bearer(out, s->resend_api_key);
    wire_request_header(out, "Content-Type", "application/json", false);
    if (m->batch) {
        wire_request_header(out, "x-batch-validation", "permissive", false);
    }
    if (m->key[0]) {
        wire_request_header(out, "Idempotency-Key", m->key, false);
        out->replay_safe = true;
    }
}

static bool write_body(const struct manifest *m, struct buf *body, struct err *err) {
    size_t bound = columns_bound(m);
    if (bound > WIRE_MAX_BODY) {
        return err_set(err, ERR_INVALID, "the request would have more than %zu MiB: too large",
                       WIRE_MAX_BODY >> 20);
    }
    buf_reserve(body, bound);
    struct json_writer w;
    jw_init(&w, body);
    if (m->batch) {
        jw_array(&w);
    }
    for (int i = 0; i < m->n; i++) {
        if (!write_mail(&w, &m->messages[i], m->sender, err)) {
            return err_wrap(err, "message %.60s", m->messages[i].id);
        }
    }
    if (m->batch) {
        jw_array_end(&w);
    }
    return body->failed ? err_nomem(err) : true;
}

static bool resend_build(const struct settings *s, const struct manifest *m,
                         struct wire_request *out, struct err *err) {
    wire_request_init(out);
    for (int i = 0; i < m->n; i++) {
        char code[64];
        if (!resend_accepts(&m->messages[i], code, err)) {
            return err_wrap(err, "message %.60s", m->messages[i].id);
        }
    }
    write_head(s, m, out);
    if (!write_body(m, &out->body, err)) {
        wire_request_done(out);
        return false;
    }
    return true;
}

const struct provider provider_resend = {
    .name = "resend",
    .batch_max = 100,
    .key_life_ms = INT64_C(23) * 3600 * 1000, /* kept for 24 h: an hour for the last attempt */
    .start_rate = 2,
    .wire = true,
    .base_key = "RESEND_BASE_URL",
    .base_url = resend_base,
    .check = resend_check,
    .batchable = resend_batchable,
    .accepts = resend_accepts,
    .build = resend_build,
    .read = resend_read,
    .questions = 1,
    .ask = resend_ask,
    .learn = resend_learn,
};
