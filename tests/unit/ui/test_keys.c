/* The one table: no key twice in a view, none that a torn sequence could press, none unnamed. */
#include "unit/ui/scene.h"

static void no_key_means_two_things(void **state) {
    (void)state;
    for (int i = 0; i < key_count; i++)
        for (int a = 0; a < 4 && key_table[i].keys[a] != 0; a++)
            for (int view = VIEW_MAIN; view < VIEWS; view++)
                if (key_table[i].views & 1U << view)
                    assert_ptr_equal(key_find(key_table[i].keys[a], (enum view)view),
                                     &key_table[i]);
}

static void torn_keys_do_no_harm(void **state) {
    (void)state;
    for (int view = VIEW_MAIN; view < VIEWS; view++) {
        assert_null(key_find('[', (enum view)view));
        assert_null(key_find('O', (enum view)view));
        for (int32_t key = 'A'; key <= 'Z'; key++) {
            const struct key_row *row = key_find(key, (enum view)view);
            assert_true(row == NULL || row->section != SECTION_CHANGE);
        }
    }
}

static void what_changes_is_in_the_help(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    st.scene.places.view = VIEW_HELP;
    stage_draw(&st, 80, 30, &out);
    for (int i = 0; i < key_count; i++) {
        if (key_table[i].section == SECTION_NONE)
            continue;
        assert_non_null(strstr(buf_text(&out), key_table[i].help));
        assert_true(text_width(key_table[i].help_sign) <= 14);
    }
    buf_free(&out);
    stage_close(&st);
}

static void the_footer_always_names_the_way_out(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    for (int cols = 40; cols <= 160; cols++) {
        st.scene.places.view = VIEW_MAIN;
        stage_draw(&st, cols, 24, &out);
        assert_non_null(strstr(buf_text(&out), " q quit\n"));
        buf_free(&out);
        st.scene.places.view = VIEW_WORKERS;
        stage_draw(&st, cols, 24, &out);
        assert_non_null(strstr(buf_text(&out), " q back\n"));
        buf_free(&out);
    }
    stage_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_means_two_things),
        cmocka_unit_test(torn_keys_do_no_harm),
        cmocka_unit_test(what_changes_is_in_the_help),
        cmocka_unit_test(the_footer_always_names_the_way_out),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
