/* Outcomes kept in a file and taken up again: see keep.h. The file is one JSON object; it holds
 * addresses and provider answers, but no mail: 0600. */
#include "worker/keep.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/state.h"
#include "base/str.h"
#include "worker/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PREFIX "outcomes-"
#define KEPT_MAX ((size_t)64 * 1024 * 1024)
#define VERSION 1

/* --- writing ---------------------------------------------------------------------------------- */

/* A batch to be split is not judged yet: its request stays open and is refused once more. */
static bool is_kept(const struct flight *f) {
    return !f->halves;
}

static void write_message(struct json_writer *j, const struct flight *f, int i) {
    const struct message *m = &f->manifest.messages[i];
    const struct verdict *v = &f->verdicts[i];
    jw_object(j);
    jw_kv_text(j, "id", m->id);
    jw_kv_int(j, "token", m->token);
    jw_kv_text(j, "to", m->to);
    jw_kv_int(j, "retry_count", m->retry_count);
    jw_kv_text(j, "status", v->status);
    jw_key(j, "counts");
    jw_bool(j, v->counts);
    jw_key(j, "again");
    jw_bool(j, v->keep_request);
    jw_kv_int(j, "next_ms", v->next_attempt_ms);
    jw_kv_text(j, "code", v->error_code);
    jw_kv_text(j, "error", v->error_message);
    jw_kv_text(j, "provider_id", f->reading.outcomes[i].provider_id);
    jw_object_end(j);
}

static void write_flight(struct json_writer *j, const struct flight *f) {
    jw_object(j);
    jw_kv_text(j, "request", f->stored ? f->manifest.id : "");
    jw_kv_int(j, "attempts", f->manifest.attempts);
    jw_kv_int(j, "ms", f->took_ms);
    jw_kv_text(j, "answer", f->reading.answer);
    jw_key(j, "messages");
    jw_array(j);
    for (int i = 0; i < f->manifest.n; i++)
        write_message(j, f, i);
    jw_array_end(j);
    jw_object_end(j);
}

/* Returns how many messages it wrote. */
static int write_document(const struct worker *w, struct buf *out) {
    struct json_writer j;
    int n = 0;
    jw_init(&j, out);
    jw_object(&j);
    jw_kv_int(&j, "version", VERSION);
    jw_kv_text(&j, "database", w->database);
    jw_kv_text(&j, "lane", w->provider->name);
    jw_kv_text(&j, "worker", w->id);
    jw_key(&j, "requests");
    jw_array(&j);
    for (const struct flight *f = w->answered.head; f; f = f->next)
        if (is_kept(f)) {
            write_flight(&j, f);
            n += f->manifest.n;
        }
    jw_array_end(&j);
    jw_object_end(&j);
    return n;
}

