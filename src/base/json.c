/* JSON, read by cJSON and written by hand.
 *
 * cJSON is kept on a lead: before it sees a text, one pass over the bytes bounds what it can cost
 * (41 times the text in the worst case) and refuses what it would misread: deep nesting, NUL in
 * strings, broken UTF-8. The writer streams, and copies runs of plain bytes in one go. */
#include "base/json.h"

#include "base/mem.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64
#define MAX_VALUES (256 * 1024)

/* --- memory ---------------------------------------------------------------------------------- */

/* cJSON returns NULL for a bad text and for lack of memory alike: this tells them apart. */
static _Thread_local bool starved;

static void *hook_alloc(size_t size) {
    void *p = mem_alloc(size);
    starved = starved || !p;
    return p;
}

static void install_hooks(void) {
    cJSON_Hooks hooks = {hook_alloc, mem_free};
    cJSON_InitHooks(&hooks);
}

static void use_our_memory(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_hooks);
}

/* --- the pass before cJSON ------------------------------------------------------------------- */

/* Steps over a string's content to its closing quote; NULL where it has none or says what cannot
 * be handed on as a C string. */
static const char *skip_string(const char *s, const char *end) {
    for (; s < end; s++) {
        if (*s == '"') {
            return s;
        }
        if ((unsigned char)*s < 0x20) {
            return NULL;
        }
        if (*s == '\\') {
            if (end - s >= 6 && memcmp(s, "\\u0000", 6) == 0) {
                return NULL;
            }
            s++;
        }
    }
    return NULL;
}

static bool is_bounded(const char *s, const char *end, struct err *err) {
    int depth = 0;
    long values = 1;
    for (; s < end; s++) {
        switch (*s) {
        case '"':
            s = skip_string(s + 1, end);
            if (!s) {
                return err_set(err, ERR_INVALID,
                               "not JSON: a string is not closed or has control characters in it");
            }
            break;
        case '[':
        case '{':
            values++;
            if (++depth > MAX_DEPTH) {
                return err_set(err, ERR_INVALID, "JSON nested deeper than %d levels", MAX_DEPTH);
            }
            break;
        case ']':
        case '}':
            depth--;
            break;
        case ',':
            values++;
            break;
        case '\0':
            return err_set(err, ERR_INVALID, "not JSON: it has a NUL byte in it");
        }
        if (values > MAX_VALUES) {
            return err_set(err, ERR_INVALID, "JSON with more than %d values", MAX_VALUES);
        }
    }
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool only_space(const char *s, const char *end) {
    while (s < end && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')) {
        s++;
    }
    return s == end;
}

struct json *json_parse(const char *text, size_t n, size_t max, struct err *err) {
    if (n > max) {
        err_set(err, ERR_INVALID, "JSON of %zu bytes; at most %zu are read", n, max);
        return NULL;
    }
    if (!text || only_space(text, text + n)) {
        err_set(err, ERR_INVALID, "not JSON: it is empty");
        return NULL;
    }
    if (!str_is_utf8(text, n)) {
        err_set(err, ERR_INVALID, "not JSON: it is not UTF-8");
        return NULL;
    }
    if (!is_bounded(text, text + n, err)) {
        return NULL;
    }
    use_our_memory();
    starved = false;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, n, &end, 0);
    if (root && only_space(end, text + n)) {
        return (struct json *)root;
    }
    cJSON_Delete(root);
    if (starved) {
        err_nomem(err);
    } else {
        size_t at = end && end >= text && end <= text + n ? (size_t)(end - text) : 0;
        err_set(err, ERR_INVALID, "not JSON: wrong at byte %zu", at + 1);
    }
    return NULL;
}

void json_free(struct json *root) {
    cJSON_Delete((cJSON *)root);
}

static const cJSON *inside(const struct json *v) {
    return (const cJSON *)v;
}

enum json_type json_type(const struct json *v) {
    const cJSON *c = inside(v);
    if (cJSON_IsBool(c)) {
        return JSON_BOOL;
    }
    if (cJSON_IsNumber(c)) {
        return JSON_NUMBER;
    }
    if (cJSON_IsString(c)) {
        return JSON_STRING;
    }
    if (cJSON_IsArray(c)) {
        return JSON_ARRAY;
    }
    return cJSON_IsObject(c) ? JSON_OBJECT : JSON_NULL;
}

