/* JSON: what is refused before cJSON sees it, what is read, and that writing is always valid. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct json *parse(const char *text) {
    struct err err;
    return json_parse(text, strlen(text), JSON_MAX_ANSWER, &err);
}

static void bad_texts_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "   ",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":1}x",
        "[1] [2]",
        "nul",
        "'a'",
        "\"a",
        "\"a\\\"",
        "[1",
        "\"\\u0000\"",
        "{\"a\\u0000b\":1}",
        "\"a\nb\"",
        "\"\x1b\"",
        "\"\xff\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\\ud800\"",
        "]",
        "{\"a\":}",
        "[1}",
        "\"\\x\"",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        assert_null(json_parse(bad[i], strlen(bad[i]), JSON_MAX_ANSWER, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(err.text[0] != '\0');
    }
    struct err err;
    assert_null(json_parse(NULL, 0, 10, &err));
    assert_null(json_parse("[1]\0", 4, 10, &err));
}

static void limits_hold_before_parsing(void **state) {
    (void)state;
    long before = mem_live();
    struct err err;
    assert_null(json_parse("[1,2,3]", 7, 6, &err));
    assert_non_null(strstr(err.text, "7 bytes"));

    char deep[200];
    for (int depth = 63; depth <= 66; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        struct json *v = json_parse(deep, 2 * (size_t)depth, sizeof deep, &err);
        assert_int_equal(v != NULL, depth <= 64);
        json_free(v);
    }
    struct buf many; /* cheap to send, dear to parse */
    buf_init(&many, 1 << 21);
    buf_puts(&many, "[0");
    for (int i = 0; i < 300000; i++) {
        buf_puts(&many, ",0");
    }
    buf_puts(&many, "]");
    assert_null(json_parse(many.data, many.len, many.max, &err));
    assert_non_null(strstr(err.text, "values"));
    buf_free(&many);
    assert_int_equal(mem_live(), before);
}

static void values_are_read(void **state) {
    (void)state;
    struct json *v =
        parse(" {\"s\":\"a\\u00e9\\ud83d\\ude00\\\"\",\"n\":-1.5e2,\"t\":true,\"f\":false,"
              "\"z\":null,\"a\":[1,\"two\",{}],\"o\":{\"k\":\"v\"},\"e\":\"[{\"}\n ");
    assert_non_null(v);
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_string_equal(json_get_text(v, "s"), "aé😀\"");
    assert_true(json_get_number(v, "n", 0) < -149 && json_get_number(v, "n", 0) > -151);
    assert_true(json_get_bool(v, "t", false));
    assert_false(json_get_bool(v, "f", true));
    assert_int_equal(json_type(json_get(v, "z")), JSON_NULL);
    assert_non_null(json_get(v, "z"));
    assert_null(json_get(v, "Z"));
    assert_int_equal(json_size(json_get(v, "a")), 3);
    assert_string_equal(json_text(json_at(json_get(v, "a"), 1)), "two");
    assert_null(json_at(json_get(v, "a"), 3));
    assert_null(json_at(json_get(v, "a"), -1));
    assert_string_equal(json_key(json_at(json_get(v, "o"), 0)), "k");
    assert_string_equal(json_get_text(v, "e"), "[{");
    json_free(v);
}

static void other_types_give_the_fallback(void **state) {
    (void)state;
    struct json *v = parse("{\"s\":\"1\",\"n\":1}");
    assert_null(json_get_text(v, "n"));
    assert_true(json_get_number(v, "s", 7) > 6.9);
    assert_true(json_get_bool(v, "s", true));
    assert_int_equal(json_size(json_get(v, "s")), 0);
    assert_null(json_first(json_get(v, "s")));
    assert_null(json_at(json_get(v, "s"), 0));
    assert_null(json_get(json_get(v, "s"), "x"));
    json_free(v);
    assert_int_equal(json_type(NULL), JSON_NULL);
    assert_null(json_text(NULL));
    assert_null(json_get(NULL, "a"));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_null(json_key(NULL));
    assert_int_equal(json_size(NULL), 0);
    json_free(NULL);
}

static void loops_see_every_value_once(void **state) {
    (void)state;
    struct json *v = parse("{\"a\":1,\"b\":2,\"c\":3}");
    char keys[8] = "";
    size_t n = 0;
    for (const struct json *m = json_first(v); m; m = json_next(m)) {
        keys[n++] = json_key(m)[0];
    }
    assert_string_equal(keys, "abc");
    json_free(v);
}

