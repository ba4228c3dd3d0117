/* A mail from top to bottom, and its envelope. Pure; any thread. */
#include "core/mime.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/str.h"
#include "core/mime_mailbox.h"
#include "core/mime_parts.h"
#include "core/settings.h"

#include <ctype.h>
#include <string.h>

#define ID_MAX 100 /* bytes of an id that stand in the Message-ID */
#define ORIGIN_MAX 12
#define DAY_US (INT64_C(86400) * USEC_PER_SEC)

struct mail {
    const struct message *m;
    const struct mime_context *c;
    struct buf *out;
    char sender[321];        /* its bare address */
    char digest[SHA256_HEX]; /* of the id */
};

static const char *sender_of(const struct message *m, const struct mime_context *c) {
    return m->from ? m->from : c->from;
}

static const char *from_column(const struct message *m) {
    return m->from ? "from_email" : "from";
}

/* A column of JSON, *root NULL where it is absent. */
static bool parse(const char *column, const char *json, struct json **root, struct err *err) {
    *root = json ? json_parse(json, strlen(json), (size_t)MESSAGE_MAX_BYTES, err) : NULL;
    return *root || !json || err_wrap(err, "%s", column);
}

/* --- headers --------------------------------------------------------------------------------- */

static bool put_date(struct mail *b, struct err *err) {
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t us = b->c->date_us, day = us / DAY_US - (us % DAY_US < 0);
    char iso[32];
    clock_format_utc(iso, sizeof iso, us); /* 2026-11-21T23:28:01.123Z */
    if (strcmp(iso, "1900") < 0)
        return err_set(err, ERR_INVALID, "its date is not within the years 1900 to 9999");
    int month = (iso[5] - '0') * 10 + iso[6] - '1';
    buf_printf(b->out, "Date: %s, %.2s %.3s %.4s %.8s +0000\r\n", days[(day % 7 + 7) % 7], iso + 8,
               months + (size_t)month * 3, iso, iso + 11);
    return true;
}

static bool put_mailbox(struct mail *b, const char *header, const char *column, const char *mailbox,
                        char address[321], struct err *err) {
    struct mime_header h;
    mime_header_begin(&h, b->out, header);
    if (!mime_mailbox(&h, mailbox, "", b->c->utf8_addresses, address, err))
        return err_wrap(err, "%s", column);
    mime_header_end(&h);
    return true;
}

static bool put_mailboxes(struct mail *b, const char *header, const char *column, const char *json,
                          struct err *err) {
    struct json *list;
    struct mime_header h;
    char address[321];
    if (!parse(column, json, &list, err))
        return false;
    bool good = true;
    int i = 1;
    if (json_size(list) > 0)
        mime_header_begin(&h, b->out, header);
    for (const struct json *v = json_first(list); v && good; v = json_next(v), i++)
        good = mime_mailbox(&h, json_text(v), json_next(v) ? "," : "", b->c->utf8_addresses,
                            address, err) ||
               err_wrap(err, "%s[%d]", column, i);
    if (json_size(list) > 0)
        mime_header_end(&h);
    json_free(list);
    return good;
}

static bool put_text(struct mail *b, const char *name, const char *value, struct err *err) {
    if (!str_is_clean(value))
        return err_set(err, ERR_INVALID, "%s: line breaks or control characters in it", name);
    mime_header_text(b->out, name, value);
    return true;
}

/* Any text as a word of letters and digits that can be undone. */
static void add_id(struct buf *out, const char *id) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (; *id; id++) {
        if (strchr(safe, *id))
            buf_addc(out, *id);
        else
            buf_printf(out, "=%02X", (unsigned char)*id);
    }
}

static void add_origin(struct buf *out, const char *origin) {
    int n = 0;
    for (; origin && *origin && n < ORIGIN_MAX; origin++) {
        if (isalnum((unsigned char)*origin)) {
            buf_addc(out, *origin);
            n++;
        }
    }
}

static void put_message_id(struct mail *b) {
    buf_puts(b->out, "postroom.");
    if (strlen(b->m->id) <= ID_MAX)
        add_id(b->out, b->m->id);
    else
        buf_printf(b->out, "sha256.%s", b->digest);
    if (!str_is_blank(b->c->origin)) {
        buf_addc(b->out, '.');
        add_origin(b->out, b->c->origin);
    }
    buf_puts(b->out, strrchr(b->sender, '@'));
}

/* The row's own. message_check knows which names are postroom's; here a line is a line. */
static bool put_header(struct mail *b, const struct json *v, struct err *err) {
    const char *name = json_key(v) ? json_key(v) : "";
    size_t n = strcspn(name, ": ");
    if (n == 0 || name[n] != '\0' || n > MIME_NAME_MAX || !mime_is_ascii(name))
        return err_set(err, ERR_INVALID, "a name is not valid");
    return put_text(b, name, json_text(v), err);
}

