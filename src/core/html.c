/* HTML read once from left to right: tags set line breaks and skip what is not text, everything
 * else is text. White space collapses, except in <pre>. */
#include "core/html.h"

#include "base/str.h"
#include "core/html_entity.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LINKS_MAX 200
#define TAG_NAME_MAX 16

struct span {
    const char *s;
    size_t n;
};

struct reader {
    struct buf *out;
    const char *p, *end;
    size_t start;     /* of this text in out */
    int breaks;       /* line ends to write before the next character */
    bool blank;       /* a blank to write before it */
    int pre;          /* depth of <pre> */
    struct span skip; /* until </...>: nothing inside is text */
    struct span links[LINKS_MAX];
    int link_count;
    int link; /* number of the open <a>, 0: none */
};

/* --- writing ---------------------------------------------------------------------------------- */

static void break_lines(struct reader *r, int n) {
    r->blank = false;
    if (r->breaks < n)
        r->breaks = n;
}

static void put(struct reader *r, const char *bytes, size_t n) {
    if (r->out->len == r->start)
        r->breaks = 0; /* nothing above the first line */
    else if (r->blank && r->breaks == 0 && r->out->data[r->out->len - 1] != ' ')
        buf_addc(r->out, ' ');
    for (; r->breaks > 0; r->breaks--)
        buf_addc(r->out, '\n');
    r->blank = false;
    buf_add(r->out, bytes, n);
}

