/* The events a window remembers, the crowd it folds, and the input line. */
#include "unit/ui/scene.h"

#include "ui/plain.h"

static void put(struct ring *r, enum event_kind kind, int n) {
    struct event e = {.kind = kind, .at_us = n};
    str_format(e.id, sizeof e.id, "%d", n);
    str_format(e.text, sizeof e.text, "text %d", n);
    ring_put(r, &e);
}

static void numbers_stay(void **state) {
    (void)state;
    struct err err;
    struct history *h = history_new(&err);
    assert_int_equal(history_first(h), h->end);
    assert_null(history_get(h, 1));
    for (int i = 1; i <= HISTORY_EVENTS + 5; i++) {
        struct event e = {.kind = EVENT_SENT, .at_us = i};
        history_put(h, &e);
    }
    assert_int_equal(history_first(h), 6);
    assert_null(history_get(h, 5));
    assert_int_equal(history_get(h, 6)->at_us, 6);
    assert_int_equal(history_get(h, HISTORY_EVENTS + 5)->at_us, HISTORY_EVENTS + 5);
    assert_null(history_get(h, h->end));
    struct history *copy = history_copy(h, &err);
    history_note(h, 1, "later");
    assert_int_equal(copy->end + 1, h->end);
    history_free(copy);
    history_free(h);
}

static void a_crowd_is_folded(void **state) {
    (void)state;
    struct err err;
    struct event answer;
    bool answered;
    struct ring *r = ring_new(1000, NULL, &err);
    struct history *h = history_new(&err);
    for (int i = 0; i < 500; i++)
        put(r, i % 100 == 99 ? EVENT_FAILED : EVENT_SENT, i);
    put(r, EVENT_ANSWER, 7);
    history_take(h, r, 250, 42, &answer, &answered);
    assert_true(answered);
    assert_string_equal(answer.text, "text 7");
    assert_int_equal(h->count, 250 + 3 + 1); /* the first, all failures after, one note */
    assert_string_equal(history_get(h, h->end - 1)->text, "+247 processed");
    history_take(h, r, 250, 42, &answer, &answered);
    assert_false(answered);
    history_free(h);
    ring_free(r);
}

static void lost_events_are_counted(void **state) {
    (void)state;
    struct err err;
    struct event answer;
    bool answered;
    struct ring *r = ring_new(4, NULL, &err);
    struct history *h = history_new(&err);
    for (int i = 0; i < 10; i++)
        put(r, EVENT_SENT, i);
    history_take(h, r, 100, 42, &answer, &answered);
    assert_int_equal(h->count, 5);
    assert_string_equal(history_get(h, 1)->text, "… 6 not shown");
    history_free(h);
    ring_free(r);
}

static enum prompt_end type(struct prompt *p, const char *text) {
    enum prompt_end end = PROMPT_OPEN;
    for (int w; *text != '\0' && end == PROMPT_OPEN;)
        end = prompt_key(p, (int32_t)text_next(&text, &w));
    return end;
}

static void the_input_line(void **state) {
    (void)state;
    struct prompt p;
    prompt_start(&p, "reason");
    type(&p, "key é");
    prompt_key(&p, K_BACKSPACE);
    assert_string_equal(p.text, "key ");
    prompt_key(&p, 'r' | K_PASTED);
    prompt_key(&p, '\n' | K_PASTED);
    prompt_key(&p, K_UP);
    assert_string_equal(p.text, "key r ");
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_DONE);
    assert_int_equal(prompt_key(&p, K_ESC), PROMPT_LEFT);
    prompt_key(&p, K_CTRL('u'));
    assert_string_equal(p.text, "");
    prompt_key(&p, K_BACKSPACE);
    for (int i = 0; i < 300; i++)
        prompt_key(&p, 0x4f60);
    assert_int_equal(strlen(p.text), 198); /* whole characters only */
}

static void plain_lines(void **state) {
    (void)state;
    struct stage st;
    char line[1024];
    stage_open_fixture(&st);
    plain_line(line, sizeof line, st.snapshot, st.scene.live.now_us, &st.scene.state);
    assert_string_equal(line,
                        "2026-09-22T03:12:06Z shop@db-eu1 FAILING: 61% of attempts failed in the "
                        "last 5 min (409 of 671); 52 sent in the last minute, usually 219; 388 "
                        "since 03:07, 403 validation_error: shop.example is not verified");
    stage_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay),
        cmocka_unit_test(a_crowd_is_folded),
        cmocka_unit_test(lost_events_are_counted),
        cmocka_unit_test(the_input_line),
        cmocka_unit_test(plain_lines),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
