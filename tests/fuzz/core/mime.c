/* Mails: whatever a row holds, what comes out is lines of one mail with the headers it must have
 * and no other, and a reader that knows nothing of how it was made finds the row's bodies and
 * files.
 *
 * A seed is a row (row.h), the database's name and a NUL, and "8" where UTF-8 addresses are
 * allowed. */
#include "core/mime.h"
#include "base/json.h"
#include "core/settings.h"

#include "fuzz/row.h"

#define MAIL_MAX ((size_t)16 << 20)

/* --- lines ----------------------------------------------------------------------------------- */

struct span {
    const char *at, *end;
};

/* The next line without its CRLF; false at the end. */
static bool take_line(struct span *in, struct span *line) {
    if (in->at == in->end)
        return false;
    const char *end = memmem(in->at, (size_t)(in->end - in->at), "\r\n", 2);
    CHECK(end); /* every line has one */
    *line = (struct span){in->at, end};
    in->at = end + 2;
    return true;
}

static size_t length(struct span s) {
    return (size_t)(s.end - s.at);
}

static bool starts(struct span s, const char *with) {
    return length(s) >= strlen(with) && memcmp(s.at, with, strlen(with)) == 0;
}

static bool equals(struct span s, const char *text) {
    return length(s) == strlen(text) && starts(s, text);
}

/* Nothing that a server on the way cuts, doubles or quotes. */
static bool is_touched(struct span line) {
    return starts(line, ".") || starts(line, "From ") ||
           (length(line) > 0 && (line.end[-1] == ' ' || line.end[-1] == '\t'));
}

static void check_lines(struct span mail, bool ascii) {
    struct span line;
    while (take_line(&mail, &line)) {
        CHECK(length(line) <= 998 && !is_touched(line));
        for (const char *c = line.at; c < line.end; c++)
            CHECK(*c != '\r' && *c != '\n' && *c != '\0' && (!ascii || (unsigned char)*c < 0x80));
    }
}

/* --- top headers ----------------------------------------------------------------------------- */

static struct json *parse(const char *text) {
    return text ? json_parse(text, strlen(text), (size_t)MESSAGE_MAX_BYTES, NULL) : NULL;
}

static int count(const char *column) {
    struct json *list = parse(column);
    int n = json_size(list);
    json_free(list);
    return n;
}

/* Takes a header with its folded lines; its first line. */
static struct span take_header(struct span *in, const char *name) {
    struct span line, next, ahead;
    CHECK(take_line(in, &line));
    CHECK(starts(line, name) && line.at[strlen(name)] == ':');
    for (ahead = *in; take_line(&ahead, &next) && starts(next, " "); *in = ahead) {
        const char *c = next.at;
        while (c < next.end && *c == ' ')
            c++;
        CHECK(c < next.end); /* some readers take a line of blanks for the end */
    }
    return line;
}

static void take_row_headers(struct span *in, const char *column) {
    struct json *headers = parse(column);
    for (const struct json *v = json_first(headers); v; v = json_next(v))
        take_header(in, json_key(v));
    json_free(headers);
}

static void take_head(struct span *in, const struct message *m) {
    take_header(in, "Date");
    take_header(in, "From");
    take_header(in, "To");
    if (count(m->cc) > 0)
        take_header(in, "Cc");
    if (count(m->reply_to) > 0)
        take_header(in, "Reply-To");
    take_header(in, "Subject");
    take_header(in, "Message-ID");
    take_row_headers(in, m->headers);
    CHECK(equals(take_header(in, "MIME-Version"), "MIME-Version: 1.0"));
}

