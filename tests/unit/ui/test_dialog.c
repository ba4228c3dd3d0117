/* Dialogs: word for word, what they act on, and that only the named key or number means yes. */
#include "unit/ui/scene.h"

#define CODE "rejected:sender_not_verified"
#define ID "b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613"
#define SHOWN 1000000
#define AWAKE (SHOWN + DIALOG_DEAF_US)

static void box(const struct dialog *d, int cols, int rows, const char *name) {
    struct canvas c;
    struct buf out;
    struct err err;
    canvas_init(&c, &glyphs_emoji);
    assert_true(canvas_resize(&c, rows, cols, &err));
    dialog_draw(d, &c);
    canvas_lines(&c, &out);
    same_as_golden(name, &out);
    buf_free(&out);
    canvas_done(&c);
}

static void words(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    stage_open_fixture(&st);
    ask_pause(&d, &st.scene, "");
    box(&d, 72, 7, "pause-72x7");
    box(&d, 40, 8, "pause-40x8");
    ask_quit(&d, &st.scene);
    box(&d, 72, 8, "quit-72x8");
    assert_true(ask_change(&d, &st.scene, COMMAND_RETRY, '5'));
    d.opened_us = SHOWN;
    dialog_key(&d, '4', AWAKE);
    box(&d, 72, 10, "retry-many-72x10");
    box(&d, 40, 8, "retry-many-40x8");
    ask_uncertain_too(&d);
    box(&d, 72, 10, "retry-uncertain-too-72x10");
    stage_open_list(&st, "", CODE);
    str_copy(st.shelf.id, sizeof st.shelf.id, ID);
    assert_true(shelf_tag(&st.shelf, "19c4f6ab-52d0-47e3-b1fa-0d68c2e7a935"));
    assert_true(shelf_tag(&st.shelf, "04e9c7f1-3d8a-4b56-a270-f8b16d4c93e5"));
    assert_true(ask_scope(&d, &st.scene, COMMAND_RETRY, &glyphs_emoji));
    box(&d, 72, 11, "retry-menu-72x11");
    assert_true(ask_change(&d, &st.scene, COMMAND_RETRY, '1'));
    box(&d, 72, 7, "retry-one-72x7");
    stage_close(&st);
}

static void says_what_is_in_flight(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    stage_open_fixture(&st);
    st.scene.gauges.worker_here = true;
    ask_quit(&d, &st.scene);
    assert_string_equal(d.lines[1].text, "It has nothing in flight and stops at once.");
    st.scene.gauges.in_flight = 1;
    ask_quit(&d, &st.scene);
    assert_string_equal(d.lines[1].text, "Its 1 message in flight finishes first (30s at most).");
    stage_close(&st);
}

static void resume_words(void **state) {
    (void)state;
    size_t n;
    struct stage st;
    struct dialog d;
    char *json = file_text("tests/fixtures/ui/paused.json", &n);
    stage_open(&st, json, n, "2026-09-22T03:19:06Z");
    ask_pause(&d, &st.scene, "");
    assert_int_equal(d.purpose, ASK_RESUME);
    assert_int_equal(d.command.kind, COMMAND_RESUME);
    box(&d, 72, 6, "resume-72x6");
    stage_close(&st);
}

static void open_all(struct stage *st, struct dialog *d, char what) {
    assert_true(ask_change(d, &st->scene, COMMAND_RETRY, what));
    d->opened_us = SHOWN;
}

static void what_it_acts_on_is_fixed(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    stage_open_fixture(&st);
    open_all(&st, &d, '5');
    assert_int_equal(d.command.kind, COMMAND_RETRY);
    assert_string_equal(d.command.message_id, "");
    assert_string_equal(d.command.filter.error_code, "");
    assert_int_equal(d.command.filter.until_us, st.scene.live.now_us);
    assert_false(d.command.filter.uncertain_too);
    assert_int_equal(d.number, 412);
    ask_uncertain_too(&d);
    assert_true(d.command.filter.uncertain_too);
    assert_int_equal(d.number, 414);
    ask_uncertain_too(&d);
    assert_int_equal(d.number, 412);
    open_all(&st, &d, '3');
    assert_string_equal(d.command.filter.error_code, "rejected:sender_not_verified");
    assert_int_equal(d.number, 388);
    str_copy(st.scene.places.error_code, 64, "rejected:invalid_to");
    open_all(&st, &d, '3');
    assert_int_equal(d.number, 0); /* five: y is enough */
    assert_string_equal(d.choices, "y");
    str_copy(st.scene.places.error_code, 64, "uncertain");
    open_all(&st, &d, '3');
    assert_int_equal(d.number, 2); /* two, but uncertain */
    assert_true(d.command.filter.uncertain_too);
    st.scene.places.focus = FOCUS_EVENTS;
    st.scene.places.event = 9; /* processed */
    assert_false(ask_change(&d, &st.scene, COMMAND_RETRY, '1'));
    st.scene.places.event = 11;
    open_all(&st, &d, '1');
    assert_string_equal(d.command.message_id, "8a2e7d10-f3b9-4c55-9e47-6b1f08d3c2a7");
    assert_int_equal(d.command.filter.until_us, 0);
    stage_close(&st);
}

