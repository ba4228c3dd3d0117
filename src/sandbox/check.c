/* What Resend refuses in a mail: its names, its statuses and, where they are known, its words.
 * Written from the API's documentation alone, and shares nothing with the code that builds
 * requests: a mistake there must not be repeated here. Pure; any thread. */
#include "sandbox/internal.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ATTACHMENTS_MAX ((size_t)40 * 1024 * 1024) /* per mail, in base64 */
#define TAG_MAX 256
#define INVALID "validation_error"

bool refuse(struct problem *p, int status, const char *name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->message, sizeof p->message, fmt, args);
    va_end(args);
    p->status = status;
    p->name = name;
    return false;
}

static bool missing(struct problem *p, const char *field) {
    return refuse(p, 422, "missing_required_field", "Missing `%s` field.", field);
}

/* --- addresses ------------------------------------------------------------------------------ */

static bool is_domain(const char *s) {
    bool dot = false;
    char before = '.';
    for (; *s; before = *s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '.') {
            if (before == '.' || before == '-')
                return false;
            dot = true;
        } else if (c < 0x80 && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-",
                                       c)) {
            return false;
        } else if (c == '-' && before == '.') {
            return false;
        }
    }
    return dot && before != '.' && before != '-';
}

static bool is_address(const char *s) {
    const char *at = strrchr(s, '@');
    if (!at || at == s || at - s > 64 || strlen(s) > 320 || !str_is_clean(s))
        return false;
    if (s[0] == '.' || at[-1] == '.' || !is_domain(at + 1))
        return false;
    return strcspn(s, " ,;:<>()[]\\\"@") == (size_t)(at - s);
}

bool parse_mailbox(const char *mailbox, char address[321]) {
    size_t n = strlen(mailbox);
    while (n > 0 && mailbox[n - 1] == ' ')
        n--;
    if (!str_is_clean(mailbox))
        return false;
    if (n > 0 && mailbox[n - 1] == '>') {
        const char *open = strchr(mailbox, '<');
        if (!open)
            return false;
        n -= (size_t)(open + 1 - mailbox) + 1;
        mailbox = open + 1;
    }
    if (n == 0 || n > 320)
        return false;
    memcpy(address, mailbox, n);
    address[n] = '\0';
    return is_address(address);
}

/* Mail to these can only be a mistake. */
static bool is_reserved(const char *address) {
    const char *domain = strrchr(address, '@') + 1;
    return strcasecmp(domain, "example.com") == 0 || strcasecmp(domain, "test.com") == 0;
}

#define ADDRESS_FORM                                                                               \
    "The email address needs to follow the `email@example.com` or `Name <email@example.com>` "     \
    "format."

static bool check_address(const struct json *v, const char *field, struct problem *p) {
    char address[321];
    const char *text = json_text(v);
    if (!text || !parse_mailbox(text, address))
        return refuse(p, 422, INVALID, "Invalid `%s` field. " ADDRESS_FORM, field);
    if (is_reserved(address) && !str_eq(field, "reply_to"))
        return refuse(p, 422, INVALID,
                      "Invalid `%s` field. Please use our testing email address instead of "
                      "domains like `example.com`.",
                      field);
    return true;
}

/* A string or an array of strings; absent and null are fine. */
static bool check_addresses(const struct json *mail, const char *field, struct problem *p) {
    const struct json *v = json_get(mail, field);
    if (json_type(v) == JSON_NULL)
        return true;
    if (json_type(v) != JSON_ARRAY)
        return check_address(v, field, p);
    int n = json_size(v);
    if (n > RECIPIENTS_MAX)
        return refuse(p, 422, INVALID, "The `%s` field must not have more than 50 items.", field);
    for (int i = 0; i < n; i++)
        if (!check_address(json_at(v, i), field, p))
            return false;
    return true;
}

static int count_addresses(const struct json *v) {
    return json_type(v) == JSON_ARRAY ? json_size(v) : json_type(v) == JSON_STRING;
}

int count_recipients(const struct json *mail) {
    return count_addresses(json_get(mail, "to")) + count_addresses(json_get(mail, "cc")) +
           count_addresses(json_get(mail, "bcc"));
}

static bool check_parties(const struct json *mail, struct problem *p) {
    char address[321];
    const char *from = json_get_text(mail, "from");
    bool from_template = json_type(json_get(mail, "template")) == JSON_OBJECT;
    if (!from && !from_template)
        return missing(p, "from");
    if (from && !parse_mailbox(from, address))
        return refuse(p, 422, "invalid_from_address", "Invalid `from` field. " ADDRESS_FORM);
    if (count_addresses(json_get(mail, "to")) == 0)
        return missing(p, "to");
    return check_addresses(mail, "to", p) && check_addresses(mail, "cc", p) &&
           check_addresses(mail, "bcc", p) && check_addresses(mail, "reply_to", p);
}

