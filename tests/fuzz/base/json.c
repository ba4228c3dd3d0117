/* JSON: what is read can be written and read again, and what the writer is given, whatever bytes,
 * comes out as JSON. The input is both: a document, and texts. */
#include "base/json.h"

#include "fuzz/fuzz.h"

#include <math.h>

#define MAX ((size_t)1 << 20)
#define WRITER_LEVELS 63

static int depth_of(const struct json *v) {
    int deepest = 0;
    for (const struct json *c = json_first(v); c; c = json_next(c)) {
        int depth = depth_of(c);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_type(v) == JSON_ARRAY || json_type(v) == JSON_OBJECT);
}

static struct json *parse(const struct buf *text) {
    struct err err = {0};
    struct json *v = json_parse(buf_text(text), text->len, 8 * MAX, &err);
    CHECK(v || err.code == ERR_INVALID);
    return v;
}

static void printed_is_read_again(const struct json *v) {
    struct buf once, twice;
    buf_init(&once, 8 * MAX);
    buf_init(&twice, 8 * MAX);
    json_print(&once, v);
    CHECK(once.failed == (depth_of(v) > WRITER_LEVELS));
    if (!once.failed) {
        struct json *again = parse(&once);
        CHECK(again);
        bool beyond = isinf(json_number(v, 0)); /* JSON has no word for it: null */
        CHECK(json_type(again) == (beyond ? JSON_NULL : json_type(v)));
        CHECK(json_size(again) == json_size(v));
        json_print(&twice, again);
        CHECK(once.len == twice.len && memcmp(buf_text(&once), buf_text(&twice), once.len) == 0);
        json_free(again);
    }
    buf_free(&once);
    buf_free(&twice);
}

static void any_bytes_are_written(const char *text, size_t n) {
    struct buf out;
    struct json_writer w;
    bool nul = memchr(text, '\0', n) != NULL;
    char *key = mem_strndup(text, n);
    buf_init(&out, 8 * MAX);
    jw_init(&w, &out);
    jw_object(&w);
    jw_kv_text(&w, key, "value");
    jw_key(&w, "text");
    jw_text_n(&w, text, n);
    jw_object_end(&w);
    CHECK(!out.failed && str_is_utf8(buf_text(&out), out.len));
    for (size_t i = 0; i < out.len; i++)
        CHECK((unsigned char)out.data[i] >= 0x20);
    struct json *v = parse(&out);
    CHECK(nul || v); /* the reader takes no \u0000 */
    if (v && str_is_utf8(text, n) && !str_eq(key, "text")) {
        CHECK(str_eq(json_get_text(v, key), "value"));
        CHECK(strlen(json_get_text(v, "text")) == n);
        CHECK(memcmp(json_get_text(v, "text"), text, n) == 0);
    }
    json_free(v);
    mem_free(key);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct err err = {0};
    if (n > MAX)
        return 0;
    struct json *v = json_parse((const char *)data, n, MAX, &err);
    CHECK(v || (err.code == ERR_INVALID && err.text[0]));
    if (v)
        printed_is_read_again(v);
    json_free(v);
    any_bytes_are_written((const char *)data, n);
    return 0;
}
