/* Messages: what is accepted becomes JSON that says exactly what the row said, and no header that
 * holds a control byte or names a recipient.
 *
 * A seed is a row's columns in the order below, each ended by a NUL; an empty one is absent. */
#include "core/message.h"
#include "base/json.h"
#include "provider/provider.h"

#include "fuzz/fuzz.h"

static const struct settings settings = {
    .provider = "resend",
    .resend_api_key = "re_test_123456789",
    .resend_base_url = "https://api.resend.com",
    .from = "Shop <hello@shop.example>",
};

static char *column(struct seed *in) {
    char *text = seed_text(in, '\0');
    if (*text)
        return text;
    mem_free(text);
    return NULL;
}

static struct message take_message(struct seed *in) {
    struct message m = {.bytes = (int64_t)in->left};
    char **columns[] = {&m.id,      &m.from, &m.to,   &m.cc,      &m.bcc,         &m.reply_to,
                        &m.subject, &m.html, &m.text, &m.headers, &m.attachments, &m.tags};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        *columns[i] = column(in);
    m.id = m.id ? m.id : mem_strdup("1"); /* never null in the table; nor are these */
    m.to = m.to ? m.to : mem_strdup("");
    m.subject = m.subject ? m.subject : mem_strdup("");
    CHECK(m.id && m.to && m.subject);
    return m;
}

static void same_text(const struct json *mail, const char *key, const char *text) {
    const char *written = json_get_text(mail, key);
    if (!text)
        CHECK(!json_get(mail, key));
    else if (str_is_utf8(text, strlen(text)))
        CHECK(str_eq(written, text));
    else
        CHECK(written && str_is_utf8(written, strlen(written)));
}

static struct json *parse(const char *text) {
    return text ? json_parse(text, strlen(text), WIRE_MAX_BODY, NULL) : NULL;
}

/* A list or object of strings, written as the row has it. */
static void same_strings(const struct json *mail, const char *key, const char *text) {
    struct json *row = parse(text);
    const struct json *a = json_first(row), *b = json_first(json_get(mail, key));
    for (; a && b; a = json_next(a), b = json_next(b)) {
        CHECK(str_eq(json_key(a), json_key(b)));
        CHECK(json_text(a) && str_eq(json_text(a), json_text(b)));
        CHECK(str_is_clean(json_text(b)));
    }
    CHECK(!a && !b);
    json_free(row);
}

static void same_tags(const struct json *mail, const struct message *m) {
    struct json *row = parse(m->tags);
    const struct json *a = json_first(row), *b = json_first(json_get(mail, "tags"));
    CHECK(b && str_eq(json_get_text(b, "name"), "postroom_id"));
    for (b = json_next(b); a && b; a = json_next(a), b = json_next(b)) {
        CHECK(str_eq(json_key(a), json_get_text(b, "name")));
        CHECK(str_eq(json_text(a), json_get_text(b, "value")));
    }
    CHECK(!a && !b);
    json_free(row);
}

static void same_attachments(const struct json *mail, const struct message *m) {
    static const char *const fields[] = {"filename", "content", "content_type", "content_id"};
    struct json *row = parse(m->attachments);
    const struct json *a = json_first(row), *b = json_first(json_get(mail, "attachments"));
    for (; a && b; a = json_next(a), b = json_next(b))
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            CHECK(str_eq(json_get_text(a, fields[i]), json_get_text(b, fields[i])));
    CHECK(!a && !b);
    json_free(row);
}

static void no_recipient_in_headers(const struct json *mail) {
    for (const struct json *h = json_first(json_get(mail, "headers")); h; h = json_next(h)) {
        const char *name = json_key(h);
        CHECK(*name && str_is_clean(name) && !strpbrk(name, ": "));
        CHECK(strcasecmp(name, "to") && strcasecmp(name, "cc") && strcasecmp(name, "bcc"));
    }
}

static void same_as_row(const struct json *mail, const struct message *m) {
    CHECK(json_type(mail) == JSON_OBJECT);
    same_text(mail, "from", m->from ? m->from : settings.from);
    CHECK(json_size(json_get(mail, "to")) == 1);
    CHECK(str_eq(json_text(json_at(json_get(mail, "to"), 0)), m->to));
    same_text(mail, "subject", m->subject);
    same_text(mail, "html", m->html);
    same_text(mail, "text", m->text);
    same_strings(mail, "cc", m->cc);
    same_strings(mail, "bcc", m->bcc);
    same_strings(mail, "reply_to", m->reply_to);
    same_strings(mail, "headers", m->headers);
    same_tags(mail, m);
    same_attachments(mail, m);
    no_recipient_in_headers(mail);
}

static void build(const struct provider *p, struct message *m, bool batch) {
    struct manifest manifest = {.lane = "resend", .key = "postroom/1", .attempts = 1, .n = 1};
    struct wire_request r, again;
    struct err err = {0};
    str_copy(manifest.sender, sizeof manifest.sender, settings.from);
    manifest.messages = m;
    manifest.batch = batch;
    CHECK(p->build(&settings, &manifest, &r, &err));
    CHECK(p->build(&settings, &manifest, &again, &err));
    CHECK(r.body.len == again.body.len && !memcmp(r.body.data, again.body.data, r.body.len));
    for (int i = 0; i < r.header_count; i++)
        CHECK(str_is_clean(r.headers[i].name) && str_is_clean(r.headers[i].value));
    struct json *body = json_parse(buf_text(&r.body), r.body.len, WIRE_MAX_BODY, &err);
    CHECK(body && json_type(body) == (batch ? JSON_ARRAY : JSON_OBJECT));
    same_as_row(batch ? json_at(body, 0) : body, m);
    json_free(body);
    wire_request_done(&r);
    wire_request_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    struct message m = take_message(&in);
    const struct provider *p = provider_find("resend");
    struct err err = {0};
    char code[64];
    bool good = message_check(&m, settings.from, code, &err) && p->accepts(&m, code, &err);
    if (good) {
        build(p, &m, false);
        if (p->batchable(&m))
            build(p, &m, true);
    } else {
        CHECK(err.code == ERR_INVALID && str_starts(code, "rejected:"));
        CHECK(err.text[0] && str_is_clean(err.text));
    }
    message_done(&m);
    return 0;
}