/* --- parts ----------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void decode_quoted(struct span in, struct buf *out) {
    for (const char *c = in.at; c < in.end; c++) {
        if (*c != '=') {
            CHECK(*c == '\t' || *c == '\r' || *c == '\n' || (*c >= ' ' && *c <= '~'));
            buf_addc(out, *c);
            continue;
        }
        CHECK(c + 2 < in.end);
        if (c[1] != '\r') {
            CHECK(hex_digit(c[1]) >= 0 && hex_digit(c[2]) >= 0);
            buf_addc(out, (char)(hex_digit(c[1]) * 16 + hex_digit(c[2])));
        }
        c += 2;
    }
}

static void decode_base64(struct span in, struct buf *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    int have = 0;
    for (const char *c = in.at; c < in.end; c++) {
        const char *digit = strchr(digits, *c);
        CHECK(*c != '\0' && (digit || *c == '=' || *c == '\r' || *c == '\n'));
        if (!digit)
            continue;
        bits = bits << 6 | (unsigned)(digit - digits);
        have += 6;
        if (have >= 8)
            buf_addc(out, (char)(bits >> (have -= 8)));
    }
}

static struct buf decoded(struct span body, struct span encoding) {
    struct buf out;
    buf_init(&out, MAIL_MAX);
    if (equals(encoding, "Content-Transfer-Encoding: 7bit"))
        buf_add(&out, body.at, length(body));
    else if (equals(encoding, "Content-Transfer-Encoding: quoted-printable"))
        decode_quoted(body, &out);
    else if (equals(encoding, "Content-Transfer-Encoding: base64"))
        decode_base64(body, &out);
    else
        CHECK(false);
    CHECK(!out.failed);
    return out;
}

/* The row's text with one kind of line break, the last line ended. */
static void same_text(const struct buf *got, const char *text) {
    struct buf want;
    buf_init(&want, MAIL_MAX);
    for (const char *c = text; *c; c++) {
        if (*c == '\n' && c > text && c[-1] == '\r')
            continue;
        if (*c == '\r' || *c == '\n')
            buf_puts(&want, "\r\n");
        else
            buf_addc(&want, *c);
    }
    if (want.len < 2 || memcmp(want.data + want.len - 2, "\r\n", 2) != 0)
        buf_puts(&want, "\r\n");
    CHECK(got->len == want.len && memcmp(got->data, want.data, want.len) == 0);
    buf_free(&want);
}

static void same_file(const struct buf *got, const char *content) {
    struct buf want;
    buf_init(&want, MAIL_MAX);
    decode_base64((struct span){content, content + strlen(content)}, &want);
    CHECK(got->len == want.len && memcmp(buf_text(got), buf_text(&want), want.len) == 0);
    buf_free(&want);
}

/* What is left to be found in the mail. */
struct wanted {
    const char *text, *html;
    bool has_html;
    const struct json *files[2]; /* those attached, those within the html: from here on */
};

/* The next file of the row that belongs there; NULL: no more. */
static const struct json *next_file(struct wanted *w, bool inlined) {
    const struct json *v = w->files[inlined];
    while (v && (w->has_html && json_get_text(v, "content_id")) != inlined)
        v = json_next(v);
    w->files[inlined] = json_next(v);
    return v;
}

static bool is_blank_line(struct span line) {
    return line.at == line.end;
}

static void check_leaf(struct span type, struct span in, bool inlined, struct wanted *w) {
    struct span line, encoding = {NULL, NULL};
    bool file = false;
    while (take_line(&in, &line) && !is_blank_line(line)) {
        if (starts(line, "Content-Transfer-Encoding:"))
            encoding = line;
        file = file || starts(line, "Content-Disposition:");
        CHECK(starts(line, "Content-") || starts(line, " "));
    }
    CHECK(encoding.at);
    struct buf body = decoded(in, encoding);
    if (file) {
        const struct json *v = next_file(w, inlined);
        CHECK(v);
        same_file(&body, json_get_text(v, "content"));
    } else if (equals(type, "Content-Type: text/html; charset=utf-8")) {
        CHECK(w->html);
        same_text(&body, w->html);
        w->html = NULL;
    } else {
        CHECK(equals(type, "Content-Type: text/plain; charset=utf-8") && w->text);
        same_text(&body, w->text);
        w->text = NULL;
    }
    buf_free(&body);
}

static void check_part(struct span in, bool inlined, struct wanted *w);

