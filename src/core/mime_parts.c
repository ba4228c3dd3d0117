/* The parts of a mail are a tree of at most three levels,
 *
 *   mixed ( alternative ( text, related ( html, inline files ) ), files )
 *
 * of which only those are there that hold more than one part. Pure; any thread. */
#include "core/mime_parts.h"

#include "base/str.h"
#include "core/mime_encode.h"
#include "core/mime_file.h"

enum level {
    MIXED,
    ALTERNATIVE,
    RELATED
};

struct tree {
    struct buf *out;
    const char *html, *text; /* NULL where blank */
    const struct json *files;
    const char *mark;
};

/* Ends the header of whatever is open but for its blank line, which next_part brings. */
static void open_level(const struct tree *t, enum level level) {
    static const char *const types[] = {"mixed", "alternative", "related; type=\"text/html\""};
    buf_printf(t->out, "Content-Type: multipart/%s;\r\n boundary=\"" MIME_BOUNDARY "%s_%d\"\r\n",
               types[level], t->mark, level);
}

static void next_part(const struct tree *t, enum level level) {
    buf_printf(t->out, "\r\n--" MIME_BOUNDARY "%s_%d\r\n", t->mark, level);
}

static void close_level(const struct tree *t, enum level level) {
    buf_printf(t->out, "\r\n--" MIME_BOUNDARY "%s_%d--\r\n", t->mark, level);
}

static void put_body(const struct tree *t, const char *type, const char *body) {
    struct buf text;
    buf_init(&text, SIZE_MAX);
    mime_normalise(&text, body);
    enum mime_encoding e = mime_encoding_of(buf_text(&text), text.len);
    buf_printf(t->out,
               "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n",
               type, mime_encoding_name(e));
    mime_encode(t->out, e, buf_text(&text), text.len);
    t->out->failed = t->out->failed || text.failed;
    buf_free(&text);
}

/* Shown within the html? */
static bool is_inline(const struct tree *t, const struct json *file) {
    return t->html && json_get_text(file, "content_id");
}

static bool has_files(const struct tree *t, bool inlined) {
    for (const struct json *file = json_first(t->files); file; file = json_next(file))
        if (is_inline(t, file) == inlined)
            return true;
    return false;
}

static bool put_files(const struct tree *t, enum level level, bool inlined, struct err *err) {
    int i = 0;
    for (const struct json *file = json_first(t->files); file; file = json_next(file), i++) {
        if (is_inline(t, file) != inlined)
            continue;
        next_part(t, level);
        if (!mime_file(t->out, file, inlined, err))
            return err_wrap(err, "attachments[%d]", i);
    }
    return true;
}

static bool put_html(const struct tree *t, struct err *err) {
    if (!has_files(t, true)) {
        put_body(t, "html", t->html);
        return true;
    }
    open_level(t, RELATED);
    next_part(t, RELATED);
    put_body(t, "html", t->html);
    bool good = put_files(t, RELATED, true, err);
    close_level(t, RELATED);
    return good;
}

static bool put_bodies(const struct tree *t, struct err *err) {
    if (!t->text)
        return put_html(t, err);
    if (!t->html) {
        put_body(t, "plain", t->text);
        return true;
    }
    open_level(t, ALTERNATIVE);
    next_part(t, ALTERNATIVE);
    put_body(t, "plain", t->text);
    next_part(t, ALTERNATIVE);
    bool good = put_html(t, err);
    close_level(t, ALTERNATIVE);
    return good;
}

static bool put_all(const struct tree *t, struct err *err) {
    if (!has_files(t, false))
        return put_bodies(t, err);
    open_level(t, MIXED);
    next_part(t, MIXED);
    bool good = put_bodies(t, err) && put_files(t, MIXED, false, err);
    close_level(t, MIXED);
    return good;
}

bool mime_parts(struct buf *out, const struct message *m, const struct json *files,
                const char *mark, struct err *err) {
    struct tree t = {.out = out, .files = files, .mark = mark};
    t.html = str_is_blank(m->html) ? NULL : m->html;
    t.text = str_is_blank(m->text) ? NULL : m->text;
    if (!t.html && !t.text)
        return err_set(err, ERR_INVALID, "html and text are both empty; fill in at least one");
    return put_all(&t, err);
}
