/* Everything comes down to words, each behind the blanks it may be folded at. Pure; any thread. */
#include "core/mime_header.h"

#include "base/base64.h"
#include "base/str.h"

#include <string.h>

static const char hex[] = "0123456789ABCDEF";

static bool is_alnum(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool mime_is_ascii(const char *s) {
    while (*s >= ' ' && *s <= '~')
        s++;
    return *s == '\0';
}

/* --- words ----------------------------------------------------------------------------------- */

static void put(struct mime_header *h, const char *s, size_t n) {
    buf_add(h->out, s, n);
    h->column += n;
}

static void fold(struct mime_header *h) {
    buf_puts(h->out, "\r\n");
    h->column = 0;
    h->start = 0;
}

/* Not right behind the name: a line of nothing but a name confuses some readers. */
static void fold_before(struct mime_header *h, size_t n) {
    if (h->column > h->start && h->column + n > MIME_COLUMNS)
        fold(h);
}

static void put_word(struct mime_header *h, size_t blanks, const char *word, size_t n) {
    fold_before(h, blanks + n);
    for (; blanks > 0; blanks--)
        put(h, " ", 1);
    put(h, word, n);
}

void mime_header_begin(struct mime_header *h, struct buf *out, const char *name) {
    *h = (struct mime_header){.out = out};
    put(h, name, strlen(name));
    put(h, ":", 1);
    h->start = h->column;
}

void mime_header_end(struct mime_header *h) {
    fold(h);
}

void mime_header_word(struct mime_header *h, const char *word) {
    put_word(h, 1, word, strlen(word));
}

void mime_header_words(struct mime_header *h, const char *text) {
    size_t blanks = 1;
    while (*text) {
        size_t n = strcspn(text, " ");
        put_word(h, blanks, text, n);
        text += n;
        blanks = strspn(text, " ");
        text += blanks;
    }
}

/* --- encoded-words --------------------------------------------------------------------------- */

#define ENCODED_MAX 75   /* of one encoded-word */
#define ENCODED_FRAME 12 /* of these are =?UTF-8?Q? and ?= */
#define ENCODED_ROOM 24  /* less is not worth beginning one on this line */

/* May stand in an encoded-word wherever that stands: RFC 2047's set for phrases. */
static bool is_q_literal(unsigned char c) {
    return is_alnum(c) || (c != '\0' && strchr("!*+-/", c));
}

static size_t q_length(const char *s, size_t n) {
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        length += is_q_literal((unsigned char)s[i]) || s[i] == ' ' ? 1 : 3;
    return length;
}

static void put_q(struct buf *out, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char escape[3] = {'=', hex[c >> 4], hex[c & 15]};
        if (c == ' ')
            buf_addc(out, '_');
        else
            buf_add(out, is_q_literal(c) ? s + i : escape, is_q_literal(c) ? 1 : 3);
    }
}

static size_t char_length(const char *s, size_t n) {
    uint32_t cp;
    size_t length = str_utf8_next(s, n, &cp);
    return length > 0 ? length : 1;
}

/* How many bytes of s, whole characters, fit into `room` when they are encoded. */
static size_t fitting(const char *s, size_t n, size_t room, bool q) {
    size_t taken = 0, used = 0;
    while (taken < n) {
        size_t length = char_length(s + taken, n - taken);
        used = q ? used + q_length(s + taken, length) : BASE64_LENGTH(taken + length);
        if (used > room)
            break;
        taken += length;
    }
    return taken;
}

/* Blanks between encoded-words are nothing to a reader, so the text is encoded as a whole. */
void mime_header_encoded(struct mime_header *h, const char *s) {
    size_t n = strlen(s);
    bool q = q_length(s, n) <= BASE64_LENGTH(n);
    while (n > 0) {
        fold_before(h, 1 + ENCODED_FRAME + ENCODED_ROOM);
        size_t used = h->column + 1 + ENCODED_FRAME;
        size_t room = used + ENCODED_ROOM <= MIME_COLUMNS ? MIME_COLUMNS - used : ENCODED_ROOM;
        size_t take = fitting(s, n, room, q);
        size_t before = h->out->len;
        buf_puts(h->out, q ? " =?UTF-8?Q?" : " =?UTF-8?B?");
        if (q)
            put_q(h->out, s, take);
        else
            base64_add(h->out, s, take);
        buf_puts(h->out, "?=");
        h->column += h->out->len - before;
        s += take;
        n -= take;
    }
}

bool mime_looks_encoded(const char *s) {
    while ((s = strstr(s, "=?")) != NULL) {
        s += 2;
        const char *mark = s + strcspn(s, "?");
        if (mark[0] && mark[1] && strchr("bBqQ", mark[1]) && mark[2] == '?')
            return true;
    }
    return false;
}

bool mime_is_plain(const char *s) {
    size_t n = strlen(s);
    if (!mime_is_ascii(s) || mime_looks_encoded(s) || (n > 0 && (s[0] == ' ' || s[n - 1] == ' ')))
        return false;
    while (*s) {
        size_t blanks = strspn(s, " ");
        size_t word = strcspn(s + blanks, " ");
        if (blanks + word > MIME_WORD_MAX)
            return false;
        s += blanks + word;
    }
    return true;
}

void mime_header_text(struct buf *out, const char *name, const char *value) {
    struct mime_header h;
    mime_header_begin(&h, out, name);
    if (mime_is_plain(value))
        mime_header_words(&h, value);
    else
        mime_header_encoded(&h, value);
    mime_header_end(&h);
}
