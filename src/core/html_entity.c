/* Character references: numbers, and those names that mails use. Pure; any thread. */
#include "core/html_entity.h"

#include <stdbool.h>
#include <string.h>

#define NAME_MAX 10

static const struct {
    char name[9];
    uint16_t ch;
} names[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},     {"nbsp", ' '},      {"ensp", ' '},      {"emsp", ' '},
    {"thinsp", ' '},    {"shy", 0},         {"zwnj", 0},        {"zwj", 0},
    {"iexcl", 0xa1},    {"cent", 0xa2},     {"pound", 0xa3},    {"yen", 0xa5},
    {"sect", 0xa7},     {"uml", 0xa8},      {"copy", 0xa9},     {"laquo", 0xab},
    {"not", 0xac},      {"reg", 0xae},      {"deg", 0xb0},      {"plusmn", 0xb1},
    {"sup2", 0xb2},     {"sup3", 0xb3},     {"acute", 0xb4},    {"micro", 0xb5},
    {"para", 0xb6},     {"middot", 0xb7},   {"sup1", 0xb9},     {"raquo", 0xbb},
    {"frac14", 0xbc},   {"frac12", 0xbd},   {"frac34", 0xbe},   {"iquest", 0xbf},
    {"Agrave", 0xc0},   {"Aacute", 0xc1},   {"Acirc", 0xc2},    {"Atilde", 0xc3},
    {"Auml", 0xc4},     {"Aring", 0xc5},    {"AElig", 0xc6},    {"Ccedil", 0xc7},
    {"Egrave", 0xc8},   {"Eacute", 0xc9},   {"Ecirc", 0xca},    {"Euml", 0xcb},
    {"Igrave", 0xcc},   {"Iacute", 0xcd},   {"Icirc", 0xce},    {"Iuml", 0xcf},
    {"Ntilde", 0xd1},   {"Ograve", 0xd2},   {"Oacute", 0xd3},   {"Ocirc", 0xd4},
    {"Otilde", 0xd5},   {"Ouml", 0xd6},     {"times", 0xd7},    {"Oslash", 0xd8},
    {"Ugrave", 0xd9},   {"Uacute", 0xda},   {"Ucirc", 0xdb},    {"Uuml", 0xdc},
    {"szlig", 0xdf},    {"agrave", 0xe0},   {"aacute", 0xe1},   {"acirc", 0xe2},
    {"atilde", 0xe3},   {"auml", 0xe4},     {"aring", 0xe5},    {"aelig", 0xe6},
    {"ccedil", 0xe7},   {"egrave", 0xe8},   {"eacute", 0xe9},   {"ecirc", 0xea},
    {"euml", 0xeb},     {"igrave", 0xec},   {"iacute", 0xed},   {"icirc", 0xee},
    {"iuml", 0xef},     {"ntilde", 0xf1},   {"ograve", 0xf2},   {"oacute", 0xf3},
    {"ocirc", 0xf4},    {"otilde", 0xf5},   {"ouml", 0xf6},     {"divide", 0xf7},
    {"oslash", 0xf8},   {"ugrave", 0xf9},   {"uacute", 0xfa},   {"ucirc", 0xfb},
    {"uuml", 0xfc},     {"yuml", 0xff},     {"OElig", 0x152},   {"oelig", 0x153},
    {"Scaron", 0x160},  {"scaron", 0x161},  {"ndash", 0x2013},  {"mdash", 0x2014},
    {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},  {"ldquo", 0x201c},
    {"rdquo", 0x201d},  {"bdquo", 0x201e},  {"dagger", 0x2020}, {"bull", 0x2022},
    {"hellip", 0x2026}, {"permil", 0x2030}, {"lsaquo", 0x2039}, {"rsaquo", 0x203a},
    {"euro", 0x20ac},   {"trade", 0x2122},  {"larr", 0x2190},   {"uarr", 0x2191},
    {"rarr", 0x2192},   {"darr", 0x2193},   {"minus", 0x2212},  {"ne", 0x2260},
    {"le", 0x2264},     {"ge", 0x2265},     {"check", 0x2713},
};

static int digit(char c, int base) {
    int n = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : 99;
    return n < base ? n : -1;
}

/* No character, or none that text may hold: the sign for "broken". */
static uint32_t checked(uint32_t ch) {
    bool surrogate = ch >= 0xd800 && ch <= 0xdfff;
    return ch == 0 || ch > 0x10ffff || surrogate ? 0xfffd : ch;
}

static size_t numeric(const char *s, size_t n, uint32_t *ch) {
    int base = n > 1 && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
    size_t first = base == 16 ? 2 : 1, i = first;
    uint32_t value = 0;
    for (; i < n && digit(s[i], base) >= 0; i++)
        if (value <= 0x10ffff)
            value = value * (uint32_t)base + (uint32_t)digit(s[i], base);
    if (i == first)
        return 0;
    *ch = value == 0xa0 ? ' ' : checked(value);
    return i < n && s[i] == ';' ? i + 1 : i;
}

size_t html_entity(const char *s, size_t n, uint32_t *ch) {
    if (n > 0 && s[0] == '#')
        return numeric(s, n, ch);
    const char *end = memchr(s, ';', n < NAME_MAX ? n : NAME_MAX);
    if (end == NULL || end == s)
        return 0;
    size_t len = (size_t)(end - s);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(names[i].name, s, len) == 0 && strlen(names[i].name) == len) {
            *ch = names[i].ch;
            return len + 1;
        }
    return 0;
}
