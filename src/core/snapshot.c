/* One JSON document -> an immutable picture.
 *
 * Everything of a picture lives in one arena (a list of chunks) that also holds the reference
 * count, so that the last release frees it in one go. What the document may hold is data: the
 * tables below name each key, its type and where it goes. Any thread. */
#include "core/snapshot.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/arena.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MAX_TEXT ((size_t)4 * 1024 * 1024)
#define MESSAGES_LOOKED_AT 200 /* for an event's recipient */
#define INTEGER_MAX 9e15       /* below 2^53: exact in JSON's numbers */

/* What a picture's `arena` points to: the picture itself, its count and its memory. */
struct holder {
    struct snapshot picture;
    _Atomic int refs;
    struct arena memory;
    struct snapshot *base; /* an `away` picture points into the one it was made from */
};

static void holder_free(struct holder *h) {
    arena_done(&h->memory);
    snapshot_release(h->base);
    mem_free(h);
}

/* --- one value into one member ---------------------------------------------------------------- */

enum field_type {
    FIELD_INT,
    FIELD_RATE,
    FIELD_REAL,
    FIELD_TIME,
    FIELD_TEXT,
    FIELD_BOOL
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
};

struct reader {
    struct arena *memory;
    struct err *err;
};

static bool wrong(const struct reader *r, const char *key, const char *wanted) {
    return err_set(r->err, ERR_INVALID, "dashboard document: \"%s\" must be %s", key, wanted);
}

static bool read_number(const struct reader *r, const struct json *v, const char *key,
                        double *out) {
    if (json_type(v) != JSON_NUMBER)
        return wrong(r, key, "a number");
    *out = json_number(v, -1);
    if (!(fabs(*out) <= INTEGER_MAX))
        return wrong(r, key, "a number in range");
    return true;
}

static bool read_int(const struct reader *r, const struct json *v, const char *key, int64_t *out) {
    double d;
    if (!read_number(r, v, key, &d))
        return false;
    *out = llround(d);
    return true;
}

static bool read_time(const struct reader *r, const struct json *v, const char *key, int64_t *out) {
    if (json_text(v) == NULL || clock_parse_utc(json_text(v), out) != 1)
        return wrong(r, key, "a time like 2026-09-22T03:12:06Z");
    return true;
}

static bool read_text(const struct reader *r, const struct json *v, const char *key,
                      const char **out) {
    const char *s = json_text(v);
    if (s == NULL)
        return wrong(r, key, "a string");
    char *copy = arena_alloc(r->memory, strlen(s) + 1);
    if (copy == NULL)
        return err_nomem(r->err);
    memcpy(copy, s, strlen(s) + 1);
    *out = copy;
    return true;
}

static bool read_bool(const struct reader *r, const struct json *v, const char *key, bool *out) {
    if (json_type(v) != JSON_BOOL)
        return wrong(r, key, "true or false");
    *out = json_bool(v, false);
    return true;
}

static void set_unknown(const struct field *f, void *at) {
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME:
        *(int64_t *)at = -1;
        break;
    case FIELD_RATE:
        *(int64_t *)at = SNAP_NO_RATE;
        break;
    case FIELD_REAL:
        *(double *)at = -1;
        break;
    case FIELD_TEXT:
        *(const char **)at = "";
        break;
    case FIELD_BOOL:
        *(bool *)at = false;
        break;
    }
}

static bool read_field(const struct reader *r, const struct field *f, const struct json *v,
                       void *at) {
    switch (f->type) {
    case FIELD_INT:
    case FIELD_RATE:
        return read_int(r, v, f->key, at);
    case FIELD_TIME:
        return read_time(r, v, f->key, at);
    case FIELD_REAL:
        return read_number(r, v, f->key, at);
    case FIELD_TEXT:
        return read_text(r, v, f->key, at);
    case FIELD_BOOL:
        return read_bool(r, v, f->key, at);
    }
    return false;
}

/* Fills every member the table names; an absent or null key is unknown. object may be NULL. */
static bool read_fields(const struct reader *r, const struct json *object,
                        const struct field *fields, size_t n, void *base) {
    for (size_t i = 0; i < n; i++) {
        void *at = (char *)base + fields[i].offset;
        set_unknown(&fields[i], at);
        const struct json *v = json_get(object, fields[i].key);
        if (json_type(v) != JSON_NULL && !read_field(r, &fields[i], v, at))
            return false;
    }
    return true;
}

/* The member as an object or array; NULL where it is absent or null. */
static bool read_member(const struct reader *r, const struct json *object, const char *key,
                        enum json_type type, const struct json **out) {
    *out = json_get(object, key);
    if (json_type(*out) == JSON_NULL)
        *out = NULL;
    if (*out != NULL && json_type(*out) != type)
        return wrong(r, key, type == JSON_OBJECT ? "an object" : "an array");
    return true;
}

