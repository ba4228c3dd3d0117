/* JSON. Reading goes through cJSON (its only user) with caps on size and depth; writing streams
 * into a struct buf, because request bodies are the hot path. Any thread, one object per thread. */
#ifndef POSTROOM_BASE_JSON_H
#define POSTROOM_BASE_JSON_H

#include "base/buf.h"

#include <stdint.h>

/* --- reading ------------------------------------------------------------------------------- */

struct json; /* a value inside a parsed document; owned by its root */

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

#define JSON_MAX_ANSWER                                                                            \
    ((size_t)256 * 1024) /* a provider's answer: cJSON costs up to 41x memory                      \
                          */

/* The whole text must be one value (white space around it is fine), valid UTF-8 without \u0000 or
 * raw control bytes in strings, at most max bytes, 64 levels and 256 Ki values. NULL on failure.
 * Free the root with json_free. */
struct json *json_parse(const char *text, size_t n, size_t max, struct err *err) MUST_CHECK;
void json_free(struct json *root);

enum json_type json_type(const struct json *v); /* NULL pointer: JSON_NULL */
const struct json *json_get(const struct json *object, const char *key); /* NULL: no such member */
const struct json *json_at(const struct json *array_or_object, int i);   /* i-th value */
int json_size(const struct json *array_or_object);

/* For loops over what may be long (json_at counts from the start each time):
 * for (v = json_first(list); v; v = json_next(v)) */
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *v);
const char *json_key(const struct json *member); /* its name inside an object, else NULL */

/* Typed: NULL or the fallback where the value is absent or of another type. */
const char *json_text(const struct json *v);
double json_number(const struct json *v, double fallback);
bool json_bool(const struct json *v, bool fallback);

/* Shorthands for json_text(json_get(object, key)) and so on. */
const char *json_get_text(const struct json *object, const char *key);
double json_get_number(const struct json *object, const char *key, double fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);

/* The value written back as compact JSON. */
void json_print(struct buf *out, const struct json *v);

/* --- writing ------------------------------------------------------------------------------- */

/* Commas and colons come by themselves; nesting up to 63 levels. Failure is the buffer's. */
struct json_writer {
    struct buf *out;
    uint64_t started; /* bit per level: something was written there */
    int depth;
    bool after_key;
};

void jw_init(struct json_writer *w, struct buf *out);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key(struct json_writer *w, const char *key);
void jw_text(struct json_writer *w, const char *s); /* NULL writes null */
void jw_text_n(struct json_writer *w, const char *s, size_t n);
size_t json_text_bound(const char *text); /* bytes between the quotes at most; UTF-8 */
void jw_int(struct json_writer *w, int64_t n);
void jw_number(struct json_writer *w, double n);
void jw_bool(struct json_writer *w, bool b);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, const char *json); /* already JSON */
void jw_value(struct json_writer *w, const struct json *v);

/* key and value in one */
void jw_kv_text(struct json_writer *w, const char *key, const char *s);
void jw_kv_int(struct json_writer *w, const char *key, int64_t n);

#endif
