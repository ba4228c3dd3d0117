/* Messages: what is accepted becomes JSON that says exactly what the row said, and no header that
 * holds a control byte or names a recipient. A seed is a row (row.h). */
#include "core/message.h"
#include "base/json.h"
#include "provider/provider.h"

#include "fuzz/row.h"

static const struct settings settings = {
    .provider = "resend",
    .resend_api_key = "re_test_123456789",
    .resend_base_url = "https://api.resend.com",
    .sendgrid_api_key = "SG.test_123456789",
    .sendgrid_base_url = "https://api.sendgrid.com",
    .aws_access_key_id = "AKIDEXAMPLE",
    .aws_secret_access_key = "wJalrXUtnFEMI",
    .aws_session_token = "token",
    .aws_region = "eu-west-1",
    .aws_endpoint_url_sesv2 = "",
    .from = "Shop <hello@shop.example>",
};

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

static void as_resend(const struct json *mail, const struct message *m) {
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

/* --- SendGrid --- */

static void same_mailbox(const struct json *person, const char *mailbox) {
    char address[321];
    struct buf name;
    buf_init(&name, WIRE_MAX_BODY);
    message_bare_address(address, sizeof address, mailbox);
    message_name(&name, mailbox);
    CHECK(str_eq(json_get_text(person, "email"), address));
    CHECK(str_eq(json_get_text(person, "name"), name.len ? buf_text(&name) : NULL));
    buf_free(&name);
}

static void same_mailboxes(const struct json *people, const char *column) {
    struct json *row = parse(column);
    const struct json *a = json_first(row), *b = json_first(people);
    for (; a && b; a = json_next(a), b = json_next(b))
        same_mailbox(b, json_text(a));
    CHECK(!a && !b);
    json_free(row);
}

static void same_reply_to(const struct json *mail, const char *column) {
    struct json *row = parse(column);
    if (json_size(row) == 1)
        same_mailbox(json_get(mail, "reply_to"), json_text(json_first(row)));
    else
        same_mailboxes(json_get(mail, "reply_to_list"), column);
    CHECK(!json_get(mail, "reply_to") || !json_get(mail, "reply_to_list"));
    json_free(row);
}

static void same_args(const struct json *args, const struct message *m) {
    struct json *row = parse(m->tags);
    const struct json *a = json_first(row), *b = json_first(args);
    CHECK(b && str_eq(json_key(b), "postroom_id"));
    for (b = json_next(b); a && b; a = json_next(a), b = json_next(b)) {
        bool prefixed = str_starts(json_key(b), "tag_");
        CHECK(str_eq(json_key(a), json_key(b) + (prefixed ? 4 : 0)));
        CHECK(str_eq(json_text(a), json_text(b)));
        CHECK(!str_eq(json_key(b), "event") && !str_starts(json_key(b), "sg_"));
    }
    CHECK(!a && !b);
    json_free(row);
}

static const struct json *same_content(const struct json *part, const char *type,
                                       const char *text) {
    if (!text || !*text)
        return part;
    CHECK(str_eq(json_get_text(part, "type"), type));
    same_text(part, "value", text);
    return json_next(part);
}

/* The same but for line breaks. */
static void same_base64(const char *a, const char *b) {
    for (; *a; a++)
        if (*a != '\r' && *a != '\n')
            CHECK(*a == *b++);
    CHECK(*b == '\0');
}

static void same_files(const struct json *files, const struct message *m) {
    struct json *row = parse(m->attachments);
    const struct json *a = json_first(row), *b = json_first(files);
    for (; a && b; a = json_next(a), b = json_next(b)) {
        const char *id = json_get_text(a, "content_id");
        same_base64(json_get_text(a, "content"), json_get_text(b, "content"));
        CHECK(str_eq(json_get_text(a, "filename"), json_get_text(b, "filename")));
        CHECK(str_eq(json_get_text(a, "content_type"), json_get_text(b, "type")));
        CHECK(str_eq(id, json_get_text(b, "content_id")));
        CHECK(str_eq(json_get_text(b, "disposition"), id ? "inline" : "attachment"));
    }
    CHECK(!a && !b);
    json_free(row);
}

static void as_sendgrid(const struct json *mail, const struct message *m) {
    const struct json *all = json_get(mail, "personalizations"), *to = json_first(all);
    CHECK(json_size(all) == 1 && json_size(json_get(to, "to")) == 1);
    same_mailbox(json_first(json_get(to, "to")), m->to);
    same_mailboxes(json_get(to, "cc"), m->cc);
    same_mailboxes(json_get(to, "bcc"), m->bcc);
    same_args(json_get(to, "custom_args"), m);
    same_mailbox(json_get(mail, "from"), m->from ? m->from : settings.from);
    same_reply_to(mail, m->reply_to);
    same_text(mail, "subject", m->subject);
    const struct json *part = json_first(json_get(mail, "content"));
    CHECK(part);
    part = same_content(part, "text/plain", m->text);
    CHECK(!same_content(part, "text/html", m->html));
    same_files(json_get(mail, "attachments"), m);
    same_strings(mail, "headers", m->headers);
    no_recipient_in_headers(mail);
}

/* --- SES --- */

static int size_of(const char *text) {
    struct json *list = parse(text);
    int n = json_size(list);
    json_free(list);
    return n;
}

/* In ASCII, on one line, with the row's address at the end. */
static void holds_mailbox(const struct json *written, const char *mailbox) {
    char address[321];
    const char *text = json_text(written), *at = text;
    message_bare_address(address, sizeof address, mailbox);
    CHECK(text && strstr(text, address));
    while (*at >= ' ' && *at <= '~')
        at++;
    CHECK(*at == '\0');
}

static void as_ses(const struct json *mail, const struct message *m) {
    const struct json *to = json_get(mail, "Destination"), *content = json_get(mail, "Content");
    const struct json *simple = json_get(content, "Simple");
    CHECK(json_size(json_get(to, "ToAddresses")) == 1);
    holds_mailbox(json_first(json_get(to, "ToAddresses")), m->to);
    CHECK(json_size(json_get(to, "CcAddresses")) == size_of(m->cc));
    CHECK(json_size(json_get(to, "BccAddresses")) == size_of(m->bcc));
    CHECK(json_size(json_get(mail, "ReplyToAddresses")) == size_of(m->reply_to));
    holds_mailbox(json_get(mail, "FromEmailAddress"), m->from ? m->from : settings.from);
    CHECK(json_size(json_get(mail, "EmailTags")) == 1 + size_of(m->tags));
    CHECK(json_size(content) == 1);
    CHECK(!simple == (size_of(m->headers) + size_of(m->attachments) > 0));
    if (simple)
        same_text(json_get(simple, "Subject"), "Data", m->subject);
}

/* --- all --- */

static void same_as_row(const struct provider *p, const struct json *mail,
                        const struct message *m) {
    if (str_eq(p->name, "sendgrid"))
        as_sendgrid(mail, m);
    else if (str_eq(p->name, "ses"))
        as_ses(mail, m);
    else
        as_resend(mail, m);
}

static void build(const struct provider *p, struct message *m, bool batch) {
    struct manifest manifest = {.key = "postroom/1", .attempts = 1, .n = 1};
    struct wire_request r, again;
    struct err err = {0};
    str_copy(manifest.lane, sizeof manifest.lane, p->name);
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
    same_as_row(p, batch ? json_at(body, 0) : body, m);
    json_free(body);
    wire_request_done(&r);
    wire_request_done(&again);
}

static void try_with(const struct provider *p, struct message *m) {
    struct err err = {0};
    char code[64];
    if (message_check(m, settings.from, code, &err) && p->accepts(m, code, &err)) {
        build(p, m, false);
        if (p->batchable(m))
            build(p, m, true);
        return;
    }
    CHECK(err.code == ERR_INVALID && str_starts(code, "rejected:"));
    CHECK(err.text[0] && str_is_clean(err.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    struct message m = row_of(&in);
    try_with(provider_find("resend"), &m);
    try_with(provider_find("sendgrid"), &m);
    try_with(provider_find("ses"), &m);
    message_done(&m);
    return 0;
}
