/* One JSON document -> one page. Everything of a page lives in one arena that its owner frees in
 * one go. What is missing is unknown; what has the wrong type is taken as missing: a page is read
 * by people, and one odd row must not hide the others. */
#include "core/page.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/arena.h"
#include "core/page_read.h"

#include <math.h>
#include <string.h>

#define PAGE_MAX_TEXT ((size_t)8 * 1024 * 1024)
#define HEADERS_MAX ((size_t)256 * 1024)

struct holder {
    struct page page;
    struct arena memory;
    bool failed; /* out of memory */
};

static const char *keep(struct holder *h, const char *s) {
    size_t n = s == NULL ? 0 : strlen(s);
    if (n == 0)
        return "";
    char *copy = arena_alloc(&h->memory, n + 1);
    if (copy == NULL)
        h->failed = true;
    else
        memcpy(copy, s, n + 1);
    return copy == NULL ? "" : copy;
}

static const char *text_of(struct holder *h, const struct json *object, const char *key) {
    return keep(h, json_get_text(object, key));
}

int64_t page_read_int(const struct json *object, const char *key) {
    double d = json_get_number(object, key, -1);
    return fabs(d) <= 9e15 ? llround(d) : -1;
}

int64_t page_read_time(const struct json *object, const char *key) {
    int64_t us;
    const char *text = json_get_text(object, key);
    if (text != NULL)
        return clock_parse_utc(text, &us) == 1 ? us : -1;
    return page_read_int(object, key);
}

static void *array_of(struct holder *h, const struct json *list, size_t size, int *count) {
    int n = json_type(list) == JSON_ARRAY ? json_size(list) : 0;
    void *items = arena_alloc(&h->memory, (size_t)n * size + 1);
    *count = items == NULL ? 0 : n;
    h->failed = h->failed || items == NULL;
    return items;
}

/* --- rows and history ------------------------------------------------------------------------- */

int64_t page_read_at(const struct json *row) {
    static const char *const keys[] = {"at",      "failed_at",    "next_attempt_at",
                                       "sent_at", "scheduled_at", "created_at"};
    int64_t at = -1;
    for (size_t i = 0; at < 0 && i < sizeof keys / sizeof *keys; i++)
        at = page_read_time(row, keys[i]);
    return at;
}

static void read_row(struct holder *h, const struct json *v, struct page_row *row) {
    *row = (struct page_row){.id = text_of(h, v, "id"),
                             .to = text_of(h, v, "to_email"),
                             .subject = text_of(h, v, "subject"),
                             .status = text_of(h, v, "status"),
                             .error_code = text_of(h, v, "error_code"),
                             .error = text_of(h, v, "error_message"),
                             .at_us = page_read_at(v),
                             .retry_count = page_read_int(v, "retry_count"),
                             .max_attempts = page_read_int(v, "max_attempts")};
}

static void read_event(struct holder *h, const struct json *v, struct page_event *e) {
    *e = (struct page_event){.at_us = page_read_time(v, "at"),
                             .attempt = json_type(json_get(v, "attempt")) == JSON_NUMBER,
                             .number = page_read_int(v, "attempt"),
                             .seconds = json_get_number(v, "seconds", -1),
                             .worker = text_of(h, v, "worker"),
                             .error = text_of(h, v, "error"),
                             .request = text_of(h, v, "request"),
                             .provider_id = text_of(h, v, "provider_id"),
                             .position = page_read_int(v, "position"),
                             .of = page_read_int(v, "of"),
                             .who = text_of(h, v, "who"),
                             .what = text_of(h, v, "what")};
}

static struct page_event *read_events(struct holder *h, const struct json *list, int *count) {
    struct page_event *events = array_of(h, list, sizeof *events, count);
    int i = 0;
    for (const struct json *v = json_first(list); i < *count; v = json_next(v))
        read_event(h, v, &events[i++]);
    return events;
}

/* --- one message ------------------------------------------------------------------------------ */

static void add_header(struct buf *b, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0')
        buf_printf(b, "%s: %s\n", name, value);
}

/* A string as it is, several joined by commas, anything else as JSON. */
static void add_value(struct buf *b, const char *name, const struct json *v) {
    if (json_type(v) == JSON_STRING) {
        add_header(b, name, json_text(v));
    } else if (json_type(json_at(v, 0)) == JSON_STRING && json_type(v) == JSON_ARRAY) {
        buf_printf(b, "%s: ", name);
        for (const struct json *one = json_first(v); one != NULL; one = json_next(one))
            buf_printf(b, "%s%s", json_text(one) == NULL ? "?" : json_text(one),
                       json_next(one) == NULL ? "\n" : ", ");
    } else if (json_type(v) != JSON_NULL) {
        buf_printf(b, "%s: ", name);
        json_print(b, v);
        buf_addc(b, '\n');
    }
}

static void add_members(struct buf *b, const struct json *object) {
    if (json_type(object) == JSON_OBJECT)
        for (const struct json *v = json_first(object); v != NULL; v = json_next(v))
            add_value(b, json_key(v), v);
}