static bool has_values(const struct json *v) {
    return cJSON_IsArray(inside(v)) || cJSON_IsObject(inside(v));
}

const struct json *json_get(const struct json *object, const char *key) {
    const cJSON *c = inside(object);
    return cJSON_IsObject(c) ? (const struct json *)cJSON_GetObjectItemCaseSensitive(c, key) : NULL;
}

const struct json *json_at(const struct json *array_or_object, int i) {
    return has_values(array_or_object)
               ? (const struct json *)cJSON_GetArrayItem(inside(array_or_object), i)
               : NULL;
}

int json_size(const struct json *array_or_object) {
    return has_values(array_or_object) ? cJSON_GetArraySize(inside(array_or_object)) : 0;
}

const struct json *json_first(const struct json *array_or_object) {
    return has_values(array_or_object) ? (const struct json *)inside(array_or_object)->child : NULL;
}

const struct json *json_next(const struct json *v) {
    return v ? (const struct json *)inside(v)->next : NULL;
}

const char *json_key(const struct json *member) {
    return member ? inside(member)->string : NULL;
}

const char *json_text(const struct json *v) {
    return cJSON_GetStringValue(inside(v));
}

double json_number(const struct json *v, double fallback) {
    return cJSON_IsNumber(inside(v)) ? inside(v)->valuedouble : fallback;
}

bool json_bool(const struct json *v, bool fallback) {
    return cJSON_IsBool(inside(v)) ? cJSON_IsTrue(inside(v)) != 0 : fallback;
}

const char *json_get_text(const struct json *object, const char *key) {
    return json_text(json_get(object, key));
}

double json_get_number(const struct json *object, const char *key, double fallback) {
    return json_number(json_get(object, key), fallback);
}

bool json_get_bool(const struct json *object, const char *key, bool fallback) {
    return json_bool(json_get(object, key), fallback);
}

void json_print(struct buf *out, const struct json *v) {
    struct json_writer w;
    jw_init(&w, out);
    jw_value(&w, v);
}

/* --- writing --------------------------------------------------------------------------------- */

void jw_init(struct json_writer *w, struct buf *out) {
    *w = (struct json_writer){.out = out};
}

/* What stands before a value: a comma where it is not the first of its level. */
static void separate(struct json_writer *w) {
    uint64_t level = UINT64_C(1) << w->depth;
    if (w->after_key) {
        w->after_key = false;
    } else if (w->depth > 0 && (w->started & level)) {
        buf_addc(w->out, ',');
    }
    w->started |= level;
}

static void open_level(struct json_writer *w, char bracket) {
    separate(w);
    if (w->depth >= 63) {
        w->out->failed = true;
        return;
    }
    w->depth++;
    w->started &= ~(UINT64_C(1) << w->depth);
    buf_addc(w->out, bracket);
}

static void close_level(struct json_writer *w, char bracket) {
    if (w->depth > 0) {
        w->depth--;
        buf_addc(w->out, bracket);
    }
}

void jw_object(struct json_writer *w) {
    open_level(w, '{');
}

void jw_object_end(struct json_writer *w) {
    close_level(w, '}');
}

void jw_array(struct json_writer *w) {
    open_level(w, '[');
}

void jw_array_end(struct json_writer *w) {
    close_level(w, ']');
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of the lowest byte that is 0 is set, of none where none is. */
static uint64_t zero_bytes(uint64_t eight) {
    return (eight - EACH(0x01)) & ~eight & EACH(0x80);
}

/* How many of the n bytes from s on go into a JSON string as they are; eight at a step. */
static size_t plain_run(const char *s, size_t n) {
    size_t i = 0;
    uint64_t eight;
    for (; n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, s + i, sizeof eight);
        uint64_t control = (eight - EACH(0x20)) & ~eight & EACH(0x80);
        uint64_t marks = zero_bytes(eight ^ EACH('"')) | zero_bytes(eight ^ EACH('\\'));
        if ((eight & EACH(0x80)) | control | marks) {
            break;
        }
    }
    while (i < n && is_plain((unsigned char)s[i])) {
        i++;
    }
    return i;
}

