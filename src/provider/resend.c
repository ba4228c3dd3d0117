/* Resend: messages -> the bytes of POST /emails or /emails/batch, streamed into the request.
 * What its answers mean is resend_read.c. Pure; any thread.
 *
 * Every mail carries the tag postroom_id, so that events find their message. A tag's value may
 * hold ASCII letters, digits, '_' and '-' only: an id of these goes as it is, any other (and one
 * that begins with "hex-") as "hex-" and its bytes in lower-case hexadecimal, which can be undone.
 */
#include "provider/columns.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define TAG_MAX 256
#define TAG_ID "postroom_id"
#define TAG_HEX "hex-"

static bool resend_check(const struct settings *s, struct err *err) {
    return common_check_key("RESEND_API_KEY", s->resend_api_key, err) &&
           common_check_base("RESEND_BASE_URL", s->resend_base_url, "https://api.resend.com", err);
}

static const char *resend_base(const struct settings *s) {
    return s->resend_base_url;
}

static bool resend_batchable(const struct message *m) {
    return m->attachments == NULL;
}

/* --- tags ------------------------------------------------------------------------------------ */

static bool tag_text(const char *s) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    size_t n = strspn(s, allowed);
    return s[n] == '\0' && n <= TAG_MAX;
}

static bool id_is_plain(const char *id) {
    return tag_text(id) && !str_starts(id, TAG_HEX);
}

static void write_id(struct json_writer *w, const char *id) {
    if (id_is_plain(id)) {
        jw_kv_text(w, "value", id);
        return;
    }
    char hex[TAG_MAX + 1];
    size_t n = strlen(TAG_HEX);
    memcpy(hex, TAG_HEX, n);
    for (; *id && n + 2 <= TAG_MAX; id++) {
        hex[n++] = "0123456789abcdef"[(unsigned char)*id >> 4];
        hex[n++] = "0123456789abcdef"[(unsigned char)*id & 0x0f];
    }
    jw_key(w, "value");
    jw_text_n(w, hex, n);
}

static bool tag_fits(const char *name, const char *value, struct err *err) {
    if (!name || !value || name[0] == '\0' || !tag_text(name) || !tag_text(value)) {
        return err_set(err, ERR_INVALID,
                       "tag \"%.60s\": Resend takes ASCII letters, digits, _ and - only, at most "
                       "256 of them, in names and values",
                       name ? name : "");
    }
    if (str_eq(name, TAG_ID)) {
        return err_set(err, ERR_INVALID, "tag \"" TAG_ID "\" is postroom's own: rename yours");
    }
    return true;
}

static bool tags_fit(const char *tags, struct err *err) {
    if (!tags) {
        return true;
    }
    struct json *root = json_parse(tags, strlen(tags), WIRE_MAX_BODY, err);
    bool ok = root != NULL;
    for (const struct json *tag = json_first(root); ok && tag; tag = json_next(tag)) {
        ok = tag_fits(json_key(tag), json_text(tag), err);
    }
    json_free(root);
    return ok;
}

static bool resend_accepts(const struct message *m, char code[64], struct err *err) {
    if (!id_is_plain(m->id) && strlen(TAG_HEX) + 2 * strlen(m->id) > TAG_MAX) {
        str_copy(code, 64, "rejected:invalid_id");
        return err_set(err, ERR_INVALID, "the id is too long for a tag of Resend's (126 bytes)");
    }
    if (!tags_fit(m->tags, err)) {
        str_copy(code, 64, "rejected:invalid_tags");
        return false;
    }
    return true;
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

/* The row's tags, appended to an array already begun. */
static void write_tags(struct json_writer *w, const char *key, const struct json *tags) {
    (void)key;
    for (const struct json *tag = json_first(tags); tag; tag = json_next(tag)) {
        jw_object(w);
        jw_kv_text(w, "name", json_key(tag));
        jw_kv_text(w, "value", json_text(tag));
        jw_object_end(w);
    }
}

static void write_text(struct json_writer *w, const char *key, const char *text) {
    if (text) {
        jw_kv_text(w, key, text);
    }
}

static bool write_all_tags(struct json_writer *w, const struct message *m, struct err *err) {
    jw_key(w, "tags");
    jw_array(w);
    jw_object(w);
    jw_kv_text(w, "name", TAG_ID);
    write_id(w, m->id);
    jw_object_end(w);
    bool ok = column_write(w, "tags", m->tags, write_tags, err);
    jw_array_end(w);
    return ok;
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
         write_all_tags(w, m, err);
    jw_object_end(w);
    return ok;
}

/* --- the request ----------------------------------------------------------------------------- */

static void write_head(const struct settings *s, const struct manifest *m,
                       struct wire_request *out) {
    char bearer[sizeof out->headers[0].value];
    str_format(out->url, sizeof out->url, "%s/emails%s", s->resend_base_url,
               m->batch ? "/batch" : "");
    str_format(bearer, sizeof bearer, "Bearer %s", s->resend_api_key);
    wire_request_header(out, "Authorization", bearer, true);
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
