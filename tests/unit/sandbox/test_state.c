/* What the sandbox remembers: keys for a day, requests for a second, the newest mails. */
#include "sandbox/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOUR_US (3600 * USEC_PER_SEC)

/* --- keys ------------------------------------------------------------------------------------- */

static enum key_state ask(struct keys *k, const char *key, const char *hash, int64_t at,
                          const char *want) {
    struct buf answer;
    buf_init(&answer, 1000);
    enum key_state state = keys_begin(k, key, hash, at, &answer);
    assert_string_equal(buf_text(&answer), want);
    buf_free(&answer);
    return state;
}

static void a_key_answers_for_a_day(void **state) {
    (void)state;
    struct keys *k = keys_new();
    const char one[SHA256_HEX] = "one", two[SHA256_HEX] = "two";
    assert_int_equal(ask(k, "a", one, 0, ""), KEY_NEW);
    assert_int_equal(ask(k, "a", one, 1, ""), KEY_IN_FLIGHT);
    assert_int_equal(ask(k, "a", two, 1, ""), KEY_DIFFERENT);
    keys_finish(k, "a", "answer");
    assert_int_equal(ask(k, "a", one, 2, "answer"), KEY_REPLAY);
    assert_int_equal(ask(k, "a", two, 2, ""), KEY_DIFFERENT);
    assert_int_equal(ask(k, "b", one, 2, ""), KEY_NEW);
    keys_forget(k, "b");
    assert_int_equal(ask(k, "b", two, 3, ""), KEY_NEW);
    assert_int_equal(ask(k, "a", one, 24 * HOUR_US - 1, "answer"), KEY_REPLAY);
    assert_int_equal(ask(k, "a", two, 24 * HOUR_US, ""), KEY_NEW);
    keys_free(k);
}

static void keys_do_not_pile_up(void **state) {
    (void)state;
    struct keys *k = keys_new();
    const char hash[SHA256_HEX] = "h";
    char key[16];
    long live = mem_live();
    for (int i = 0; i < 30000; i++) {
        str_format(key, sizeof key, "k%d", i);
        assert_int_equal(ask(k, key, hash, i, ""), KEY_NEW);
        keys_finish(k, key, "x");
    }
    assert_true(mem_live() - live <= 2 * 20000 + 2);
    assert_int_equal(ask(k, "k29999", hash, 30000, "x"), KEY_REPLAY);
    keys_free(k);
}

/* --- rate ------------------------------------------------------------------------------------- */

static void so_many_in_any_second(void **state) {
    (void)state;
    static const struct {
        int64_t at_ms;
        bool taken;
        int remaining; /* afterwards */
        int reset_s;
    } steps[] = {
        {0, true, 2, 1},     {100, true, 1, 1},  {900, true, 0, 1},   {950, false, 0, 1},
        {999, false, 0, 1},  {1000, true, 0, 1}, {1050, false, 0, 1}, {1100, true, 0, 1},
        {1899, false, 0, 1}, {1900, true, 0, 1}, {5000, true, 2, 1},
    };
    struct rate r;
    assert_true(rate_init(&r, 3));
    assert_int_equal(rate_remaining(&r, 0), 3);
    for (size_t i = 0; i < COUNT(steps); i++) {
        int64_t at = steps[i].at_ms * USEC_PER_MS;
        assert_int_equal(rate_take(&r, at), steps[i].taken);
        assert_int_equal(rate_remaining(&r, at), steps[i].remaining);
        assert_int_equal(rate_reset_s(&r, at), steps[i].reset_s);
    }
    rate_free(&r);
}

/* --- store ------------------------------------------------------------------------------------ */

static struct kept make(const char *to, const char *more) {
    char text[512];
    struct kept m;
    str_format(text, sizeof text,
               "{\"from\":\"a@acme.dev\",\"to\":\"%s\",\"subject\":\"S\",\"html\":\"<b>\"%s}", to,
               more);
    struct json *mail = json_parse(text, strlen(text), sizeof text, NULL);
    assert_non_null(mail);
    assert_true(kept_make(&m, mail, 0));
    json_free(mail);
    return m;
}

static struct json *shown(const struct store *s, const char *id) {
    struct buf out;
    buf_init(&out, 100000);
    assert_true(store_print(s, id, &out));
    struct json *mail = json_parse(buf_text(&out), out.len, out.len, NULL);
    assert_non_null(mail);
    buf_free(&out);
    return mail;
}