/* --- the document ----------------------------------------------------------------------------- */

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TOP(key, type, member)                                                                     \
    { key, type, offsetof(struct snapshot, member) }

static const struct field top_fields[] = {
    TOP("database", FIELD_TEXT, database),
    TOP("operator", FIELD_TEXT, operator_name),
    TOP("read_only", FIELD_BOOL, read_only),
    TOP("published_at", FIELD_TIME, published_at_us),
    TOP("last_heard_at", FIELD_TIME, last_heard_us),
};

static const struct field paused_fields[] = {
    TOP("by", FIELD_TEXT, paused_by),
    TOP("at", FIELD_TIME, paused_at_us),
    TOP("reason", FIELD_TEXT, paused_reason),
};

static const struct field attempts_fields[] = {
    TOP("all_5m", FIELD_INT, attempts_5m),       TOP("failed_5m", FIELD_INT, failed_5m),
    TOP("failed_2m", FIELD_INT, failed_2m),      TOP("ok_2m", FIELD_INT, ok_2m),
    TOP("sent_1m", FIELD_INT, sent_1m),          TOP("sent_1m_usual", FIELD_INT, sent_1m_usual),
    TOP("last_at", FIELD_TIME, last_attempt_us), TOP("last_sent_at", FIELD_TIME, last_sent_us),
};

static const struct field held_fields[] = {
    TOP("failing", FIELD_TIME, held_us[HELD_FAILING]),
    TOP("throttled", FIELD_TIME, held_us[HELD_THROTTLED]),
    TOP("slow", FIELD_TIME, held_us[HELD_SLOW]),
};

#define ROW(key, type, member)                                                                     \
    { key, type, offsetof(struct snap_queue_row, member) }
static const struct field queue_fields[] = {
    ROW("n", FIELD_INT, n),
    ROW("per_min", FIELD_RATE, per_min),
    ROW("capped", FIELD_BOOL, capped),
    ROW("at", FIELD_TIME, at_us),
};

static const char *const queue_keys[QUEUE_ROWS] = {"pending",    "scheduled", "processing",
                                                   "retrying",   "failed",    "uncertain",
                                                   "sent_today", "cancelled"};

#define LANE(key, type, member)                                                                    \
    { key, type, offsetof(struct snap_lane, member) }
static const struct field lane_fields[] = {
    LANE("name", FIELD_TEXT, name),
    LANE("reason", FIELD_TEXT, reason),
    LANE("text", FIELD_TEXT, text),
    LANE("since", FIELD_TIME, since_us),
    LANE("until", FIELD_TIME, until_us),
    LANE("rate_used", FIELD_REAL, rate_used),
    LANE("rate_allowed", FIELD_REAL, rate_allowed),
    LANE("per_request", FIELD_REAL, per_request),
    LANE("per_request_max", FIELD_REAL, per_request_max),
    LANE("empty_60s", FIELD_INT, empty_60s),
    LANE("empty_since", FIELD_TIME, empty_since_us),
    LANE("today_used", FIELD_INT, today_used),
    LANE("today_allowed", FIELD_INT, today_allowed),
    LANE("today_resets_at", FIELD_TIME, today_resets_at_us),
    LANE("full_at", FIELD_TIME, full_at_us),
    LANE("month_used", FIELD_INT, month_used),
    LANE("month_allowed", FIELD_INT, month_allowed),
    LANE("gone_at", FIELD_TIME, gone_at_us),
};

#define ERROR(key, type, member)                                                                   \
    { key, type, offsetof(struct snap_error, member) }
static const struct field error_fields[] = {
    ERROR("code", FIELD_TEXT, code),
    ERROR("text", FIELD_TEXT, text),
    ERROR("n", FIELD_INT, n),
    ERROR("capped", FIELD_BOOL, capped),
    ERROR("retrying", FIELD_INT, retrying),
    ERROR("per_min", FIELD_INT, per_min),
    ERROR("last_at", FIELD_TIME, last_at_us),
    ERROR("first_at", FIELD_TIME, first_at_us),
};

#define WORKER(key, type, member)                                                                  \
    { key, type, offsetof(struct snap_worker, member) }
static const struct field worker_fields[] = {
    WORKER("name", FIELD_TEXT, name),
    WORKER("state", FIELD_TEXT, state),
    WORKER("pid", FIELD_INT, pid),
    WORKER("this_window", FIELD_BOOL, this_window),
    WORKER("in_flight", FIELD_INT, in_flight),
    WORKER("sent_1m", FIELD_INT, sent_1m),
    WORKER("failed_1m", FIELD_INT, failed_1m),
    WORKER("heard_at", FIELD_TIME, heard_at_us),
    WORKER("started_at", FIELD_TIME, started_at_us),
};

