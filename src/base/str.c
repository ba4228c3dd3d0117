/* Bounded strings, numbers, and text from outside. Nothing allocates but str_sanitize's buffer.
 * Numbers are read in the C locale: the program sets LC_CTYPE at most. Any thread. */
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- UTF-8 ----------------------------------------------------------------------------------- */

size_t str_utf8_next(const char *s, size_t n, uint32_t *cp) {
    const unsigned char *b = (const unsigned char *)s;
    if (n == 0) {
        return 0;
    }
    if (b[0] < 0x80) {
        *cp = b[0];
        return 1;
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || n < len) {
        return 0;
    }
    uint32_t c = b[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((b[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = c << 6 | (b[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *cp = c;
    return len;
}

bool str_is_utf8(const char *s, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint64_t eight;
        if (n - i >= sizeof eight) { /* plain ASCII goes by in steps of eight */
            memcpy(&eight, s + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        uint32_t cp;
        size_t len = str_utf8_next(s + i, n - i, &cp);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

/* How many of the n bytes remain when a character that was cut at their end is left out. */
static size_t whole_chars(const char *s, size_t n) {
    size_t start = n;
    for (int back = 0; back < 3 && start > 0 && ((unsigned char)s[start - 1] & 0xc0) == 0x80;
         back++) {
        start--;
    }
    if (start == 0) {
        return n;
    }
    unsigned char lead = (unsigned char)s[start - 1];
    size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return needs > n - (start - 1) ? start - 1 : n;
}

/* --- copying --------------------------------------------------------------------------------- */

bool str_copy(char *dst, size_t size, const char *src) {
    if (size == 0) {
        return false;
    }
    if (!src) {
        src = "";
    }
    size_t n = strnlen(src, size);
    bool fits = n < size;
    if (!fits) {
        n = whole_chars(src, size - 1);
    }
    memmove(dst, src, n);
    dst[n] = '\0';
    return fits;
}

bool str_format(char *dst, size_t size, const char *fmt, ...) {
    if (size == 0) {
        return false;
    }
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(dst, size, fmt, args);
    va_end(args);
    if (n < 0) {
        dst[0] = '\0';
        return false;
    }
    if ((size_t)n < size) {
        return true;
    }
    dst[whole_chars(dst, size - 1)] = '\0';
    return false;
}

bool str_copy_line(char *dst, size_t size, const char *src) {
    size_t left = src ? strlen(src) : 0;
    size_t n = 0;
    if (size == 0) {
        return false;
    }
    while (left > 0) {
        uint32_t cp = 0;
        size_t len = str_utf8_next(src, left, &cp);
        bool broken = len == 0;
        bool control = !broken && (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f));
        size_t put = broken || control ? 1 : len;
        if (n + put >= size) {
            break;
        }
        if (broken || control) {
            dst[n] = broken ? '?' : ' ';
        } else {
            memcpy(dst + n, src, len);
        }
        n += put;
        src += broken ? 1 : len;
        left -= broken ? 1 : len;
    }
    dst[n] = '\0';
    return left == 0;
}

/* --- looking and trimming -------------------------------------------------------------------- */

bool str_eq(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_is_blank(const char *s) {
    while (s && is_space(*s)) {
        s++;
    }
    return !s || *s == '\0';
}

bool str_starts(const char *s, const char *prefix) {
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

char *str_trim(char *s) {
    while (is_space(*s)) {
        s++;
    }
    size_t n = strlen(s);
    while (n > 0 && is_space(s[n - 1])) {
        n--;
    }
    s[n] = '\0';
    return s;
}

/* --- numbers --------------------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits at the start of s as a number; *rest is what follows them. */
static bool read_int64(const char *s, int64_t *out, const char **rest) {
    if (!s || !is_digit(s[*s == '-' || *s == '+'])) {
        return false;
    }
    char *end;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    if (errno != 0) {
        return false;
    }
    *out = n;
    *rest = end;
    return true;
}

bool str_to_int64(const char *s, int64_t *out) {
    const char *rest;
    int64_t n;
    if (!read_int64(s, &n, &rest) || *rest != '\0') {
        return false;
    }
    *out = n;
    return true;
}

bool str_to_double(const char *s, double *out) {
    if (!s || *s == '\0' || s[strspn(s, "0123456789+-.eE")] != '\0') {
        return false; /* no blanks, no hexadecimal, no "inf" */
    }
    char *end;
    double n = strtod(s, &end);
    if (*end != '\0' || !isfinite(n)) {
        return false;
    }
    *out = n;
    return true;
}

bool str_to_duration_ms(const char *s, int64_t *out) {
    static const struct {
        const char *suffix;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    const char *rest;
    int64_t n;
    if (!s || !is_digit(*s) || !read_int64(s, &n, &rest)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (str_eq(rest, units[i].suffix) && n <= INT64_MAX / units[i].ms) {
            *out = n * units[i].ms;
            return true;
        }
    }
    return false;
}

/* --- text from outside ----------------------------------------------------------------------- */

bool str_is_hidden(uint32_t cp) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},                       /* C0, DEL, C1 */
        {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605}, /* soft hyphen, joiner, prefixes */
        {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891}, {0x8e2, 0x8e2},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},   /* fillers, inherent vowels */
        {0x200b, 0x200f},   {0x2028, 0x202e},                       /* zero width, lines, bidi */
        {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},   /* joiners, isolates, filler */
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},                       /* filler, notes */
        {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, /* number signs, joiners */
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, /* shorthand, music, tags */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

bool str_is_clean(const char *s) {
    size_t left = s ? strlen(s) : 0;
    while (left > 0) {
        uint32_t cp;
        size_t len = str_utf8_next(s, left, &cp);
        if (len == 0 || cp < 0x20 || (cp >= 0x7f && cp <= 0x9f)) {
            return false;
        }
        s += len;
        left -= len;
    }
    return s != NULL;
}

static const char ellipsis[] = "…";

static void shorten(struct buf *b, size_t len) {
    if (len < b->len) {
        b->len = len;
        b->data[len] = '\0';
    }
}

/* How many of the n bytes from s on are characters of ASCII that can be seen, or spaces. */
static size_t shown_run(const char *s, size_t n) {
    size_t i = 0;
    while (i < n && s[i] >= 0x20 && s[i] < 0x7f) {
        i++;
    }
    return i;
}

void str_sanitize(struct buf *out, const char *s, size_t max_bytes) {
    size_t left = s ? strlen(s) : 0;
    size_t start = out->len;
    size_t fits = 0; /* where the ellipsis still goes */
    while (left > 0 && !out->failed) {
        size_t run = shown_run(s, left);
        if (run > 0 && out->len - start + run + sizeof ellipsis - 1 <= max_bytes) {
            buf_add(out, s, run); /* in one go what most texts consist of */
            fits = out->len - start;
            s += run;
            left -= run;
            continue;
        }
        uint32_t cp = 0;
        size_t len = str_utf8_next(s, left, &cp);
        char escaped[4 * 4 + 1];
        const char *piece = s;
        size_t take = len ? len : 1;
        size_t put = take;
        if (len == 0 || str_is_hidden(cp)) {
            for (size_t i = 0; i < take; i++) {
                snprintf(escaped + 4 * i, 5, "\\x%02X", (unsigned char)s[i]);
            }
            piece = escaped;
            put = 4 * take;
        }
        size_t used = out->len - start;
        if (used + put > max_bytes) {
            shorten(out, start + fits);
            buf_puts(out, max_bytes >= sizeof ellipsis - 1 ? ellipsis : "");
            return;
        }
        buf_add(out, piece, put);
        used += put;
        if (used + sizeof ellipsis - 1 <= max_bytes) {
            fits = used;
        }
        s += take;
        left -= take;
    }
}

void str_redact(char *dst, size_t size, const char *secret) {
    size_t n = secret ? strlen(secret) : 0;
    const char *last = n >= 12 ? secret + n - 4 : "";
    for (const char *c = last; *c; c++) {
        if (*c <= ' ' || *c > '~') { /* not a character of its own: show nothing */
            last = "";
            break;
        }
    }
    str_format(dst, size, "…%s", last);
}
