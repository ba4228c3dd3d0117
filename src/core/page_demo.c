/* A fixture's answers: the same filters over its `messages[]` as the database has over its table,
 * the same pages out. */
#include "core/page.h"

#include "base/json.h"
#include "base/str.h"
#include "core/page_read.h"
#include "core/why.h"

#include <string.h>

#define FIXTURE_MAX ((size_t)4 * 1024 * 1024)

struct demo {
    const struct page_want *want;
    const struct json *root;
    int64_t now_us;
    struct json_writer w;
};

/* --- filters ---------------------------------------------------------------------------------- */

static bool holds(const struct json *v, const char *key, const char *part) {
    const char *text = json_get_text(v, key);
    return text != NULL && strcasestr(text, part) != NULL;
}

static bool is(const struct json *v, const char *key, const char *value) {
    const char *text = json_get_text(v, key);
    return text != NULL && strcmp(text, value) == 0;
}

static bool has_status(const struct json *v, const char *wanted, int64_t now_us) {
    bool later = page_read_time(v, "scheduled_at") > now_us;
    bool again = page_read_time(v, "next_attempt_at") >= 0;
    if (str_eq(wanted, "") || str_eq(wanted, "failed"))
        return is(v, "status", "failed");
    if (str_eq(wanted, "pending") || str_eq(wanted, "scheduled"))
        return is(v, "status", "pending") && later == str_eq(wanted, "scheduled");
    if (str_eq(wanted, "retrying"))
        return is(v, "status", "failed") && again;
    if (str_eq(wanted, "uncertain"))
        return is(v, "status", "failed") && is(v, "error_code", "uncertain");
    return is(v, "status", wanted);
}