static const struct field operator_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct snap_operator, name)},
    {"did", FIELD_TEXT, offsetof(struct snap_operator, did)},
    {"at", FIELD_TIME, offsetof(struct snap_operator, at_us)},
};

static const struct field journal_fields[] = {
    {"who", FIELD_TEXT, offsetof(struct snap_journal, who)},
    {"what", FIELD_TEXT, offsetof(struct snap_journal, what)},
    {"at", FIELD_TIME, offsetof(struct snap_journal, at_us)},
};

static const struct field event_fields[] = {
    {"id", FIELD_TEXT, offsetof(struct snap_event, id)},
    {"to", FIELD_TEXT, offsetof(struct snap_event, to)},
    {"error", FIELD_TEXT, offsetof(struct snap_event, error)},
    {"at", FIELD_TIME, offsetof(struct snap_event, at_us)},
};

static const struct field mark_fields[] = {
    {"at", FIELD_TIME, offsetof(struct snap_mark, at_us)},
    {"text", FIELD_TEXT, offsetof(struct snap_mark, text)},
};

/* An array of objects into a fresh array of structs of `size` bytes. */
static bool read_list(const struct reader *r, const struct json *object, const char *key,
                      const struct field *fields, size_t field_count, size_t size, void *array,
                      int *count) {
    const struct json *list;
    if (!read_member(r, object, key, JSON_ARRAY, &list))
        return false;
    int n = list == NULL ? 0 : json_size(list);
    char *items = arena_alloc(r->memory, (size_t)n * size), *item = items;
    if (items == NULL)
        return err_nomem(r->err);
    for (const struct json *v = json_first(list); v != NULL; v = json_next(v), item += size) {
        if (json_type(v) != JSON_OBJECT)
            return wrong(r, key, "an array of objects");
        if (!read_fields(r, v, fields, field_count, item))
            return false;
    }
    memcpy(array, &items, sizeof items);
    *count = n;
    return true;
}

#define READ_LIST(r, root, key, fields, array, count)                                              \
    read_list(r, root, key, fields, COUNT(fields), sizeof *(array), &(array), &(count))

static bool read_queue(const struct reader *r, const struct json *root, struct snapshot *s) {
    const struct json *queue;
    if (!read_member(r, root, "queue", JSON_OBJECT, &queue))
        return false;
    for (int i = 0; i < QUEUE_ROWS; i++) {
        const struct json *row;
        if (!read_member(r, queue, queue_keys[i], JSON_OBJECT, &row) ||
            !read_fields(r, row, queue_fields, COUNT(queue_fields), &s->queue[i]))
            return false;
    }
    return true;
}

static bool read_lanes(const struct reader *r, const struct json *root, struct snapshot *s) {
    if (!READ_LIST(r, root, "lanes", lane_fields, s->lanes, s->lane_count))
        return false;
    struct snap_lane *lane = s->lanes;
    for (const struct json *v = json_first(json_get(root, "lanes")); v != NULL; v = json_next(v))
        (lane++)->parked = str_eq(json_get_text(v, "state"), "parked");
    return true;
}

/* A failed event names no recipient in the document; where its message is there, it does. */
static const struct json *message_of(const struct json *messages, const char *id) {
    const struct json *m = json_first(messages);
    for (int i = 0; m != NULL && i < MESSAGES_LOOKED_AT; i++, m = json_next(m))
        if (str_eq(json_get_text(m, "id"), id))
            return m;
    return NULL;
}

static bool read_events(const struct reader *r, const struct json *root, struct snapshot *s) {
    if (!READ_LIST(r, root, "events", event_fields, s->events, s->event_count))
        return false;
    const struct json *messages = json_get(root, "messages");
    for (int i = 0; i < s->event_count; i++) {
        struct snap_event *e = &s->events[i];
        const struct json *to = json_get(message_of(messages, e->id), "to_email");
        e->failed = e->error[0] != '\0';
        if (e->to[0] == '\0' && json_text(to) != NULL && !read_text(r, to, "to_email", &e->to))
            return false;
    }
    return true;
}

static bool read_series(const struct reader *r, const struct json *minutes, const char *key,
                        int64_t series[SNAP_MINUTES]) {
    const struct json *list;
    if (!read_member(r, minutes, key, JSON_ARRAY, &list))
        return false;
    for (int i = 0; i < SNAP_MINUTES; i++) {
        const struct json *v = list == NULL ? NULL : json_at(list, i);
        series[i] = -1;
        if (json_type(v) != JSON_NULL && !read_int(r, v, key, &series[i]))
            return false;
    }
    return true;
}