size_t json_text_bound(const char *text) {
    size_t n = text ? strlen(text) : 0;
    size_t bound = n;
    for (size_t i = 0; (i += plain_run(text + i, n - i)) < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bound += c < 0x20 ? 5 : c < 0x80 ? 1 : 0;
    }
    return bound;
}

static void add_escaped(struct buf *out, char c) {
    static const char from[] = "\"\\\n\r\t\b\f";
    static const char to[] = "\"\\nrtbf";
    const char *at = memchr(from, c, sizeof from - 1);
    if (at) {
        char two[2] = {'\\', to[at - from]};
        buf_add(out, two, sizeof two);
    } else {
        buf_printf(out, "\\u%04x", (unsigned)c);
    }
}

static void add_string(struct buf *out, const char *s, size_t n) {
    buf_reserve(out, n < SIZE_MAX - 2 ? n + 2 : n);
    buf_addc(out, '"');
    size_t run = 0; /* where what was not copied yet begins */
    size_t i = 0;
    while (i < n && !out->failed) {
        i += plain_run(s + i, n - i);
        if (i == n) {
            break;
        }
        uint32_t cp;
        size_t len = str_utf8_next(s + i, n - i, &cp);
        if (len > 1) { /* UTF-8 stays as it is */
            i += len;
            continue;
        }
        buf_add(out, s + run, i - run);
        if (len == 1) {
            add_escaped(out, s[i]);
        } else {
            buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD: broken bytes never make broken JSON */
        }
        run = ++i;
    }
    buf_add(out, s + run, n - run);
    buf_addc(out, '"');
}

void jw_key(struct json_writer *w, const char *key) {
    separate(w);
    add_string(w->out, key, strlen(key));
    buf_addc(w->out, ':');
    w->after_key = true;
}

void jw_text(struct json_writer *w, const char *s) {
    if (s) {
        jw_text_n(w, s, strlen(s));
    } else {
        jw_null(w);
    }
}

void jw_text_n(struct json_writer *w, const char *s, size_t n) {
    separate(w);
    add_string(w->out, s, n);
}

void jw_int(struct json_writer *w, int64_t n) {
    separate(w);
    buf_printf(w->out, "%lld", (long long)n);
}

void jw_number(struct json_writer *w, double n) {
    char text[32];
    if (!isfinite(n)) {
        jw_null(w);
        return;
    }
    separate(w);
    str_format(text, sizeof text, "%.15g", n); /* as short as it reads back to the same value */
    if (strtod(text, NULL) < n || strtod(text, NULL) > n) {
        str_format(text, sizeof text, "%.17g", n);
    }
    buf_puts(w->out, text);
}

void jw_bool(struct json_writer *w, bool b) {
    jw_raw(w, b ? "true" : "false");
}

void jw_null(struct json_writer *w) {
    jw_raw(w, "null");
}

void jw_raw(struct json_writer *w, const char *json) {
    separate(w);
    buf_puts(w->out, json);
}

static void write_values(struct json_writer *w, const struct json *v, bool object) {
    for (const struct json *c = json_first(v); c; c = json_next(c)) {
        if (object) {
            jw_key(w, json_key(c));
        }
        jw_value(w, c);
    }
}

void jw_value(struct json_writer *w, const struct json *v) {
    switch (json_type(v)) {
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_BOOL:
        jw_bool(w, json_bool(v, false));
        break;
    case JSON_NUMBER:
        jw_number(w, json_number(v, 0));
        break;
    case JSON_STRING:
        jw_text(w, json_text(v));
        break;
    case JSON_ARRAY:
        jw_array(w);
        write_values(w, v, false);
        jw_array_end(w);
        break;
    case JSON_OBJECT:
        jw_object(w);
        write_values(w, v, true);
        jw_object_end(w);
        break;
    }
}

void jw_kv_text(struct json_writer *w, const char *key, const char *s) {
    jw_key(w, key);
    jw_text(w, s);
}

void jw_kv_int(struct json_writer *w, const char *key, int64_t n) {
    jw_key(w, key);
    jw_int(w, n);
}