static const char *headers_of(struct holder *h, const struct json *v) {
    static const char *const first[][2] = {
        {"From", "from_email"}, {"To", "to_email"},       {"Cc", "cc"},
        {"Bcc", "bcc"},         {"Reply-To", "reply_to"}, {"Subject", "subject"}};
    static const char *const last[][2] = {{"tags", "tags"},
                                          {"dedupe_key", "dedupe_key"},
                                          {"scheduled_at", "scheduled_at"},
                                          {"provider", "provider"},
                                          {"provider id", "provider_message_id"},
                                          {"delivery", "delivery"}};
    struct buf b;
    buf_init(&b, HEADERS_MAX);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        add_value(&b, first[i][0], json_get(v, first[i][1]));
    add_members(&b, json_get(v, "headers"));
    size_t mail = b.len;
    buf_addc(&b, '\n');
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        add_value(&b, last[i][0], json_get(v, last[i][1]));
    if (b.len == mail + 1 && !b.failed)
        b.data[--b.len] = '\0';
    const char *kept = keep(h, buf_text(&b));
    buf_free(&b);
    return kept;
}

static const char *answer_of(struct holder *h, const struct json *v) {
    struct buf b;
    buf_init(&b, HEADERS_MAX);
    if (json_type(v) == JSON_OBJECT)
        add_members(&b, v);
    else if (json_type(v) != JSON_NULL)
        json_print(&b, v);
    const char *kept = keep(h, buf_text(&b));
    buf_free(&b);
    return kept;
}

static void read_files(struct holder *h, const struct json *list, struct page_message *m) {
    int i = 0;
    m->files = array_of(h, list, sizeof *m->files, &m->file_count);
    for (const struct json *v = json_first(list); i < m->file_count; v = json_next(v)) {
        const char *content = json_get_text(v, "content");
        struct page_file *f = &m->files[i++];
        *f = (struct page_file){text_of(h, v, "filename"), text_of(h, v, "content_type"),
                                page_read_int(v, "bytes")};
        if (f->bytes < 0 && content != NULL)
            f->bytes = (int64_t)strlen(content) * 3 / 4;
    }
}

static void read_message(struct holder *h, const struct json *v, struct page_message *m) {
    read_row(h, v, &m->row);
    m->from = text_of(h, v, "from_email");
    m->kind = text_of(h, v, "kind");
    m->html = text_of(h, v, "html");
    m->text = text_of(h, v, "text");
    m->why = text_of(h, v, "why");
    m->headers = headers_of(h, v);
    m->answer = answer_of(h, json_get(v, "provider_response"));
    m->created_at_us = page_read_time(v, "created_at");
    m->priority = page_read_int(v, "priority");
    m->bytes = page_read_int(v, "bytes");
    m->cut = json_get_bool(v, "cut", false);
    m->history = read_events(h, json_get(v, "history"), &m->history_count);
    read_files(h, json_get(v, "attachments"), m);
}

/* --- the page --------------------------------------------------------------------------------- */

static struct holder *holder_new(const struct page_want *want, struct err *err) {
    struct holder *h = mem_alloc(sizeof *h);
    if (h == NULL) {
        err_nomem(err);
        return NULL;
    }
    h->page.want = *want;
    h->page.trouble = "";
    h->page.total = h->page.uncertain = h->page.now_us = -1;
    h->page.arena = h;
    read_row(h, NULL, &h->page.message.row);
    return h;
}

static void read_page(struct holder *h, const struct json *root) {
    struct page *p = &h->page;
    const struct json *rows = json_get(root, "rows");
    int i = 0;
    p->now_us = page_read_int(root, "now_us");
    p->total = page_read_int(root, "total");
    p->uncertain = page_read_int(root, "uncertain");
    p->more = json_get_bool(root, "more", false);
    str_copy(p->after, sizeof p->after, text_of(h, root, "after"));
    p->rows = array_of(h, rows, sizeof *p->rows, &p->row_count);
    for (const struct json *v = json_first(rows); i < p->row_count; v = json_next(v))
        read_row(h, v, &p->rows[i++]);
    p->journal = read_events(h, json_get(root, "journal"), &p->journal_count);
    read_message(h, json_get(root, "message"), &p->message);
}

struct page *page_parse(const struct page_want *want, const char *json, size_t n, struct err *err) {
    struct json *root = json_parse(json, n, PAGE_MAX_TEXT, err);
    if (root == NULL)
        return NULL;
    struct holder *h = holder_new(want, err);
    if (h != NULL) {
        read_page(h, root);
        if (h->failed) {
            err_nomem(err);
            page_free(&h->page);
            h = NULL;
        }
    }
    json_free(root);
    return h == NULL ? NULL : &h->page;
}

struct page *page_trouble(const struct page_want *want, const char *why, struct err *err) {
    struct holder *h = holder_new(want, err);
    if (h == NULL)
        return NULL;
    h->page.trouble = keep(h, why);
    read_message(h, NULL, &h->page.message);
    return &h->page;
}

void page_free(struct page *p) {
    if (p == NULL)
        return;
    struct holder *h = p->arena;
    arena_done(&h->memory);
    mem_free(h);
}