bool keep_outcomes(struct worker *w, struct err *err) {
    struct buf out;
    char folder[PATH_MAX];
    const char *own = strrchr(w->id, '/');
    buf_init(&out, KEPT_MAX);
    int n = write_document(w, &out);
    bool ok = n == 0 || ((state_folder(folder, sizeof folder) &&
                          str_format(w->totals.kept_in, sizeof w->totals.kept_in, "%s/%s%s.json",
                                     folder, PREFIX, own ? own + 1 : w->id)) ||
                         err_set(err, ERR_IO, "the state folder's name is too long"));
    ok = ok && (n == 0 || (state_make(folder, err) && file_write(w->totals.kept_in, &out, err)));
    w->totals.kept = ok ? n : 0;
    buf_free(&out);
    return ok;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The verdict's own words; NULL: not one of them. */
static const char *status_named(const char *name) {
    static const char *const known[] = {"sent", "failed", "pending", "cancelled"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_eq(known[i], name))
            return known[i];
    return NULL;
}

static const char *text_of(const struct json *v, const char *key) {
    const char *s = json_get_text(v, key);
    return s ? s : "";
}

static bool read_message(const struct json *v, struct flight *f, struct err *err) {
    int i = f->manifest.n++;
    struct message *m = &f->manifest.messages[i];
    struct verdict *verdict = &f->verdicts[i];
    m->id = mem_strdup(text_of(v, "id"));
    m->to = mem_strdup(text_of(v, "to"));
    m->token = (int64_t)json_get_number(v, "token", 0);
    m->retry_count = (int)json_get_number(v, "retry_count", 0);
    verdict->status = status_named(json_get_text(v, "status"));
    verdict->counts = json_get_bool(v, "counts", false);
    verdict->keep_request = json_get_bool(v, "again", false);
    verdict->next_attempt_ms = (int64_t)json_get_number(v, "next_ms", -1);
    str_copy_line(verdict->error_code, sizeof verdict->error_code, text_of(v, "code"));
    str_copy_line(verdict->error_message, sizeof verdict->error_message, text_of(v, "error"));
    str_copy_line(f->reading.outcomes[i].provider_id, sizeof f->reading.outcomes[i].provider_id,
                  text_of(v, "provider_id"));
    if (!m->id || !m->to)
        return err_nomem(err);
    return verdict->status || err_set(err, ERR_INVALID, "a status is not one of postroom's");
}

static struct flight *read_flight(struct worker *w, const struct json *v, struct err *err) {
    const struct json *list = json_get(v, "messages");
    struct flight *f = flight_new(++w->last_id, json_size(list) + 1);
    if (!f) {
        err_nomem(err);
        return NULL;
    }
    str_copy_line(f->manifest.id, sizeof f->manifest.id, text_of(v, "request"));
    f->stored = f->manifest.id[0] != '\0';
    f->cut_short = true; /* how the lane fared then is no news now */
    f->manifest.attempts = (int)json_get_number(v, "attempts", 1);
    f->took_ms = (int64_t)json_get_number(v, "ms", 0);
    str_copy(f->reading.answer, sizeof f->reading.answer, text_of(v, "answer"));
    for (const struct json *m = json_first(list); m; m = json_next(m))
        if (!read_message(m, f, err)) {
            flight_free(f);
            return NULL;
        }
    return f;
}

/* Drops messages that somebody else has by now. */
static void drop_taken(struct flight *f) {
    int kept = 0;
    for (int i = 0; i < f->manifest.n; i++) {
        struct message *m = &f->manifest.messages[i];
        if (m->token == 0) {
            message_done(m);
            continue;
        }
        if (kept != i) {
            f->manifest.messages[kept] = *m;
            f->verdicts[kept] = f->verdicts[i];
            f->reading.outcomes[kept] = f->reading.outcomes[i];
            memset(m, 0, sizeof *m);
        }
        kept++;
    }
    f->manifest.n = kept;
}

static bool take_back(struct worker *w, struct flight *f, const char *gone, struct err *err) {
    bool *sent = mem_array((size_t)f->manifest.n + 1, sizeof *sent);
    if (!sent)
        return err_nomem(err);
    for (int i = 0; i < f->manifest.n; i++)
        sent[i] = str_eq(f->verdicts[i].status, "sent");
    bool ok = kept_take_back(w->db, w->id, gone, f->manifest.id, w->settings->lease_ms,
                             f->manifest.messages, sent, f->manifest.n, err);
    mem_free(sent);
    return ok;
}

/* One request of the file is ready to be written like any answer. */
static bool restore_flight(struct worker *w, const struct json *v, const char *gone,
                           struct err *err) {
    struct flight *f = read_flight(w, v, err);
    if (!f)
        return false;
    if (!take_back(w, f, gone, err)) {
        flight_free(f);
        return false;
    }
    drop_taken(f);
    f->deadline_us = INT64_MAX;
    flight_enter(f, FLIGHT_ANSWERED);
    flights_push(&w->answered, f);
    w->answered_count += f->manifest.n;
    return true;
}

static bool is_ours(const struct worker *w, const struct json *doc) {
    return json_get_number(doc, "version", 0) == VERSION &&
           str_eq(json_get_text(doc, "database"), w->database) &&
           str_eq(json_get_text(doc, "lane"), w->provider->name);
}

static bool restore_document(struct worker *w, const struct json *doc, int *n, struct err *err) {
    const char *gone = text_of(doc, "worker");
    for (const struct json *v = json_first(json_get(doc, "requests")); v; v = json_next(v))
        if (!restore_flight(w, v, gone, err))
            return false;
    *n = w->answered_count;
    return finish_write(w, err);
}

/* false: the file is to stay. */
static bool restore_file(struct worker *w, const char *path, struct err *err) {
    struct buf text;
    int n = 0;
    buf_init(&text, KEPT_MAX);
    struct json *doc = NULL;
    bool ok = file_read(path, &text, NULL, err) &&
              (doc = json_parse(buf_text(&text), text.len, KEPT_MAX, err)) != NULL;
    bool ours = ok && is_ours(w, doc);
    ok = ours && restore_document(w, doc, &n, err);
    if (ok)
        log_event(LOG_INFO, "kept_written", "%d outcomes that an earlier worker kept in %s", n,
                  path);
    json_free(doc);
    buf_free(&text);
    return ok;
}

/* Of several workers that start together one takes it up. */
static void take_up(struct worker *w, const char *path) {
    struct err err = {0};
    int lock = open(path, O_RDONLY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (lock >= 0)
            close(lock);
        return;
    }
    if (restore_file(w, path, &err))
        unlink(path);
    else if (err.code != ERR_NONE)
        log_event(LOG_WARN, "kept", "%s stays as it is, the next start tries again: %s", path,
                  err.text);
    close(lock);
}

void keep_restore(struct worker *w) {
    char folder[PATH_MAX], path[PATH_MAX];
    DIR *dir = state_folder(folder, sizeof folder) ? opendir(folder) : NULL;
    if (!dir)
        return; /* nothing was ever kept here */
    for (const struct dirent *e; (e = readdir(dir));) {
        const char *end = strrchr(e->d_name, '.');
        if (str_starts(e->d_name, PREFIX) && str_eq(end, ".json") &&
            str_format(path, sizeof path, "%s/%s", folder, e->d_name))
            take_up(w, path);
    }
    closedir(dir);
}