static void a_mail_is_shown_in_resends_shape(void **state) {
    (void)state;
    static const struct {
        const char *to, *more, *event;
    } cases[] = {
        {"b@mail.dev", "", "delivered"},
        {"delivered@resend.dev", "", "delivered"},
        {"bounced@resend.dev", "", "bounced"},
        {"B <Bounced+x@resend.dev>", "", "bounced"},
        {"complained+y@resend.dev", "", "complained"},
        {"suppressed@resend.dev", "", "suppressed"},
        {"bouncedx@resend.dev", "", "delivered"},
        {"bounced@resend.example", "", "delivered"},
        {"b@mail.dev", ",\"scheduled_at\":\"2030-01-01T00:00:00Z\"", "scheduled"},
    };
    struct store *s = store_new(10, 100000);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char id[UUID_TEXT];
        struct kept m = make(cases[i].to, cases[i].more);
        str_copy(id, sizeof id, m.id);
        store_add(s, &m);
        struct json *mail = shown(s, id);
        assert_string_equal(json_get_text(mail, "object"), "email");
        assert_string_equal(json_get_text(mail, "id"), id);
        assert_string_equal(json_get_text(mail, "created_at"), "1970-01-01 00:00:00.000+00");
        assert_string_equal(json_text(json_at(json_get(mail, "to"), 0)), cases[i].to);
        assert_string_equal(json_get_text(mail, "html"), "<b>");
        assert_int_equal(json_type(json_get(mail, "cc")), JSON_NULL);
        assert_string_equal(json_get_text(mail, "last_event"), cases[i].event);
        json_free(mail);
    }
    store_free(s);
}

static void a_long_body_is_cut_between_characters(void **state) {
    (void)state;
    struct buf text;
    struct kept m;
    buf_init(&text, 1000000);
    buf_puts(&text,
             "{\"from\":\"a@acme.dev\",\"to\":\"b@mail.dev\",\"subject\":\"S\",\"html\":\"x");
    for (size_t i = 0; i < KEPT_BODY_MAX; i++)
        buf_puts(&text, "é");
    buf_puts(&text, "\"}");
    struct json *mail = json_parse(buf_text(&text), text.len, text.len, NULL);
    assert_non_null(mail);
    assert_true(kept_make(&m, mail, 0));
    json_free(mail);
    mail = json_parse(m.body, strlen(m.body), strlen(m.body), NULL);
    assert_non_null(mail);
    assert_int_equal(strlen(json_get_text(mail, "html")), KEPT_BODY_MAX - 1);
    json_free(mail);
    kept_done(&m);
    buf_free(&text);
}

/* "cba" for the ids at those places, newest first; "+" where there are more. */
static void list_is(const struct store *s, char ids[][UUID_TEXT], int limit, const char *after,
                    const char *before, const char *want) {
    char got[32] = "";
    struct buf out;
    buf_init(&out, 100000);
    store_list(s, limit, after, before, &out);
    struct json *list = json_parse(buf_text(&out), out.len, out.len, NULL);
    assert_non_null(list);
    assert_string_equal(json_get_text(list, "object"), "list");
    const struct json *data = json_get(list, "data");
    for (int i = 0; i < json_size(data); i++)
        for (int k = 0; k < 5; k++)
            if (str_eq(json_get_text(json_at(data, i), "id"), ids[k]))
                str_format(got + strlen(got), sizeof got - strlen(got), "%c", 'a' + k);
    if (json_get_bool(list, "has_more", false))
        str_format(got + strlen(got), sizeof got - strlen(got), "+");
    assert_string_equal(got, want);
    json_free(list);
    buf_free(&out);
}

static void lists_go_by_pages(void **state) {
    (void)state;
    char ids[5][UUID_TEXT] = {{0}};
    struct store *s = store_new(4, 1000000);
    list_is(s, ids, 10, NULL, NULL, "");
    list_is(s, ids, 10, "none", NULL, "");
    list_is(s, ids, 10, NULL, "none", "");
    for (int i = 0; i < 5; i++) {
        struct kept m = make("b@mail.dev", "");
        str_copy(ids[i], sizeof ids[i], m.id);
        store_add(s, &m);
    }
    assert_int_equal(store_count(s), 4); /* "a" made room */
    list_is(s, ids, 10, NULL, NULL, "edcb");
    list_is(s, ids, 4, NULL, NULL, "edcb");
    list_is(s, ids, 3, NULL, NULL, "edc+");
    list_is(s, ids, 2, ids[3], NULL, "cb");
    list_is(s, ids, 1, ids[3], NULL, "c+");
    list_is(s, ids, 2, ids[1], NULL, "");
    list_is(s, ids, 2, NULL, ids[2], "ed");
    list_is(s, ids, 1, NULL, ids[2], "d+");
    list_is(s, ids, 2, NULL, ids[4], "");
    list_is(s, ids, 2, ids[0], NULL, "");
    list_is(s, ids, 2, NULL, ids[0], "");
    store_free(s);
}

static void mails_do_not_pile_up(void **state) {
    (void)state;
    long live = mem_live();
    struct kept m = make("b@mail.dev", "");
    size_t one = strlen(m.head) + strlen(m.body);
    struct store *s = store_new(1000, 3 * one + one / 2);
    store_add(s, &m);
    for (int i = 0; i < 20; i++) {
        m = make("b@mail.dev", "");
        store_add(s, &m);
    }
    assert_int_equal(store_count(s), 3);
    store_free(s);
    assert_int_equal(mem_live(), live);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_answers_for_a_day),
        cmocka_unit_test(keys_do_not_pile_up),
        cmocka_unit_test(so_many_in_any_second),
        cmocka_unit_test(a_mail_is_shown_in_resends_shape),
        cmocka_unit_test(a_long_body_is_cut_between_characters),
        cmocka_unit_test(lists_go_by_pages),
        cmocka_unit_test(mails_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