static void put_char(struct reader *r, uint32_t ch) {
    char b[4];
    size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (ch == 0)
        return;
    for (size_t i = n; i-- > 1; ch >>= 6)
        b[i] = (char)(0x80 | (ch & 0x3f));
    b[0] = (char)(lead[n] | ch);
    put(r, b, n);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void put_text(struct reader *r, char c) {
    if (r->pre > 0 && c == '\n')
        r->breaks++;
    else if (r->pre > 0 && c == ' ')
        put(r, &c, 1);
    else if (is_space(c))
        r->blank = true;
    else
        put(r, &c, 1);
}

/* --- tags ------------------------------------------------------------------------------------- */

struct tag {
    char name[TAG_NAME_MAX];
    bool closing;
    struct span attributes;
};

static bool is_one_of(const char *name, const char *const *list) {
    for (; *list != NULL; list++)
        if (str_eq(name, *list))
            return true;
    return false;
}

/* The value of an attribute; s is NULL where it is not there. */
static struct span attribute(struct span in, const char *wanted) {
    const char *p = in.s, *end = in.s + in.n;
    size_t len = strlen(wanted);
    while (p < end) {
        while (p < end && (is_space(*p) || *p == '/'))
            p++;
        const char *name = p;
        while (p < end && !is_space(*p) && *p != '=')
            p++;
        size_t name_len = (size_t)(p - name);
        while (p < end && is_space(*p))
            p++;
        struct span value = {p, 0};
        if (p < end && *p == '=') {
            for (p++; p < end && is_space(*p);)
                p++;
            char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
            value.s = p;
            while (p < end && (quote != '\0' ? *p != quote : !is_space(*p)))
                p++;
            value.n = (size_t)(p - value.s);
            p += p < end && quote != '\0';
        }
        if (name_len == len && strncasecmp(name, wanted, len) == 0)
            return value;
        if (p == name)
            p++;
    }
    return (struct span){NULL, 0};
}

/* The number of this address; the same address keeps its number. 0: not worth one. */
static int number_link(struct reader *r, struct span href) {
    while (href.n > 0 && is_space(*href.s))
        href.s++, href.n--;
    if (href.n == 0 || href.s[0] == '#')
        return 0;
    for (int i = 0; i < r->link_count; i++)
        if (r->links[i].n == href.n && memcmp(r->links[i].s, href.s, href.n) == 0)
            return i + 1;
    if (r->link_count == LINKS_MAX)
        return 0;
    r->links[r->link_count++] = href;
    return r->link_count;
}

static void end_link(struct reader *r) {
    char text[24];
    if (r->link == 0)
        return;
    str_format(text, sizeof text, "[%d]", r->link);
    r->link = 0;
    bool blank = r->blank;
    r->blank = true; /* between the words and their number */
    put(r, text, strlen(text));
    r->blank = blank;
}

static void on_link(struct reader *r, const struct tag *t) {
    end_link(r);
    if (!t->closing)
        r->link = number_link(r, attribute(t->attributes, "href"));
}

static void on_tag(struct reader *r, const struct tag *t) {
    static const char *const no_text[] = {"head",     "style",  "script",   "title", "template",
                                          "noscript", "object", "textarea", "svg",   NULL};
    static const char *const paragraphs[] = {"p",  "h1", "h2",    "h3",         "h4",  "h5", "h6",
                                             "ul", "ol", "table", "blockquote", "pre", NULL};
    static const char *const lines[] = {
        "div", "tr", "li",   "section", "article", "header", "footer", "center", "dl",
        "dt",  "dd", "form", "address", "main",    "figure", "body",   "html",   NULL};
    static const char *const cells[] = {"td", "th", NULL};
    if (str_eq(t->name, "a")) {
        on_link(r, t);
    } else if (str_eq(t->name, "br")) {
        r->blank = false;
        r->breaks += r->breaks < 2;
    } else if (str_eq(t->name, "hr")) {
        break_lines(r, 1);
        put(r, "----", 4);
        break_lines(r, 1);
    } else if (is_one_of(t->name, cells)) {
        r->blank = true;
    } else if (is_one_of(t->name, paragraphs)) {
        break_lines(r, 2);
    } else if (is_one_of(t->name, lines)) {
        break_lines(r, 1);
    }
    if (str_eq(t->name, "li") && !t->closing)
        put(r, "- ", 2);
    if (str_eq(t->name, "pre"))
        r->pre = t->closing ? 0 : 1;
    if (!t->closing && is_one_of(t->name, no_text))
        r->skip = (struct span){t->name, strlen(t->name)};
}

/* From behind the '<' to behind the '>'; a '>' inside quotes does not end it. */
static void read_tag(struct reader *r, struct tag *t) {
    size_t n = 0;
    char quote = '\0';
    *t = (struct tag){.closing = *r->p == '/'};
    r->p += t->closing;
    while (r->p < r->end && !is_space(*r->p) && *r->p != '>' && *r->p != '/') {
        char c = *r->p++;
        if (n + 1 < sizeof t->name)
            t->name[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    t->attributes.s = r->p;
    for (; r->p < r->end && (quote != '\0' || *r->p != '>'); r->p++)
        if (quote != '\0' && *r->p == quote)
            quote = '\0';
        else if (quote == '\0' && (*r->p == '"' || *r->p == '\'') && r->p[-1] == '=')
            quote = *r->p;
    t->attributes.n = (size_t)(r->p - t->attributes.s);
    r->p += r->p < r->end;
}

static const char *find(const char *p, const char *end, const char *text) {
    const char *at = memmem(p, (size_t)(end - p), text, strlen(text));
    return at == NULL ? end : at;
}

/* Behind </name>; where that never comes, behind everything. */
static void skip_to_end_of(struct reader *r, const char *name) {
    size_t n = strlen(name);
    while (r->p < r->end) {
        r->p = find(r->p, r->end, "</");
        if (r->end - r->p < (ptrdiff_t)(n + 2)) {
            r->p = r->end;
        } else if (strncasecmp(r->p + 2, name, n) == 0) {
            r->p = find(r->p, r->end, ">");
            r->p += r->p < r->end;
            return;
        } else {
            r->p += 2;
        }
    }
}

/* At a '<': a comment, a declaration, a tag, or a plain "less than". */
static void on_less(struct reader *r) {
    char next = r->end - r->p > 1 ? r->p[1] : '\0';
    bool letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    struct tag tag;
    if (next == '!' && r->end - r->p >= 4 && memcmp(r->p, "<!--", 4) == 0) {
        r->p = find(r->p + 4, r->end, "-->");
        r->p += r->end - r->p >= 3 ? 3 : r->end - r->p;
    } else if (next == '!' || next == '?') {
        r->p = find(r->p, r->end, ">");
        r->p += r->p < r->end;
    } else if (letter || next == '/') {
        r->p++;
        read_tag(r, &tag);
        on_tag(r, &tag);
        if (r->skip.n > 0)
            skip_to_end_of(r, tag.name);
        r->skip.n = 0;
    } else {
        put_text(r, *r->p++);
    }
}

static void on_and(struct reader *r) {
    uint32_t ch;
    size_t n = html_entity(r->p + 1, (size_t)(r->end - r->p - 1), &ch);
    if (n == 0)
        put_text(r, '&');
    else if (ch < 0x80 && is_space((char)ch))
        put_text(r, (char)ch);
    else
        put_char(r, ch);
    r->p += 1 + n;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* U+00A0 is drawn as the blank it looks like. */
static bool at_nbsp(const struct reader *r) {
    return r->end - r->p >= 2 && r->p[0] == '\xc2' && r->p[1] == '\xa0';
}

static void list_links(struct reader *r) {
    char number[24];
    break_lines(r, 2);
    for (int i = 0; i < r->link_count; i++) {
        str_format(number, sizeof number, "[%d] ", i + 1);
        put(r, number, strlen(number));
        for (size_t k = 0; k < r->links[i].n; k++) {
            uint32_t ch;
            const char *s = r->links[i].s + k;
            size_t n = *s == '&' ? html_entity(s + 1, r->links[i].n - k - 1, &ch) : 0;
            if (n > 0)
                put_char(r, ch);
            else
                put(r, s, 1);
            k += n;
        }
        break_lines(r, 1);
    }
}

void html_text(struct buf *out, const char *html, size_t n) {
    struct reader r = {.out = out, .p = html, .end = html + n, .start = out->len};
    while (r.p < r.end && !out->failed) {
        if (*r.p == '<') {
            on_less(&r);
        } else if (*r.p == '&') {
            on_and(&r);
        } else if (at_nbsp(&r)) {
            put_text(&r, ' ');
            r.p += 2;
        } else {
            put_text(&r, *r.p++);
        }
    }
    end_link(&r);
    list_links(&r);
    if (out->len > r.start)
        buf_addc(out, '\n');
}
