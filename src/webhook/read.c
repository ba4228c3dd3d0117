/* Small readings that the providers' events have in common. */
#include "webhook/internal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define SEPARATORS ", \t"
#define LATEST_S 1e11 /* no event is of a later year than some thousandth */

size_t list_next(const char **at) {
    *at += strspn(*at, SEPARATORS);
    return strcspn(*at, SEPARATORS);
}

bool read_event_id(char dst[DELIVERY_ID_MAX], const char *id, const struct json *whole) {
    struct buf text;
    char digest[SHA256_HEX];
    if (id && id[0] && str_copy_line(dst, DELIVERY_ID_MAX, id))
        return true;
    buf_init(&text, 8 * WEBHOOK_BODY_MAX);
    json_print(&text, whole);
    bool done = !text.failed && crypto_sha256_hex(digest, buf_text(&text), text.len);
    buf_free(&text);
    return done && str_format(dst, DELIVERY_ID_MAX, "sha256:%s", digest);
}

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* A byte of two hexadecimal digits; -1: they are none, or a NUL, which no text holds. */
static int hex_byte(const char *s) {
    int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);
    return low < 0 || high + low == 0 ? -1 : high << 4 | low;
}

void read_tag(char dst[DELIVERY_ID_MAX], const char *value) {
    struct buf id;
    dst[0] = '\0';
    if (!value)
        return;
    if (!str_starts(value, "hex-")) {
        (void)str_copy_line(dst, DELIVERY_ID_MAX, strlen(value) < DELIVERY_ID_MAX ? value : "");
        return;
    }
    buf_init(&id, DELIVERY_ID_MAX - 1);
    for (const char *s = value + 4; *s; s += 2) {
        int byte = hex_byte(s);
        if (byte < 0) {
            buf_clear(&id);
            break;
        }
        buf_addc(&id, (char)byte);
    }
    if (str_is_utf8(buf_text(&id), id.len))
        (void)str_copy(dst, DELIVERY_ID_MAX, buf_text(&id));
    buf_free(&id);
}

/* <postroom.ID@domain>, with =XX for what is no letter (core/mime.h). The digest of a long id leads
 * nowhere. */
void read_message_id(char dst[DELIVERY_ID_MAX], const char *value) {
    static const char head[] = "postroom.";
    size_t n = 0;
    dst[0] = '\0';
    if (!value)
        return;
    value += *value == '<';
    const char *end = strrchr(value, '@');
    if (!str_starts(value, head) || !end || str_starts(value, "postroom.sha256."))
        return;
    for (const char *s = value + sizeof head - 1; s < end && n + 1 < DELIVERY_ID_MAX; s++) {
        int byte = *s == '=' ? hex_byte(s + 1) : (unsigned char)*s;
        s += *s == '=' ? 2 : 0;
        if (byte < 0 || s >= end) {
            n = 0;
            break;
        }
        dst[n++] = (char)byte;
    }
    dst[str_is_utf8(dst, n) ? n : 0] = '\0';
}

int64_t read_time(const struct json *v) {
    int64_t us = 0;
    double s = json_number(v, 0);
    if (json_type(v) == JSON_STRING && clock_parse_utc(json_text(v), &us) == 1)
        s = (double)us / 1e6;
    if (!(s > 0 && s < LATEST_S))
        return 0;
    return us > 0 ? us : (int64_t)(s * 1e6);
}

bool is_policy(const char *diagnosis) {
    for (const char *s = diagnosis; s && (s = strstr(s, "5.7.")); s++)
        if (isdigit((unsigned char)s[4]) && (s == diagnosis || !isalnum((unsigned char)s[-1])))
            return true;
    return false;
}

void add_detail(struct delivery_event *e, const char *text) {
    size_t used = strlen(e->detail);
    if (!text || !text[0])
        return;
    if (used > 0 && used + 2 < sizeof e->detail) {
        memcpy(e->detail + used, ": ", 3);
        used += 2;
    }
    (void)str_copy_line(e->detail + used, sizeof e->detail - used, text);
}

/* NULL: out of memory; *none: no address, so nobody could be mailed there anyway. */
static struct delivery_mark *add_mark(struct delivery_news *n, const char *email,
                                      const char *reason, bool *none) {
    char address[321];
    struct err ignored;
    *none = !email || !mailbox_check(email, address, &ignored);
    struct delivery_mark *m = *none ? NULL : delivery_mark_add(n);
    if (!m)
        return NULL;
    m->event = n->count - 1;
    str_copy(m->reason, sizeof m->reason, reason);
    m->marketing = str_starts(reason, "unsubscribed");
    str_copy(m->email, sizeof m->email, address);
    return m;
}

bool mark(struct delivery_news *n, const char *email, const char *reason, bool of_the_mail) {
    bool none;
    struct delivery_mark *m = add_mark(n, email, reason, &none);
    if (m)
        m->of_the_mail = of_the_mail;
    return m || none;
}

/* Who left all of them does not come back by one. */
bool mark_group(struct delivery_news *n, const char *email, const struct json *group, bool comes) {
    char reason[64] = "unsubscribed";
    double number = json_number(group, -1);
    bool none = number < 0 || number > 1e15;
    if (!none)
        str_format(reason, sizeof reason, "unsubscribed (group %.0f)", number);
    else if (comes)
        return true;
    struct delivery_mark *m = add_mark(n, email, reason, &none);
    if (m)
        m->lifts = comes;
    return m || none;
}
