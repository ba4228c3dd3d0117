/* The message that is read. */
#include "ui/letter.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/html.h"
#include "ui/text.h"

#include <string.h>

#define TEXT_MAX ((size_t)2 * 1024 * 1024)

void letter_start(struct letter *l, const char *id) {
    letter_done(l);
    str_copy(l->id, sizeof l->id, id);
}

void letter_done(struct letter *l) {
    chain_clear(&l->chain);
    mem_free(l->text);
    *l = (struct letter){0};
}

const struct page_message *letter_message(const struct letter *l) {
    return l->chain.count > 0 ? &l->chain.pages[0]->message : NULL;
}

/* --- parts ------------------------------------------------------------------------------------ */

const char *letter_part_name(enum letter_part part) {
    static const char *const names[LETTER_PARTS] = {"text", "headers", "HTML", "answer"};
    return names[part];
}

const char *letter_title(const struct letter *l) {
    const struct page_message *m = letter_message(l);
    switch (l->part) {
    case PART_HEADERS:
        return "its headers";
    case PART_SOURCE:
        return "its HTML as it is";
    case PART_ANSWER:
        return "the provider's answer";
    default:
        return m != NULL && m->text[0] == '\0' && m->html[0] != '\0' ? "text made from its HTML"
                                                                     : "its text";
    }
}

bool letter_has(const struct letter *l, enum letter_part part) {
    const struct page_message *m = letter_message(l);
    return part != PART_SOURCE || m == NULL || m->html[0] != '\0';
}

enum letter_part letter_next(const struct letter *l) {
    int part = (int)l->part;
    do
        part = (part + 1) % LETTER_PARTS;
    while (!letter_has(l, (enum letter_part)part)); /* a text it always has */
    return (enum letter_part)part;
}

static void add_files(struct buf *b, const struct page_message *m) {
    if (m->file_count > 0 && b->len > 0)
        buf_addc(b, '\n');
    for (int i = 0; i < m->file_count; i++) {
        const struct page_file *f = &m->files[i];
        buf_printf(b, "Attachment: %s", f->name[0] != '\0' ? f->name : "without a name");
        if (f->bytes >= 1024)
            buf_printf(b, ", %lld KB", (long long)f->bytes / 1024);
        else if (f->bytes >= 0)
            buf_printf(b, ", %lld bytes", (long long)f->bytes);
        buf_printf(b, "%s%s\n", f->type[0] != '\0' ? ", " : "", f->type);
    }
}

static void add_text(struct buf *b, const struct page_message *m) {
    if (m->text[0] != '\0')
        buf_puts(b, m->text);
    else
        html_text(b, m->html, strlen(m->html));
    if (b->len > 0 && b->data[b->len - 1] != '\n')
        buf_addc(b, '\n');
    if (m->cut)
        buf_puts(b, "(cut here: postroom show ID has the whole of it)\n");
    add_files(b, m);
}

static void add_part(struct buf *b, const struct page_message *m, enum letter_part part) {
    if (part == PART_TEXT)
        add_text(b, m);
    else
        buf_puts(b, part == PART_HEADERS ? m->headers : part == PART_SOURCE ? m->html : m->answer);
    if (b->len == 0)
        buf_puts(b, part == PART_ANSWER ? "no answer is known\n" : "nothing\n");
}

/* No line ends but '\n', no tabs: what is left is cleaned as it is drawn. */
static void plain_lines(char *s) {
    char *to = s;
    for (; *s != '\0'; s++)
        if (*s != '\r')
            *to++ = *s == '\t' ? ' ' : *s;
    *to = '\0';
}

void letter_show(struct letter *l, enum letter_part part) {
    struct buf b;
    if (!letter_has(l, part))
        part = PART_TEXT;
    if (part != l->part)
        l->top = 0;
    l->part = part;
    mem_free(l->text);
    l->text = NULL;
    if (letter_message(l) == NULL)
        return;
    buf_init(&b, TEXT_MAX);
    add_part(&b, letter_message(l), part);
    l->text = buf_take(&b);
    buf_free(&b);
    if (l->text != NULL)
        plain_lines(l->text);
}

/* --- lines ------------------------------------------------------------------------------------ */

bool letter_line(const char **rest, int width, const char **line, size_t *len) {
    const char *p = *rest, *end = p, *blank = NULL;
    int used = 0, w;
    if (*p == '\0')
        return false;
    *line = p;
    while (*p != '\0' && *p != '\n') {
        if (*p == ' ')
            blank = p;
        text_next(&p, &w);
        if ((used += w) > width)
            break;
        end = p;
    }
    bool whole = used <= width;
    if (!whole && blank != NULL && blank > *line)
        end = blank;
    if (!whole && end == *line) /* not even one fits */
        end = p;
    *len = (size_t)(end - *line);
    *rest = end + (whole ? *end == '\n' : strspn(end, " "));
    return true;
}

int letter_lines(const struct letter *l, int width) {
    const char *rest = l->text == NULL ? "" : l->text, *line;
    size_t len;
    int n = 0;
    while (letter_line(&rest, width, &line, &len))
        n++;
    return n;
}

/* --- twice? ----------------------------------------------------------------------------------- */

static int attempts_of(const struct page_message *m) {
    int n = 0;
    for (int i = 0; i < m->history_count; i++)
        n += m->history[i].attempt;
    return n;
}

void letter_twice(const struct page_message *m, const char *ellipsis, char *dst, size_t size) {
    int attempts = attempts_of(m);
    char request[80] = "?";
    for (int i = m->history_count - 1; i >= 0; i--) /* ends with the newest */
        if (m->history[i].request[0] != '\0')
            text_short_id(request, sizeof request, m->history[i].request, ellipsis);
    if (str_eq(m->row.error_code, "uncertain"))
        str_format(dst, size, "maybe: the answer was lost (request %s)", request);
    else if (str_eq(m->row.status, "sent"))
        str_copy(dst, size, "no: the provider has taken it once");
    else if (attempts == 0 && m->row.retry_count <= 0)
        str_copy(dst, size, "no: it was never tried");
    else if (attempts > 0 && str_eq(request, "?"))
        str_copy(dst, size, "no: it was never handed to the provider");
    else if (str_starts(m->row.error_code, "rejected"))
        str_format(dst, size, "no: the provider refused it%s",
                   attempts <= 1   ? "" /* its history may be gone */
                   : attempts == 2 ? " both times"
                                   : " every time");
    else if (attempts == 0) /* their history is gone */
        str_copy(dst, size, "no: none of its attempts was taken");
    else
        str_copy(dst, size, "no: while it is open the same request is made again, under its key");
}