/* Between "--boundary" lines; the last of them is "--boundary--", with nothing behind it. */
static void check_multipart(struct span in, struct span boundary, bool inlined, struct wanted *w) {
    char mark[80];
    struct span line, part = {NULL, NULL};
    str_format(mark, sizeof mark, "--%.*s", (int)length(boundary), boundary.at);
    CHECK(take_line(&in, &line) && is_blank_line(line));
    while (take_line(&in, &line)) {
        if (!starts(line, mark)) {
            CHECK(part.at); /* no preamble */
            continue;
        }
        if (part.at) {
            part.end = line.at - 2;
            CHECK(part.end >= part.at && memcmp(part.end, "\r\n", 2) == 0);
            check_part(part, inlined, w);
        }
        part.at = in.at;
        if (line.at + strlen(mark) != line.end) {
            CHECK(line.at + strlen(mark) + 2 == line.end && memcmp(line.end - 2, "--", 2) == 0);
            CHECK(in.at == in.end);
            return;
        }
    }
    CHECK(false); /* never closed */
}

static void check_part(struct span in, bool inlined, struct wanted *w) {
    static const char start[] = " boundary=\"";
    struct span all = in, type = take_header(&in, "Content-Type");
    if (!starts(type, "Content-Type: multipart/")) {
        check_leaf(type, in, inlined, w);
        return;
    }
    struct span line;
    CHECK(take_line(&all, &line) && take_line(&all, &line) && starts(line, start));
    struct span boundary = {line.at + strlen(start), line.end - 1};
    CHECK(length(boundary) > 0 && length(boundary) <= 70 && *boundary.end == '"');
    check_multipart(in, boundary, starts(type, "Content-Type: multipart/related;"), w);
}

static void check_parts(struct span in, const struct message *m) {
    struct json *files = parse(m->attachments);
    struct wanted w = {.files = {json_first(files), json_first(files)}};
    w.text = str_is_blank(m->text) ? NULL : m->text;
    w.html = str_is_blank(m->html) ? NULL : m->html;
    w.has_html = w.html != NULL;
    check_part(in, false, &w);
    CHECK(!w.text && !w.html && !next_file(&w, false) && !next_file(&w, true));
    json_free(files);
}

/* --- all ------------------------------------------------------------------------------------- */

static void check_mail(const struct message *m, const struct mime_context *c, struct buf *mail) {
    struct buf again;
    struct span in = {mail->data, mail->data + mail->len};
    CHECK(mail->len > 0 && strlen(mail->data) == mail->len);
    check_lines(in, !c->utf8_addresses);
    take_head(&in, m);
    check_parts(in, m);
    buf_init(&again, MAIL_MAX);
    CHECK(mime_build(m, c, &again, NULL));
    CHECK(again.len == mail->len && memcmp(again.data, mail->data, mail->len) == 0);
    buf_free(&again);
}

static void check_recipients(const struct message *m, bool utf8) {
    struct err err = {0};
    struct buf list;
    buf_init(&list, MAIL_MAX);
    if (!mime_recipients(m, utf8, &list, &err)) {
        CHECK(err.code == ERR_INVALID && err.text[0] && str_is_clean(err.text));
        buf_free(&list);
        return;
    }
    int lines = 0;
    for (char *at = list.data, *end; *at; at = end + 1, lines++) {
        end = strchr(at, '\n');
        CHECK(end);
        *end = '\0';
        char address[321];
        CHECK(mailbox_check(at, address, NULL) && str_eq(at, address));
    }
    CHECK(lines == 1 + count(m->cc) + count(m->bcc));
    buf_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct seed in = seed_of(data, n);
    struct message m = row_of(&in);
    char *origin = row_column(&in);
    struct mime_context c = {.from = "Shop <hello@shop.example>", .origin = origin, .date_us = 1};
    struct err err = {0};
    struct buf mail;
    c.utf8_addresses = seed_byte(&in) == '8';
    buf_init(&mail, MAIL_MAX);
    /* also what message_check refuses: it must not break out of its place all the same */
    if (mime_build(&m, &c, &mail, &err))
        check_mail(&m, &c, &mail);
    else
        CHECK(err.code == ERR_INVALID && err.text[0] && str_is_clean(err.text) && mail.len == 0);
    check_recipients(&m, c.utf8_addresses);
    buf_free(&mail);
    mem_free(origin);
    message_done(&m);
    return 0;
}