static void strings_are_escaped(void **state) {
    (void)state;
    static const struct {
        const char *in;
        size_t n;
        const char *want;
    } cases[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"a\n\r\t\b\fz", 7, "\"a\\n\\r\\t\\b\\fz\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
        {"é😀", 6, "\"é😀\""},
        {"\xff", 1, "\"\xef\xbf\xbd\""},
        {"a\xe2\x82", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80z", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        struct json_writer w;
        buf_init(&out, 1000);
        jw_init(&w, &out);
        jw_text_n(&w, cases[i].in, cases[i].n);
        assert_string_equal(buf_text(&out), cases[i].want);
        buf_free(&out);
    }
}

static void every_byte_reads_back(void **state) {
    (void)state;
    char in[256];
    for (int i = 1; i < 256; i++) {
        in[i - 1] = (char)i;
    }
    in[255] = '\0';
    struct buf out;
    struct json_writer w;
    buf_init(&out, 10000);
    jw_init(&w, &out);
    jw_text(&w, in);
    assert_true(str_is_utf8(out.data, out.len));
    struct json *v = parse(buf_text(&out));
    assert_non_null(v);
    assert_memory_equal(json_text(v), in, 127);
    json_free(v);
    buf_free(&out);
}

/* Texts go by in steps of eight: what is escaped is found wherever it stands. */
static void an_escape_is_found_at_every_place(void **state) {
    (void)state;
    static const char plain[] = "abcdefghijklmnopqrstuvwxy";
    for (int c = 1; c < 128; c++) {
        for (size_t at = 0; at < sizeof plain - 1; at++) {
            char in[sizeof plain];
            struct buf out;
            struct json_writer w;
            memcpy(in, plain, sizeof in);
            in[at] = (char)c;
            buf_init(&out, 1000);
            jw_init(&w, &out);
            jw_text(&w, in);
            bool escaped = c < 0x20 || c == '"' || c == '\\';
            assert_true(escaped == (out.len - 2 > strlen(in)));
            assert_true(out.len - 2 <= json_text_bound(in));
            struct json *v = parse(buf_text(&out));
            assert_string_equal(json_text(v), in);
            json_free(v);
            buf_free(&out);
        }
    }
    assert_int_equal(json_text_bound(NULL), 0);
    assert_int_equal(json_text_bound("é\n\""), 2 + 6 + 2);
}

static void commas_come_by_themselves(void **state) {
    (void)state;
    struct buf out;
    struct json_writer w;
    buf_init(&out, 1000);
    jw_init(&w, &out);
    jw_object(&w);
    jw_kv_text(&w, "a", NULL);
    jw_key(&w, "b");
    jw_array(&w);
    jw_int(&w, INT64_MIN);
    jw_array(&w);
    jw_array_end(&w);
    jw_object(&w);
    jw_object_end(&w);
    jw_bool(&w, true);
    jw_raw(&w, "[7]");
    jw_array_end(&w);
    jw_kv_int(&w, "c", 3);
    jw_object_end(&w);
    assert_string_equal(buf_text(&out),
                        "{\"a\":null,\"b\":[-9223372036854775808,[],{},true,[7]],\"c\":3}");
    buf_free(&out);
}

static void numbers_are_short_and_exact(void **state) {
    (void)state;
    static const struct {
        double n;
        const char *want;
    } cases[] = {{0.1, "0.1"},
                 {2, "2"},
                 {-1.5, "-1.5"},
                 {1e21, "1e+21"},
                 {NAN, "null"},
                 {INFINITY, "null"},
                 {1.0 / 3, "0.33333333333333331"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        struct json_writer w;
        buf_init(&out, 100);
        jw_init(&w, &out);
        jw_number(&w, cases[i].n);
        assert_string_equal(buf_text(&out), cases[i].want);
        buf_free(&out);
    }
}

static void printing_gives_the_same_document(void **state) {
    (void)state;
    const char *text = "{\"a\":[1,2.5,\"x\\u0001é\",null,true,false,{\"b\":{}}],\"\":[]}";
    struct json *v = parse(text);
    struct buf out;
    buf_init(&out, 1000);
    json_print(&out, v);
    assert_string_equal(buf_text(&out), text);
    buf_free(&out);
    json_free(v);
}

static void nesting_too_deep_fails_the_buffer(void **state) {
    (void)state;
    struct buf out;
    struct json_writer w;
    buf_init(&out, 1000);
    jw_init(&w, &out);
    for (int i = 0; i < 63; i++) {
        jw_array(&w);
    }
    assert_false(out.failed);
    jw_array(&w);
    assert_true(out.failed);
    for (int i = 0; i < 70; i++) {
        jw_array_end(&w);
    }
    buf_free(&out);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    const char *text = "{\"a\":[1,\"two\",{\"b\":\"c\"}]}";
    long before = mem_live();
    struct json *v = NULL;
    for (unsigned long n = 1; !v; n++) {
        struct err err = {0};
        mem_fail_at(n, 0);
        v = parse(text);
        mem_fail_at(n, 0);
        if (!v) {
            assert_null(json_parse(text, strlen(text), 100, &err));
            assert_int_equal(err.code, ERR_NOMEM);
        }
        assert_true(n < 100);
    }
    mem_fail_at(0, 0);
    json_free(v);
    assert_int_equal(mem_live(), before);
}

static void *parse_often(void *arg) {
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        json_free(parse("{\"a\":[1,2,{\"b\":\"c\"}]}"));
    }
    return NULL;
}

static void threads_parse_beside_one_another(void **state) {
    (void)state;
    long before = mem_live();
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, NULL), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(mem_live(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_parse_beside_one_another), /* first: the hooks are not set yet */
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(limits_hold_before_parsing),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(other_types_give_the_fallback),
        cmocka_unit_test(loops_see_every_value_once),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(every_byte_reads_back),
        cmocka_unit_test(an_escape_is_found_at_every_place),
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(printing_gives_the_same_document),
        cmocka_unit_test(nesting_too_deep_fails_the_buffer),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
