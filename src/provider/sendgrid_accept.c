/* SendGrid: what it cannot express although message_check let it pass. It would refuse these
 * itself, mostly in words that leave the reader guessing; here the row learns what to mend, without
 * a request. Pure; any thread. */
#include "provider/columns.h"
#include "provider/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define MAX_BYTES (INT64_C(30) * 1024 * 1024) /* of a message with its attachments */
#define MAX_ADDRESSES 1000
#define MAX_CUSTOM_ARGS 10000 /* bytes: fewer than these */

static bool size_fits(const struct message *m, struct err *err) {
    return m->bytes <= MAX_BYTES ||
           err_set(err, ERR_INVALID, "the message has %lld bytes; SendGrid takes at most %lld",
                   (long long)m->bytes, (long long)MAX_BYTES);
}

static bool has_subject(const struct message *m, struct err *err) {
    return (m->subject && m->subject[0]) ||
           err_set(err, ERR_INVALID, "the subject is empty; SendGrid asks for one");
}

static struct json *parse(const char *column, struct err *err) {
    return json_parse(column, strlen(column), WIRE_MAX_BODY, err);
}

/* --- addresses ------------------------------------------------------------------------------- */

struct addresses {
    char (*list)[321];
    int n;
};

static bool add_address(struct addresses *a, const char *name, const char *mailbox,
                        struct err *err) {
    if (a->n == MAX_ADDRESSES) {
        return err_set(err, ERR_INVALID, "%s: SendGrid takes at most %d addresses", name,
                       MAX_ADDRESSES);
    }
    char *address = a->list[a->n];
    message_bare_address(address, sizeof a->list[0], mailbox);
    for (int i = 0; i < a->n; i++) {
        if (strcasecmp(a->list[i], address) == 0) {
            return err_set(err, ERR_INVALID,
                           "%s: %.80s is among the recipients twice; SendGrid takes each address "
                           "once",
                           name, address);
        }
    }
    a->n++;
    return true;
}

static bool add_list(struct addresses *a, const char *name, const char *column, struct err *err) {
    if (!column) {
        return true;
    }
    struct json *root = parse(column, err);
    bool good = root || err_wrap(err, "%s", name);
    for (const struct json *v = json_first(root); good && v; v = json_next(v)) {
        good = add_address(a, name, json_text(v), err);
    }
    json_free(root);
    return good;
}

/* Each address once, and not too many. to, other: what counts besides, or NULL. */
static bool list_fits(const char *name, const char *column, const char *to, const char *other,
                      struct err *err) {
    struct addresses a = {0};
    if (!column) {
        return true;
    }
    a.list = mem_array(MAX_ADDRESSES, sizeof a.list[0]);
    bool good = (a.list || err_nomem(err)) && (!to || add_address(&a, "to_email", to, err)) &&
                add_list(&a, "cc", other, err) && add_list(&a, name, column, err);
    mem_free(a.list);
    return good;
}

static bool cc_fits(const struct message *m, struct err *err) {
    return list_fits("cc", m->cc, m->to, NULL, err);
}

static bool bcc_fits(const struct message *m, struct err *err) {
    return list_fits("bcc", m->bcc, m->to, m->cc, err);
}

static bool reply_to_fits(const struct message *m, struct err *err) {
    return list_fits("reply_to", m->reply_to, NULL, NULL, err);
}

/* --- headers, attachments, tags -------------------------------------------------------------- */

/* i counts from 0. */
typedef bool check_value(const struct json *v, int i, struct err *err);

static bool column_fits(const char *column, check_value *check, struct err *err) {
    if (!column) {
        return true;
    }
    struct json *root = parse(column, err);
    bool good = root != NULL;
    int i = 0;
    for (const struct json *v = json_first(root); good && v; v = json_next(v), i++) {
        good = check(v, i, err);
    }
    json_free(root);
    return good;
}

static bool is_ascii(const char *s) {
    for (; s && *s; s++) {
        if ((unsigned char)*s >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool header_fits(const struct json *v, int i, struct err *err) {
    const char *name = json_key(v);
    (void)i;
    if (name && (strcasecmp(name, "x-sg-id") == 0 || strcasecmp(name, "x-sg-eid") == 0)) {
        return err_set(err, ERR_INVALID, "headers: \"%s\" is SendGrid's own; leave it out", name);
    }
    return is_ascii(json_text(v)) ||
           err_set(err, ERR_INVALID,
                   "headers: the value of \"%.80s\" is not ASCII; SendGrid takes it encoded only "
                   "(RFC 2047)",
                   name ? name : "");
}

static bool headers_fit(const struct message *m, struct err *err) {
    return column_fits(m->headers, header_fits, err);
}

static bool attachment_fits(const struct json *v, int i, struct err *err) {
    const char *content = json_get_text(v, "content");
    const char *type = json_get_text(v, "content_type");
    if (!content || content[strspn(content, "\r\n")] == '\0') {
        return err_set(err, ERR_INVALID, "attachments[%d] is empty; SendGrid takes no empty file",
                       i);
    }
    return !type || !strchr(type, ';') ||
           err_set(err, ERR_INVALID,
                   "attachments[%d].content_type has parameters; SendGrid takes a bare type like "
                   "\"text/calendar\"",
                   i);
}

static bool attachments_fit(const struct message *m, struct err *err) {
    return column_fits(m->attachments, attachment_fits, err);
}

/* What a tag takes at most: quotes, colon, comma, and "tag_". */
static size_t tag_bound(const char *name, const char *value) {
    return json_text_bound(name) + json_text_bound(value) + 10;
}

static bool tags_fit(const struct message *m, struct err *err) {
    size_t n = 2 + tag_bound("postroom_id", m->id);
    struct json *root = m->tags ? parse(m->tags, err) : NULL;
    bool good = root || !m->tags;
    for (const struct json *tag = json_first(root); good && tag; tag = json_next(tag)) {
        const char *name = json_key(tag);
        n += tag_bound(name, json_text(tag));
        good = (name && name[0]) || err_set(err, ERR_INVALID, "tags: a name is empty");
    }
    json_free(root);
    return good && (n < MAX_CUSTOM_ARGS ||
                    err_set(err, ERR_INVALID,
                            "tags: too large; with the message's id SendGrid takes fewer than %d "
                            "bytes",
                            MAX_CUSTOM_ARGS));
}

/* --- all of it ------------------------------------------------------------------------------- */

bool sendgrid_accepts(const struct message *m, char code[64], struct err *err) {
    static const struct {
        bool (*fits)(const struct message *m, struct err *err);
        const char *code;
    } checks[] = {
        {size_fits, "rejected:too_big"},
        {has_subject, "rejected:invalid_subject"},
        {cc_fits, "rejected:invalid_cc"},
        {bcc_fits, "rejected:invalid_bcc"},
        {reply_to_fits, "rejected:invalid_reply_to"},
        {headers_fit, "rejected:invalid_headers"},
        {attachments_fit, "rejected:invalid_attachments"},
        {tags_fit, "rejected:invalid_tags"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i].fits(m, err)) {
            str_copy(code, 64, checks[i].code);
            return false;
        }
    }
    return true;
}