static void capped_counts_are_typed(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    struct buf out;
    stage_open_fixture(&st);
    st.snapshot->queue[QUEUE_FAILED].n = 10000;
    st.snapshot->queue[QUEUE_FAILED].capped = true;
    st.snapshot->queue[QUEUE_RETRYING].n = 0;
    open_all(&st, &d, '5');
    st.scene.dialog = &d;
    stage_draw(&st, 80, 24, &out);
    assert_non_null(strstr(buf_text(&out), "Retry 10,000+ messages on shop@db-eu1"));
    assert_non_null(strstr(buf_text(&out), "Number   at least 10,000: counting stops there"));
    assert_non_null(strstr(buf_text(&out), "Type 10000 and press Enter"));
    buf_free(&out);
    stage_close(&st);
}

static void nothing_to_retry(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    stage_open(&st, "{}", 2, FIXTURE_NOW);
    assert_false(ask_scope(&d, &st.scene, COMMAND_RETRY, &glyphs_emoji));
    assert_false(ask_change(&d, &st.scene, COMMAND_RETRY, '1'));
    assert_false(ask_change(&d, &st.scene, COMMAND_RETRY, '3'));
    assert_false(ask_change(&d, &st.scene, COMMAND_RETRY, '5'));
    stage_close(&st);
}

static enum dialog_end type(struct dialog *d, const char *keys) {
    enum dialog_end end = DIALOG_STAYS;
    for (; *keys != '\0' && end == DIALOG_STAYS; keys++)
        end = dialog_key(d, *keys == '\r' ? K_ENTER : *keys == '\b' ? K_BACKSPACE : *keys, AWAKE);
    return end;
}

static void only_the_named_key_means_yes(void **state) {
    (void)state;
    static const int32_t no[] = {'n', 'Y', ' ', '1', K_ENTER, K_ESC, K_UP, K_TAB, K_OTHER, 0x79000};
    struct stage st;
    struct dialog d;
    stage_open_fixture(&st);
    ask_pause(&d, &st.scene, "");
    assert_int_equal(dialog_key(&d, 'y', AWAKE), DIALOG_STAYS); /* it does not stand yet */
    d.opened_us = SHOWN;
    assert_int_equal(dialog_key(&d, 'y', AWAKE - 1), DIALOG_STAYS);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_int_equal(dialog_key(&d, no[i], AWAKE), DIALOG_NO);
    assert_int_equal(dialog_key(&d, 'y', AWAKE), DIALOG_YES);
    assert_int_equal(dialog_key(&d, 'w', AWAKE), DIALOG_YES);
    assert_int_equal(d.picked, 'w');
    stage_close(&st);
}

static void only_the_number_means_yes(void **state) {
    (void)state;
    static const struct {
        const char *keys;
        enum dialog_end end;
    } cases[] = {
        {"412\r", DIALOG_YES}, {"41\b12\r", DIALOG_YES}, {"\r", DIALOG_NO},
        {"411\r", DIALOG_NO},  {"4120\r", DIALOG_NO},    {"y", DIALOG_NO},
        {"41y", DIALOG_NO},    {"412", DIALOG_STAYS},    {"412 ", DIALOG_NO},
        {"\b", DIALOG_NO},     {"00412\r", DIALOG_YES},
    };
    struct stage st;
    struct dialog d;
    stage_open_fixture(&st);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_all(&st, &d, '5');
        if (type(&d, cases[i].keys) != cases[i].end)
            fail_msg("case %zu", i);
        assert_int_equal(d.picked, 0);
    }
    open_all(&st, &d, '5');
    assert_int_equal(dialog_key(&d, 'i', AWAKE), DIALOG_YES);
    assert_int_equal(d.picked, 'i');
    ask_uncertain_too(&d);
    d.opened_us = SHOWN;
    assert_int_equal(type(&d, "414\r"), DIALOG_YES);
    assert_int_equal(d.picked, 0); /* this yes is the number's */
    stage_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(says_what_is_in_flight),
        cmocka_unit_test(resume_words),
        cmocka_unit_test(what_it_acts_on_is_fixed),
        cmocka_unit_test(capped_counts_are_typed),
        cmocka_unit_test(nothing_to_retry),
        cmocka_unit_test(only_the_named_key_means_yes),
        cmocka_unit_test(only_the_number_means_yes),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
