/* Files are read whole and capped at what a mail may hold; attachments go to base64 straight into
 * their JSON. */
#include "app/parts.h"

#include "app/cmd.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define PART_MAX ((size_t)MESSAGE_MAX_BYTES)

/* --- bodies ----------------------------------------------------------------------------------- */

/* PostgreSQL's text can hold neither. */
static bool check_text(const char *name, const struct buf *b, struct err *err) {
    if (memchr(b->data, '\0', b->len))
        return err_set(err, ERR_INVALID, "send: --%s holds a NUL byte: no text", name);
    if (!str_is_utf8(b->data, b->len))
        return err_set(err, ERR_INVALID, "send: --%s is not UTF-8; convert it with iconv", name);
    return true;
}

static bool read_body(struct buf *b, const struct args *args, const char *name, struct err *err) {
    const char *path = args_value(args, name);
    if (!path)
        return true;
    if (!file_read(path, b, NULL, err))
        return err_wrap(err, "send: --%s", name);
    return b->len == 0 || check_text(name, b, err);
}

/* --- headers ---------------------------------------------------------------------------------- */

static bool add_header(struct json_writer *w, const char *line, struct err *err) {
    char name[80];
    const char *colon = strchr(line, ':');
    size_t n = colon ? (size_t)(colon - line) : 0;
    if (n == 0 || n >= sizeof name || !str_is_clean(line))
        return err_set(err, ERR_USAGE, "send: --header: allowed is Name: value, on one line");
    memcpy(name, line, n);
    name[n] = '\0';
    jw_kv_text(w, name, colon + 1 + strspn(colon + 1, " "));
    return true;
}

static bool read_headers(struct buf *out, const struct args *args, struct err *err) {
    struct json_writer w;
    const char *line = args_value_at(args, "header", 0);
    if (!line)
        return true;
    jw_init(&w, out);
    jw_object(&w);
    for (int i = 0; (line = args_value_at(args, "header", i)); i++)
        if (!add_header(&w, line, err))
            return false;
    jw_object_end(&w);
    return !out->failed || err_nomem(err);
}

/* --- attachments ------------------------------------------------------------------------------ */

static bool add_attachment(struct json_writer *w, const char *path, struct err *err) {
    struct buf file, content;
    buf_init(&file, PART_MAX);
    buf_init(&content, PART_MAX / 3 * 4 + 4);
    const char *slash = strrchr(path, '/');
    bool done = file_read(path, &file, NULL, err) || err_wrap(err, "send: --attach");
    if (done) {
        base64_add(&content, file.data, file.len);
        jw_object(w);
        jw_kv_text(w, "filename", slash ? slash + 1 : path);
        jw_kv_text(w, "content", buf_text(&content));
        jw_object_end(w);
        done = !content.failed || err_nomem(err);
    }
    buf_free(&file);
    buf_free(&content);
    return done;
}

static bool read_attachments(struct buf *out, const struct args *args, struct err *err) {
    struct json_writer w;
    const char *path = args_value_at(args, "attach", 0);
    if (!path)
        return true;
    jw_init(&w, out);
    jw_array(&w);
    for (int i = 0; (path = args_value_at(args, "attach", i)); i++)
        if (!add_attachment(&w, path, err))
            return false;
    jw_array_end(&w);
    return !out->failed || err_set(err, ERR_INVALID,
                                   "send: the attachments are too big: a mail "
                                   "may hold 40 MB in all, in base64");
}

/* --- all -------------------------------------------------------------------------------------- */

static int from_input(const char *path) {
    return path && strcmp(path, "-") == 0;
}

bool parts_read(struct parts *p, const struct args *args, struct err *err) {
    int inputs = from_input(args_value(args, "html")) + from_input(args_value(args, "text"));
    buf_init(&p->html, PART_MAX);
    buf_init(&p->text, PART_MAX);
    buf_init(&p->headers, PART_MAX);
    buf_init(&p->attachments, PART_MAX);
    for (int i = 0; args_value_at(args, "attach", i); i++)
        inputs += from_input(args_value_at(args, "attach", i));
    if (inputs > 1)
        return err_set(err, ERR_USAGE, "send: standard input (-) can be read only once");
    return read_body(&p->html, args, "html", err) && read_body(&p->text, args, "text", err) &&
           read_headers(&p->headers, args, err) && read_attachments(&p->attachments, args, err);
}

void parts_free(struct parts *p) {
    buf_free(&p->html);
    buf_free(&p->text);
    buf_free(&p->headers);
    buf_free(&p->attachments);
}

const char *parts_text(const struct buf *b) {
    return b->data;
}