/* --- content -------------------------------------------------------------------------------- */

static bool check_content(const struct json *mail, struct problem *p) {
    const struct json *template = json_get(mail, "template");
    const char *subject = json_get_text(mail, "subject");
    const char *html = json_get_text(mail, "html"), *text = json_get_text(mail, "text");
    if (json_type(template) == JSON_OBJECT) {
        if (!json_get_text(template, "id"))
            return missing(p, "template.id");
        return !html && !text ? true
                              : refuse(p, 422, INVALID,
                                       "The `%s` field excludes `html` and `text`.", "template");
    }
    if (!subject)
        return missing(p, "subject");
    if (strpbrk(subject, "\r\n"))
        return refuse(p, 422, INVALID, "The `\\n` is not allowed in the `%s` field.", "subject");
    if (str_is_blank(html) && str_is_blank(text))
        return refuse(p, 422, INVALID, "Missing `html` or `text` field.");
    return true;
}

static bool check_headers(const struct json *mail, struct problem *p) {
    const struct json *headers = json_get(mail, "headers");
    if (json_type(headers) == JSON_NULL)
        return true;
    bool ok = json_type(headers) == JSON_OBJECT;
    for (int i = 0; ok && i < json_size(headers); i++) {
        const struct json *v = json_at(headers, i);
        const char *name = json_key(v), *value = json_text(v);
        ok = value && str_is_clean(value) && name[0] && str_is_clean(name) && !strpbrk(name, " :");
    }
    return ok ? true
              : refuse(p, 422, INVALID, "The `%s` field must be an object of strings.", "headers");
}

static bool is_tag_text(const char *s) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return s && s[0] && strlen(s) <= TAG_MAX && s[strspn(s, allowed)] == '\0';
}

static bool check_tags(const struct json *mail, struct problem *p) {
    const struct json *tags = json_get(mail, "tags");
    if (json_type(tags) == JSON_NULL)
        return true;
    if (json_type(tags) != JSON_ARRAY)
        return refuse(p, 422, INVALID, "The `%s` field must be an array.", "tags");
    for (int i = 0; i < json_size(tags); i++) {
        const struct json *tag = json_at(tags, i);
        if (!is_tag_text(json_get_text(tag, "name")) || !is_tag_text(json_get_text(tag, "value")))
            return refuse(p, 422, INVALID,
                          "%s should only contain ASCII letters, numbers, underscores, or dashes.",
                          "Tags");
    }
    return true;
}

static bool is_base64(const char *s) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n";
    size_t n = strspn(s, allowed);
    return strspn(s + n, "=\r\n") == strlen(s + n);
}

static bool bad_attachment(struct problem *p, const char *message) {
    return refuse(p, 422, "invalid_attachment", "%s", message);
}

static bool check_attachments(const struct json *mail, bool in_batch, struct problem *p) {
    const struct json *list = json_get(mail, "attachments");
    if (json_type(list) == JSON_NULL || (json_type(list) == JSON_ARRAY && json_size(list) == 0))
        return true;
    if (in_batch)
        return bad_attachment(p, "Attachments are not supported in a batch.");
    if (json_type(list) != JSON_ARRAY)
        return bad_attachment(p, "The `attachments` field must be an array.");
    size_t total = 0;
    for (int i = 0; i < json_size(list); i++) {
        const struct json *a = json_at(list, i);
        const char *content = json_get_text(a, "content"), *path = json_get_text(a, "path");
        if (!content && !path)
            return bad_attachment(p, "Attachment must have either a `content` or `path`.");
        if (content && (!json_get_text(a, "filename") || !is_base64(content)))
            return bad_attachment(p, "Attachment needs a `filename` and `content` in base64.");
        total += content ? strlen(content) : 0;
    }
    return total <= ATTACHMENTS_MAX
               ? true
               : bad_attachment(p, "Attachments must not exceed 40 MB per email.");
}

bool check_mail(const struct json *mail, bool in_batch, struct problem *p) {
    if (json_type(mail) != JSON_OBJECT)
        return refuse(p, 422, "validation_error", "An email must be an object.");
    return check_parties(mail, p) && check_content(mail, p) && check_headers(mail, p) &&
           check_tags(mail, p) && check_attachments(mail, in_batch, p);
}