static bool read_minutes(const struct reader *r, const struct json *root, struct snapshot *s) {
    static const struct field fields[] = {TOP("first", FIELD_TIME, minutes_first_us)};
    const struct json *minutes;
    return read_member(r, root, "minutes", JSON_OBJECT, &minutes) &&
           read_fields(r, minutes, fields, COUNT(fields), s) &&
           read_series(r, minutes, "sent", s->minute_sent) &&
           read_series(r, minutes, "failed", s->minute_failed) &&
           read_series(r, minutes, "waiting", s->minute_waiting) &&
           READ_LIST(r, minutes, "marks", mark_fields, s->marks, s->mark_count);
}

static bool read_paused(const struct reader *r, const struct json *root, struct snapshot *s) {
    const struct json *paused;
    if (!read_member(r, root, "paused", JSON_OBJECT, &paused))
        return false;
    s->paused = paused != NULL;
    return read_fields(r, paused, paused_fields, COUNT(paused_fields), s);
}

static int by_urgency(const void *left, const void *right) {
    const struct snap_error *a = left, *b = right;
    if (a->per_min != b->per_min)
        return a->per_min > b->per_min ? -1 : 1;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return strcmp(a->code, b->code);
}

static bool read_document(const struct reader *r, const struct json *root, struct snapshot *s) {
    const struct json *attempts, *held;
    if (json_type(root) != JSON_OBJECT)
        return err_set(r->err, ERR_INVALID, "dashboard document: must be an object");
    if (!read_fields(r, root, top_fields, COUNT(top_fields), s) || !read_paused(r, root, s) ||
        !read_queue(r, root, s) || !read_lanes(r, root, s) || !read_events(r, root, s) ||
        !read_minutes(r, root, s) || !read_member(r, root, "attempts", JSON_OBJECT, &attempts) ||
        !read_fields(r, attempts, attempts_fields, COUNT(attempts_fields), s) ||
        !read_member(r, root, "held", JSON_OBJECT, &held) ||
        !read_fields(r, held, held_fields, COUNT(held_fields), s) ||
        !READ_LIST(r, root, "errors", error_fields, s->errors, s->error_count) ||
        !READ_LIST(r, root, "workers", worker_fields, s->workers, s->worker_count) ||
        !READ_LIST(r, root, "operators", operator_fields, s->operators, s->operator_count) ||
        !READ_LIST(r, root, "journal", journal_fields, s->journal, s->journal_count))
        return false;
    qsort(s->errors, (size_t)s->error_count, sizeof *s->errors, by_urgency);
    return true;
}

static struct holder *holder_new(struct err *err) {
    struct holder *h = mem_alloc(sizeof *h);
    if (h == NULL) {
        err_nomem(err);
        return NULL;
    }
    atomic_init(&h->refs, 1);
    h->picture.arena = h;
    return h;
}

/* A document with messages is a fixture: pages are made from it later. */
static bool keep_document(struct holder *h, const struct json *root, const char *json, size_t n,
                          struct err *err) {
    h->picture.document = "";
    if (json_get(root, "messages") == NULL)
        return true;
    char *copy = arena_alloc(&h->memory, n + 1);
    if (copy == NULL)
        return err_nomem(err);
    memcpy(copy, json, n);
    h->picture.document = copy;
    h->picture.document_len = n;
    return true;
}

struct snapshot *snapshot_parse(const char *json, size_t n, struct err *err) {
    struct json *root = json_parse(json, n, SNAPSHOT_MAX_TEXT, err);
    if (root == NULL)
        return NULL;
    struct holder *h = holder_new(err);
    if (h != NULL) {
        struct reader r = {.memory = &h->memory, .err = err};
        h->picture.now_us = -1;
        h->picture.read_boot_us = -1;
        if (!read_document(&r, root, &h->picture) || !keep_document(h, root, json, n, err)) {
            holder_free(h);
            h = NULL;
        }
    }
    json_free(root);
    return h == NULL ? NULL : &h->picture;
}

struct snapshot *snapshot_away(const struct snapshot *s, struct err *err) {
    struct holder *h = holder_new(err);
    if (h == NULL)
        return NULL;
    struct holder *owner = s->arena;
    h->picture = *s;
    h->picture.arena = h;
    h->picture.away = true;
    /* Of an away picture of an away picture only the first base matters: no chains. */
    h->base = snapshot_hold(owner->base != NULL ? owner->base : &owner->picture);
    return &h->picture;
}

struct snapshot *snapshot_hold(struct snapshot *s) {
    struct holder *h = s->arena;
    atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_release(struct snapshot *s) {
    if (s == NULL)
        return;
    struct holder *h = s->arena;
    if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) == 1)
        holder_free(h);
}
