/* A message's end, and the question whether it can be mailed at all.
 *
 * Each check names what to fix in one sentence; the code groups it. Texts of the row are quoted
 * only where they were found harmless. Pure; any thread. */
#include "core/message.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/settings.h"

#include <string.h>
#include <strings.h>

void message_done(struct message *m) {
    char **texts[] = {&m->id,       &m->from,        &m->to,   &m->cc,        &m->bcc,
                      &m->reply_to, &m->subject,     &m->html, &m->text,      &m->kind,
                      &m->headers,  &m->attachments, &m->tags, &m->suppressed};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        mem_free(*texts[i]);
        *texts[i] = NULL;
    }
}

/* --- addresses ------------------------------------------------------------------------------- */

static bool check_recipient(const struct message *m, struct err *err) {
    return mailbox_check(m->to, NULL, err) || err_wrap(err, "to_email");
}

static bool check_sender(const struct message *m, struct err *err) {
    return !m->from || mailbox_check(m->from, NULL, err) || err_wrap(err, "from_email");
}

/* --- columns of JSON ------------------------------------------------------------------------- */

/* A column's document, of that type or null; NULL with err where it is something else. */
static struct json *parse_column(const char *column, const char *json, enum json_type type,
                                 const char *shape, struct err *err) {
    struct json *root = json_parse(json, strlen(json), (size_t)MESSAGE_MAX_BYTES, err);
    if (!root) {
        err_wrap(err, "%s", column);
        return NULL;
    }
    if (json_type(root) == type || json_type(root) == JSON_NULL) {
        return root;
    }
    err_set(err, ERR_INVALID, "%s is not an %s", column, shape);
    json_free(root);
    return NULL;
}

/* i counts from 0, as jsonb does. */
typedef bool check_value(const char *column, const struct json *v, int i, struct err *err);

static bool check_column(const char *column, const char *json, enum json_type type,
                         const char *shape, check_value *check, struct err *err) {
    if (!json) {
        return true;
    }
    struct json *root = parse_column(column, json, type, shape, err);
    bool good = root != NULL;
    int i = 0;
    for (const struct json *v = json_first(root); good && v; v = json_next(v), i++) {
        good = check(column, v, i, err);
    }
    json_free(root);
    return good;
}

/* An element of cc, bcc, reply_to; counted from 1, as PostgreSQL's arrays are. */
static bool check_mailbox(const char *column, const struct json *v, int i, struct err *err) {
    return mailbox_check(json_text(v), NULL, err) || err_wrap(err, "%s[%d]", column, i + 1);
}

static bool check_list(const char *column, const char *json, struct err *err) {
    return check_column(column, json, JSON_ARRAY, "array of addresses", check_mailbox, err);
}

/* --- headers --------------------------------------------------------------------------------- */

