/* Decode, clean and measure text for the screen. */
#include "ui/text.h"

#include "base/str.h"

#include <string.h>
#include <wchar.h>

#define ID_WHOLE 12 /* columns up to which an id is never shortened */

/* One code point; UINT32_MAX where the bytes are no UTF-8, with *s moved by one byte. */
static uint32_t decode(const char **s) {
    uint32_t ch;
    size_t n = str_utf8_next(*s, strnlen(*s, 4), &ch);
    *s += n == 0 ? 1 : n;
    return n == 0 ? UINT32_MAX : ch;
}

/* What terminals disagree about, or what changes the order or shape of its neighbours, though the
 * C library gives it a width. */
static int is_treacherous(uint32_t ch) {
    static const struct range {
        uint32_t first, last;
    } ranges[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x0600, 0x0605},   {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xe000, 0xf8ff},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xffff},
        {0x1f1e6, 0x1f1ff}, {0x1f3fb, 0x1f3ff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ch >= ranges[i].first && ch <= ranges[i].last)
            return 1;
    return 0;
}

uint32_t text_next(const char **s, int *width) {
    *width = 1;
    if (**s == '\0')
        return 0;
    uint32_t ch = decode(s);
    if (ch >= 0x20 && ch < 0x7f)
        return ch;
    if (ch == UINT32_MAX || is_treacherous(ch))
        return '?';
    int w = wcwidth((wchar_t)ch);
    if (w < 1 || w > 2)
        return '?';
    *width = w;
    return ch;
}

int text_width(const char *s) {
    int total = 0, w;
    while (text_next(&s, &w) != 0)
        total += w;
    return total;
}

size_t text_encode(char dst[5], uint32_t ch) {
    size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; ch >>= 6)
        dst[i] = (char)(0x80 | (ch & 0x3f));
    dst[0] = (char)(lead[n] | ch);
    dst[n] = '\0';
    return n;
}

void text_clean(char *dst, size_t size, const char *s) {
    size_t len = 0;
    int w;
    char bytes[5];
    for (uint32_t ch; (ch = text_next(&s, &w)) != 0;) {
        size_t n = text_encode(bytes, ch);
        if (len + n >= size)
            break;
        memcpy(dst + len, bytes, n);
        len += n;
    }
    dst[len] = '\0';
}

void text_short_id(char *dst, size_t size, const char *id, const char *ellipsis) {
    char clean[80];
    size_t starts[sizeof clean];
    int n = 0, w;
    text_clean(clean, sizeof clean, id);
    for (const char *p = clean; *p != '\0'; text_next(&p, &w))
        starts[n++] = (size_t)(p - clean);
    if (text_width(clean) <= ID_WHOLE || n <= 8)
        str_copy(dst, size, clean);
    else
        str_format(dst, size, "%.*s%s%s", (int)starts[4], clean, ellipsis, clean + starts[n - 4]);
}