static bool matches(const struct demo *d, const struct json *v) {
    const struct filter *f = &d->want->filter;
    const char *id = json_get_text(v, "id");
    if (!has_status(v, f->status, d->now_us))
        return false;
    if (f->error_code[0] != '\0' && !is(v, "error_code", f->error_code))
        return false;
    if (f->to[0] != '\0' && !holds(v, "to_email", f->to))
        return false;
    if (f->id[0] != '\0' && (id == NULL || !str_starts(id, f->id)))
        return false;
    if (f->error[0] != '\0' && !holds(v, "error_code", f->error) &&
        !holds(v, "error_message", f->error))
        return false;
    if (f->text[0] != '\0' && !holds(v, "to_email", f->text) && !holds(v, "subject", f->text) &&
        !holds(v, "error_message", f->text))
        return false;
    return f->until_us == 0 || page_read_at(v) <= f->until_us;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* A fixture draws more of an error than it has messages of it. */
static int64_t claimed(const struct demo *d) {
    const struct json *v = json_first(json_get(d->root, "errors"));
    while (v != NULL && !is(v, "code", d->want->filter.error_code))
        v = json_next(v);
    return v == NULL ? 0 : page_read_int(v, "n");
}

static void write_rows(struct demo *d) {
    int64_t total = 0, uncertain = 0, shown = 0, skip = 0;
    const struct json *list = json_get(d->root, "messages");
    if (d->want->after[0] != '\0' && !str_to_int64(d->want->after, &skip))
        skip = 0;
    jw_key(&d->w, "rows");
    jw_array(&d->w);
    for (const struct json *v = json_first(list); v != NULL; v = json_next(v)) {
        if (!matches(d, v))
            continue;
        uncertain += is(v, "error_code", "uncertain");
        if (total++ >= skip && shown < d->want->limit) {
            jw_value(&d->w, v);
            shown++;
        }
    }
    jw_array_end(&d->w);
    char after[24];
    str_format(after, sizeof after, "%lld", (long long)(skip + shown));
    jw_kv_text(&d->w, "after", after);
    jw_key(&d->w, "more");
    jw_bool(&d->w, skip + shown < total || skip + shown < claimed(d));
    bool left_out = d->want->kind == PAGE_COUNT && d->want->doing == COMMAND_RETRY &&
                    !d->want->filter.uncertain_too &&
                    !str_eq(d->want->filter.error_code, "uncertain");
    jw_kv_int(&d->w, "total", total - (left_out ? uncertain : 0));
    jw_kv_int(&d->w, "uncertain", left_out ? uncertain : 0);
}

static void say_why(struct demo *d, const struct json *v) {
    struct why w = {.window = true, .now_us = d->now_us, .workers_up = 1, .behind = 0};
    struct why_answer answer;
    const char *status = json_get_text(v, "status"), *code = json_get_text(v, "error_code");
    const char *error = json_get_text(v, "error_message");
    str_copy(w.status, sizeof w.status, status == NULL ? "?" : status);
    str_copy(w.error_code, sizeof w.error_code, code == NULL ? "" : code);
    str_copy(w.error, sizeof w.error, error == NULL ? "" : error);
    w.retry_count = (int)page_read_int(v, "retry_count");
    w.max_attempts = (int)page_read_int(v, "max_attempts");
    w.sent_us = page_read_time(v, "sent_at");
    w.updated_us = page_read_time(v, "updated_at");
    w.lease_us = page_read_time(v, "lease_expires_at");
    w.go_us = page_read_time(v, "next_attempt_at");
    w.retrying = w.go_us >= 0;
    if (!w.retrying)
        w.go_us = page_read_time(v, "scheduled_at");
    w.due = w.go_us <= d->now_us;
    why_of(&w, &answer);
    jw_kv_text(&d->w, "why", answer.text);
}

static bool write_message(struct demo *d, struct err *err) {
    const struct json *v = json_first(json_get(d->root, "messages"));
    while (v != NULL && !is(v, "id", d->want->id))
        v = json_next(v);
    if (v == NULL)
        return err_set(err, ERR_NOTFOUND, "there is no message %s", d->want->id);
    jw_key(&d->w, "message");
    jw_object(&d->w);
    for (const struct json *member = json_first(v); member != NULL; member = json_next(member)) {
        jw_key(&d->w, json_key(member));
        jw_value(&d->w, member);
    }
    say_why(d, v);
    jw_object_end(&d->w);
    return true;
}

static void write_journal(struct demo *d) {
    const char *part = d->want->filter.text;
    jw_key(&d->w, "journal");
    jw_array(&d->w);
    const struct json *list = json_get(d->root, "journal");
    for (const struct json *v = json_first(list); v != NULL; v = json_next(v))
        if (d->want->after[0] == '\0' && (holds(v, "who", part) || holds(v, "what", part)))
            jw_value(&d->w, v);
    jw_array_end(&d->w);
}

static bool write_page(struct demo *d, struct err *err) {
    bool ok = true;
    jw_object(&d->w);
    jw_kv_int(&d->w, "now_us", d->now_us);
    if (d->want->kind == PAGE_MESSAGE || d->want->kind == PAGE_FATE)
        ok = write_message(d, err);
    else if (d->want->kind == PAGE_JOURNAL)
        write_journal(d);
    else
        write_rows(d);
    jw_object_end(&d->w);
    return ok;
}

struct page *page_of_fixture(const struct page_want *want, const char *fixture, size_t n,
                             int64_t now_us, struct err *err) {
    struct buf doc;
    struct page *page = NULL;
    struct json *root = json_parse(fixture, n, FIXTURE_MAX, err);
    if (root == NULL)
        return NULL;
    buf_init(&doc, FIXTURE_MAX * 2);
    struct demo d = {.want = want, .root = root, .now_us = now_us};
    jw_init(&d.w, &doc);
    if (!write_page(&d, err))
        page = page_trouble(want, err->text, err);
    else if (doc.failed)
        err_nomem(err);
    else
        page = page_parse(want, buf_text(&doc), doc.len, err);
    buf_free(&doc);
    json_free(root);
    return page;
}