/* Names whose values postroom and the provider write themselves. */
static bool is_reserved(const char *name) {
    static const char *const whole[] = {
        "To",
        "Cc",
        "Bcc",
        "From",
        "Sender",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Received",
        "Return-Path",
        "Delivered-To",
        "Apparently-To",
        "Envelope-To",
        "X-SMTPAPI",
        "X-Envelope-To",
        "DKIM-Signature",
        "DomainKey-Signature",
        "Authentication-Results",
        "Received-SPF",
        "Resend-Idempotency-Key",
    };
    static const char *const prefixes[] = {"Content-", "Resent-", "ARC-"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (strcasecmp(name, whole[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* RFC 5322: printable ASCII without the colon. */
static bool is_header_name(const char *name) {
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == ':') {
            return false;
        }
    }
    return name[0] != '\0' && strlen(name) <= 76;
}

static bool check_header(const char *column, const struct json *v, int i, struct err *err) {
    (void)i;
    const char *name = json_key(v);
    const char *value = json_text(v);
    if (!is_header_name(name)) {
        return err_set(err, ERR_INVALID,
                       "%s: a name is not valid; use 1 to 76 printable ASCII characters "
                       "without blank and colon",
                       column);
    }
    if (is_reserved(name)) {
        return err_set(err, ERR_INVALID,
                       "%s: \"%s\" may not be set here; use the message's own columns", column,
                       name);
    }
    if (!value) {
        return err_set(err, ERR_INVALID, "%s: the value of \"%s\" is not a string", column, name);
    }
    if (strpbrk(value, "\r\n")) {
        return err_set(err, ERR_INVALID,
                       "%s: \"%s\" contains a line break; header values must be one line", column,
                       name);
    }
    return str_is_clean(value) ||
           err_set(err, ERR_INVALID, "%s: \"%s\" contains control characters", column, name);
}

/* --- tags ------------------------------------------------------------------------------------ */

static bool check_tag(const char *column, const struct json *v, int i, struct err *err) {
    (void)i;
    const char *name = json_key(v);
    if (str_is_blank(name) || !str_is_clean(name)) {
        return err_set(err, ERR_INVALID, "%s: a name is empty or has control characters in it",
                       column);
    }
    char shown[80];
    str_copy(shown, sizeof shown, name);
    if (str_eq(name, "postroom_id")) {
        return err_set(err, ERR_INVALID, "%s: the name postroom_id is set by postroom itself",
                       column);
    }
    return str_is_clean(json_text(v)) ||
           err_set(err, ERR_INVALID, "%s: the value of \"%s\" is not a clean string", column,
                   shown);
}

/* --- attachments ----------------------------------------------------------------------------- */

static bool is_base64_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Padded base64; line breaks are fine, since PostgreSQL's encode() and MIME put them in. */
static bool is_base64(const char *s) {
    size_t data = 0;
    size_t padding = 0;
    for (; *s; s++) {
        if (*s == '\n' || *s == '\r') {
            continue;
        }
        if (*s == '=') {
            padding++;
        } else if (is_base64_char(*s) && padding == 0) {
            data++;
        } else {
            return false;
        }
    }
    return padding <= 2 && (data + padding) % 4 == 0;
}

/* A member that may be absent or null, else must be a clean string. */
static bool is_optional_text(const struct json *attachment, const char *key) {
    const struct json *v = json_get(attachment, key);
    return json_type(v) == JSON_NULL || (str_is_clean(json_text(v)) && !str_is_blank(json_text(v)));
}

static bool check_attachment(const char *column, const struct json *v, int i, struct err *err) {
    const char *filename = json_get_text(v, "filename");
    const char *content = json_get_text(v, "content");
    if (json_type(v) != JSON_OBJECT) {
        return err_set(err, ERR_INVALID, "%s[%d] is not an object", column, i);
    }
    if (str_is_blank(filename) || !str_is_clean(filename)) {
        return err_set(err, ERR_INVALID, "%s[%d].filename is missing or not clean", column, i);
    }
    if (!content) {
        return err_set(err, ERR_INVALID, "%s[%d].content is missing", column, i);
    }
    if (!is_base64(content)) {
        return err_set(err, ERR_INVALID, "%s[%d].content is not base64", column, i);
    }
    const char *type = json_get_text(v, "content_type");
    if (!is_optional_text(v, "content_type") || (type && !strchr(type, '/'))) {
        return err_set(err, ERR_INVALID, "%s[%d].content_type is not a type like \"image/png\"",
                       column, i);
    }
    return is_optional_text(v, "content_id") ||
           err_set(err, ERR_INVALID, "%s[%d].content_id is not a clean string", column, i);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool check_size(const struct message *m, struct err *err) {
    return (!m->too_big && m->bytes <= MESSAGE_MAX_BYTES) ||
           err_set(err, ERR_INVALID, "the message has %lld bytes; at most %lld can be sent",
                   (long long)m->bytes, (long long)MESSAGE_MAX_BYTES);
}

static bool check_subject(const struct message *m, struct err *err) {
    return str_is_clean(m->subject) ||
           err_set(err, ERR_INVALID,
                   "the subject has line breaks or control characters in it; it must be one line");
}

static bool check_body(const struct message *m, struct err *err) {
    return !str_is_blank(m->html) || !str_is_blank(m->text) ||
           err_set(err, ERR_INVALID, "html and text are both empty; fill in at least one");
}

static const char *first_fault(const struct message *m, const char *default_from, struct err *err) {
    if (!check_size(m, err)) {
        return "rejected:too_big";
    }
    if (!check_recipient(m, err)) {
        return "rejected:invalid_to";
    }
    if (!m->from && str_is_blank(default_from)) {
        err_set(err, ERR_INVALID, "no sender: set from_email, or `from` in the configuration");
        return "rejected:no_sender";
    }
    if (!check_sender(m, err)) {
        return "rejected:invalid_from";
    }
    if (!check_list("cc", m->cc, err)) {
        return "rejected:invalid_cc";
    }
    if (!check_list("bcc", m->bcc, err)) {
        return "rejected:invalid_bcc";
    }
    if (!check_list("reply_to", m->reply_to, err)) {
        return "rejected:invalid_reply_to";
    }
    if (!check_subject(m, err)) {
        return "rejected:invalid_subject";
    }
    if (!check_body(m, err)) {
        return "rejected:no_body";
    }
    if (!check_column("headers", m->headers, JSON_OBJECT, "object of strings", check_header, err)) {
        return "rejected:invalid_headers";
    }
    if (!check_column("attachments", m->attachments, JSON_ARRAY, "array of objects",
                      check_attachment, err)) {
        return "rejected:invalid_attachments";
    }
    if (!check_column("tags", m->tags, JSON_OBJECT, "object of strings", check_tag, err)) {
        return "rejected:invalid_tags";
    }
    return NULL;
}

bool message_check(const struct message *m, const char *default_from, char code[64],
                   struct err *err) {
    struct err found = {0};
    const char *fault = first_fault(m, default_from, &found);
    str_copy(code, 64, fault && found.code != ERR_NOMEM ? fault : "");
    if (fault && err) {
        *err = found;
    }
    return fault == NULL;
}
