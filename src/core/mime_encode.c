/* Which encoding a text needs, and the three of them. A text goes as it is where no server on its
 * way has a reason to touch it. Pure; any thread. */
#include "core/mime_encode.h"

#include "base/base64.h"

#include <string.h>

#define BASE64_LINE 76 /* characters */
#define BASE64_BYTES (BASE64_LINE / 4 * 3)
#define QP_LINE 76 /* the '=' of a soft line break included */
#define FROM "From "

/* Where the line at s ends: text is normalised, so there is a CRLF. */
static size_t line_length(const char *s, size_t n) {
    const char *end = memchr(s, '\r', n);
    return end ? (size_t)(end - s) : n;
}

static bool begins(const char *s, size_t n, const char *with) {
    size_t length = strlen(with);
    return n >= length && memcmp(s, with, length) == 0;
}

void mime_normalise(struct buf *out, const char *text) {
    buf_reserve(out, strlen(text) + 2);
    while (*text) {
        size_t n = strcspn(text, "\r\n");
        buf_add(out, text, n);
        buf_puts(out, "\r\n");
        text += n;
        text += text[0] == '\r' && text[1] == '\n' ? 2 : text[0] != '\0';
    }
}

/* --- which one ------------------------------------------------------------------------------- */

const char *mime_encoding_name(enum mime_encoding e) {
    static const char *const names[] = {"7bit", "quoted-printable", "base64"};
    return names[e];
}

/* Servers cut long lines and blanks at their end, mailboxes turn "From " into ">From ", and a dot
 * in front is doubled and must be halved again. */
static bool is_touched(const char *line, size_t n) {
    return n > MIME_LINE_MAX || (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t')) ||
           begins(line, n, ".") || begins(line, n, FROM) || begins(line, n, "--" MIME_BOUNDARY);
}

static bool is_printable(unsigned char c) {
    return (c >= ' ' && c <= '~') || c == '\t';
}

static size_t count_escapes(const char *line, size_t n, bool *plain) {
    size_t escapes = 0;
    for (size_t i = 0; i < n; i++) {
        bool printable = is_printable((unsigned char)line[i]);
        escapes += !printable || line[i] == '=';
        *plain = *plain && printable;
    }
    return escapes;
}

enum mime_encoding mime_encoding_of(const char *text, size_t n) {
    size_t escapes = 0;
    bool plain = true;
    for (size_t at = 0; at < n;) {
        size_t length = line_length(text + at, n - at);
        escapes += count_escapes(text + at, length, &plain);
        plain = plain && !is_touched(text + at, length);
        at += length + 2;
    }
    if (plain)
        return MIME_7BIT;
    /* base64 is a third longer than the text, and nobody can read it on the way */
    return escapes <= n / 3 ? MIME_QUOTED_PRINTABLE : MIME_BASE64;
}

/* --- quoted-printable ------------------------------------------------------------------------ */

/* first: it begins a line of the mail, perhaps behind a soft break. */
static bool is_escaped(const char *line, size_t n, size_t i, bool first) {
    char c = line[i];
    if (c == ' ' || c == '\t')
        return i + 1 == n;
    return c == '=' || !is_printable((unsigned char)c) ||
           (first && (c == '.' || begins(line + i, n - i, FROM)));
}

static void put_quoted_line(struct buf *out, const char *line, size_t n) {
    char row[QP_LINE + 2]; /* with CRLF */
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (used + 4 > QP_LINE) {
            memcpy(row + used, "=\r\n", 3);
            buf_add(out, row, used + 3);
            used = 0;
        }
        if (is_escaped(line, n, i, used == 0)) {
            row[used++] = '=';
            row[used++] = "0123456789ABCDEF"[(unsigned char)line[i] >> 4];
            row[used++] = "0123456789ABCDEF"[(unsigned char)line[i] & 15];
        } else {
            row[used++] = line[i];
        }
    }
    memcpy(row + used, "\r\n", 2);
    buf_add(out, row, used + 2);
}

static void put_quoted(struct buf *out, const char *text, size_t n) {
    for (size_t at = 0; at < n;) {
        size_t length = line_length(text + at, n - at);
        put_quoted_line(out, text + at, length);
        at += length + 2;
    }
}

/* --- base64 ---------------------------------------------------------------------------------- */

static void put_base64(struct buf *out, const char *data, size_t n) {
    for (size_t at = 0; at < n; at += BASE64_BYTES) {
        base64_add(out, data + at, n - at < BASE64_BYTES ? n - at : BASE64_BYTES);
        buf_puts(out, "\r\n");
    }
}

static bool is_digit64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

bool mime_rewrap(struct buf *out, const char *base64) {
    char row[BASE64_LINE + 2];
    size_t used = 0, digits = 0, padding = 0;
    for (const char *c = base64; *c; c++) {
        if (*c == '\r' || *c == '\n')
            continue;
        if (*c == '=')
            padding++;
        else if (is_digit64(*c) && padding == 0)
            digits++;
        else
            return false;
        row[used++] = *c;
        if (used == BASE64_LINE) {
            memcpy(row + used, "\r\n", 2);
            buf_add(out, row, used + 2);
            used = 0;
        }
    }
    memcpy(row + used, "\r\n", 2);
    buf_add(out, row, used > 0 ? used + 2 : 0);
    return padding <= 2 && (digits + padding) % 4 == 0;
}

void mime_encode(struct buf *out, enum mime_encoding e, const char *text, size_t n) {
    if (e == MIME_7BIT)
        buf_add(out, text, n);
    else if (e == MIME_QUOTED_PRINTABLE)
        put_quoted(out, text, n);
    else
        put_base64(out, text, n);
}