static bool put_headers(struct mail *b, struct err *err) {
    struct json *headers;
    if (!parse("headers", b->m->headers, &headers, err))
        return false;
    bool good = true;
    for (const struct json *v = json_first(headers); v && good; v = json_next(v))
        good = put_header(b, v, err) || err_wrap(err, "headers");
    json_free(headers);
    return good;
}

static bool put_head(struct mail *b, struct err *err) {
    const struct message *m = b->m;
    char address[321];
    bool good = put_date(b, err) &&
                put_mailbox(b, "From", from_column(m), sender_of(m, b->c), address, err) &&
                put_mailbox(b, "To", "to_email", m->to, address, err) &&
                put_mailboxes(b, "Cc", "cc", m->cc, err) &&
                put_mailboxes(b, "Reply-To", "reply_to", m->reply_to, err) &&
                put_text(b, "Subject", m->subject, err);
    buf_puts(b->out, "Message-ID: <");
    put_message_id(b);
    buf_puts(b->out, ">\r\n");
    return good && put_headers(b, err);
}

/* --- all ------------------------------------------------------------------------------------- */

static bool put_parts(struct mail *b, struct err *err) {
    char mark[25];
    struct json *files;
    if (!parse("attachments", b->m->attachments, &files, err))
        return false;
    str_copy(mark, sizeof mark, b->digest);
    buf_puts(b->out, "MIME-Version: 1.0\r\n");
    bool good = mime_parts(b->out, b->m, files, mark, err);
    json_free(files);
    return good;
}

static bool is_whole(const struct buf *out, struct err *err) {
    if (out->full)
        return err_set(err, ERR_INVALID, "the mail would have more than %zu bytes: too large",
                       out->max);
    return !out->failed || err_nomem(err);
}

static bool begin(struct mail *b, const struct message *m, const struct mime_context *c,
                  struct buf *out, struct err *err) {
    *b = (struct mail){.m = m, .c = c, .out = out};
    buf_clear(out);
    return mime_sender(m, c, b->sender, err) &&
           (crypto_sha256_hex(b->digest, m->id, strlen(m->id)) || err_nomem(err));
}

bool mime_build(const struct message *m, const struct mime_context *c, struct buf *out,
                struct err *err) {
    struct mail b;
    bool good =
        begin(&b, m, c, out, err) && put_head(&b, err) && put_parts(&b, err) && is_whole(out, err);
    if (!good)
        buf_clear(out);
    return good;
}

bool mime_message_id(const struct message *m, const struct mime_context *c,
                     char dst[MIME_MESSAGE_ID], struct err *err) {
    struct mail b;
    struct buf out;
    buf_init(&out, MIME_MESSAGE_ID - 1);
    bool good = begin(&b, m, c, &out, err);
    if (good)
        put_message_id(&b);
    good = good && is_whole(&out, err);
    str_copy(dst, MIME_MESSAGE_ID, good ? buf_text(&out) : "");
    buf_free(&out);
    return good;
}

/* --- the envelope ---------------------------------------------------------------------------- */

bool mime_sender(const struct message *m, const struct mime_context *c, char address[321],
                 struct err *err) {
    const char *from = sender_of(m, c);
    if (str_is_blank(from))
        return err_set(err, ERR_INVALID,
                       "no sender: set from_email, or `from` in the configuration");
    return mime_address(from, c->utf8_addresses, address, err) ||
           err_wrap(err, "%s", from_column(m));
}

static bool add_recipient(struct buf *out, const char *mailbox, bool utf8, struct err *err) {
    char address[321];
    if (!mime_address(mailbox, utf8, address, err))
        return false;
    buf_printf(out, "%s\n", address);
    return true;
}

static bool add_recipients(struct buf *out, const char *column, const char *json, bool utf8,
                           struct err *err) {
    struct json *list;
    if (!parse(column, json, &list, err))
        return false;
    bool good = true;
    int i = 1;
    for (const struct json *v = json_first(list); v && good; v = json_next(v), i++)
        good = add_recipient(out, json_text(v), utf8, err) || err_wrap(err, "%s[%d]", column, i);
    json_free(list);
    return good;
}

bool mime_recipients(const struct message *m, bool utf8_addresses, struct buf *out,
                     struct err *err) {
    return (add_recipient(out, m->to, utf8_addresses, err) || err_wrap(err, "to_email")) &&
           add_recipients(out, "cc", m->cc, utf8_addresses, err) &&
           add_recipients(out, "bcc", m->bcc, utf8_addresses, err) && is_whole(out, err);
}
