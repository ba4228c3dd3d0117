/* Whole screens, composed without a terminal, against golden files: the drawings of the dashboard.
 * GOLDEN_WRITE=1 writes them anew (then read the difference with your own eyes). */
#include "unit/ui/scene.h"

static void draw_golden(struct stage *st, int cols, int rows, const char *name) {
    struct buf out;
    stage_draw(st, cols, rows, &out);
    same_as_golden(name, &out);
    buf_free(&out);
}

static void main_at_every_kind_of_size(void **state) {
    (void)state;
    static const struct {
        int cols, rows;
    } sizes[] = {{140, 40}, {120, 35}, {100, 30}, {80, 50}, {80, 24}, {80, 20}, {80, 12},
                 {79, 24},  {60, 17},  {40, 16},  {40, 10}, {40, 8},  {40, 5},  {30, 12},
                 {20, 6},   {20, 3},   {12, 3},   {10, 1},  {5, 1},   {80, 1}};
    char name[64];
    struct stage st;
    stage_open_fixture(&st);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        str_format(name, sizeof name, "main-%dx%d", sizes[i].cols, sizes[i].rows);
        draw_golden(&st, sizes[i].cols, sizes[i].rows, name);
    }
    stage_close(&st);
}

static void main_in_ascii(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    st.canvas.glyphs = &glyphs_ascii;
    draw_golden(&st, 80, 24, "main-ascii-80x24");
    draw_golden(&st, 140, 40, "main-ascii-140x40");
    st.canvas.glyphs = &glyphs_unicode;
    draw_golden(&st, 80, 24, "main-unicode-80x24");
    stage_close(&st);
}

static void paused(void **state) {
    (void)state;
    size_t n;
    struct stage st;
    char *json = file_text("tests/fixtures/ui/paused.json", &n);
    stage_open(&st, json, n, "2026-09-22T03:19:06Z");
    draw_golden(&st, 80, 24, "paused-80x24");
    stage_close(&st);
}

/* Rows 1 to 4 live on, everything below stands still. */
static void frozen(void **state) {
    (void)state;
    static char json[1 << 16];
    size_t n;
    struct stage st, now;
    str_copy(json, sizeof json, file_text(FIXTURE, &n));
    static const char *const changes[][2] = {{"\"failed_5m\": 409", "\"failed_5m\": 424"},
                                             {"\"all_5m\": 671", "\"all_5m\": 672"},
                                             {"\"n\": 388", "\"n\": 544"},
                                             {"\"sent_1m\": 52", "\"sent_1m\": 49"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *where = strstr(json, changes[i][0]);
        assert_non_null(where);
        memcpy(where, changes[i][1], strlen(changes[i][1]));
    }
    for (char *p = json; (p = strstr(p, "T03:12:")) != NULL;)
        memcpy(p, "T03:14:", 7);
    stage_open_fixture(&st);
    stage_open(&now, json, n, "2026-09-22T03:14:06Z");
    st.scene.live = now.scene.live;
    st.scene.state = now.scene.state;
    st.scene.frozen = true;
    st.scene.waiting_events = 161;
    draw_golden(&st, 80, 24, "frozen-80x24");
    draw_golden(&st, 40, 12, "frozen-40x12");
    stage_close(&st);
    stage_close(&now);
}

static void other_views(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    st.scene.places.view = VIEW_HELP;
    draw_golden(&st, 80, 24, "help-80x24");
    draw_golden(&st, 40, 10, "help-40x10");
    st.scene.places.help_top = 1000;
    draw_golden(&st, 40, 10, "help-end-40x10");
    st.scene.places.view = VIEW_WORKERS;
    draw_golden(&st, 80, 24, "workers-80x24");
    draw_golden(&st, 140, 40, "workers-140x40");
    stage_close(&st);
}

#define CODE "rejected:sender_not_verified"
#define ID "b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613"

/* As drawn: two are tagged, six came while the list stood still. */
static void failures(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    str_copy(st.shelf.id, sizeof st.shelf.id, ID);
    assert_true(shelf_tag(&st.shelf, "19c4f6ab-52d0-47e3-b1fa-0d68c2e7a935"));
    assert_true(shelf_tag(&st.shelf, "04e9c7f1-3d8a-4b56-a270-f8b16d4c93e5"));
    st.shelf.then = 388 - 6;
    st.scene.list_holds = true;
    draw_golden(&st, 80, 24, "failures-80x24");
    draw_golden(&st, 140, 40, "failures-140x40");
    draw_golden(&st, 40, 10, "failures-40x10");
    shelf_start(&st.shelf, "");
    st.scene.list_holds = false;
    draw_golden(&st, 80, 24, "failures-closed-80x24");
    stage_open_list(&st, "pending", "");
    draw_golden(&st, 80, 24, "pending-80x24");
    stage_close(&st);
}

static void shows(struct stage *st, int rows, const char *expected) {
    struct buf out;
    stage_draw(st, 80, rows, &out);
    if (strstr(buf_text(&out), expected) == NULL)
        fail_msg("not drawn: %s\n%s", expected, buf_text(&out));
    buf_free(&out);
}

/* Scrolled, a list still says which error it is of, and how it is otherwise by now. */
static void a_list_far_down(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    shelf_put(&st.shelf, st.snapshot, 1);
    shows(&st, 12, "\n     count   /min    last   error\n");
    shelf_put(&st.shelf, st.snapshot, 8);
    st.shelf.top = 3;
    shows(&st, 12, "\n-      388    +78      1s   403 validation_error: shop.example is not ver");
    st.shelf.then = 388;
    shows(&st, 12, "\n 02:58 bob resumed sending");
    st.shelf.then = 400;
    shows(&st, 12, "\n the list stands still; 12 fewer by now, G reads it anew\n");
    st.shelf.then = 380;
    shows(&st, 12, "\n the list stands still; 8 newer, G shows them\n");
    stage_close(&st);
}

/* What is not counted to its end says so: "+", and the menu finds shorter words beside it. */
static void counts_that_are_not_whole(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    st.snapshot->errors[0].capped = true;
    st.snapshot->errors[0].n = 10000;
    shows(&st, 24, "─ Failed: 10,026+ in 4 errors ─");
    shows(&st, 24, "\n>  10,000+    +78      1s   403 ");
    shows(&st, 24, "          9,992+ more of this error, PgDn\n");
    st.shelf.chain.pages[0]->more = false; /* the last page: what is counted beyond came later */
    struct buf out;
    stage_draw(&st, 80, 24, &out);
    assert_null(strstr(buf_text(&out), "more of this error"));
    buf_free(&out);
    str_copy(st.shelf.filter.to, sizeof st.shelf.filter.to, "x");
    shows(&st, 24, "─ Failed, filtered: 8 ─");
    st.shelf.chain.pages[0]->more = true;
    st.shelf.chain.pages[0]->total = -1;
    shows(&st, 24, "─ Failed, filtered: 8+ ─");
    shows(&st, 24, "          more, PgDn\n");
    st.shelf.filter.to[0] = '\0';
    st.snapshot->error_count = 0;
    st.shelf.chain.came_us = 0;
    shows(&st, 24, "\n  nothing has failed\n");
    st.snapshot->published_at_us = -1;
    shows(&st, 24, "\n  asking the database…\n");
    st.snapshot->published_at_us = st.options.demo_now_us;
    st.snapshot->error_count = 4;
    st.scene.places.view = VIEW_MAIN;
    verdict_of(st.snapshot, st.options.demo_now_us, &st.scene.state);
    shows(&st, 24, " Why        10,000+ since 03:07, 403 ");
    shows(&st, 24, "10,000+    +78      1s    03:07\n");
    st.snapshot->queue[QUEUE_FAILED].n = 4123;
    st.snapshot->queue[QUEUE_UNCERTAIN].n = 12;
    struct dialog d;
    assert_true(ask_scope(&d, &st.scene, COMMAND_RETRY, &glyphs_emoji));
    st.scene.dialog = &d;
    shows(&st, 24, "4,142 messages  12 uncertain left out ");
    shows(&st, 24, "10,000+ messages  403 ");
    stage_close(&st);
}

static void one_message(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    stage_open_message(&st, ID);
    draw_golden(&st, 80, 24, "message-80x24");
    draw_golden(&st, 140, 40, "message-140x40");
    draw_golden(&st, 40, 10, "message-40x10");
    letter_show(&st.letter, PART_SOURCE);
    draw_golden(&st, 80, 24, "message-source-80x24");
    letter_show(&st.letter, PART_HEADERS);
    draw_golden(&st, 80, 24, "message-headers-80x24");
    letter_start(&st.letter, "gone");
    draw_golden(&st, 80, 24, "message-asked-80x24");
    stage_close(&st);
}

/* The rows between the first and the last ones. */
static void draw_middle(struct stage *st, int rows, const char *name) {
    struct buf out, part;
    stage_draw(st, 80, 24, &out);
    const char *from = strchr(buf_text(&out), '\n') + 1, *to = from;
    for (int i = 0; i < rows; i++)
        to = strchr(to, '\n') + 1;
    buf_init(&part, 1 << 16);
    buf_add(&part, from, (size_t)(to - from));
    same_as_golden(name, &part);
    buf_free(&part);
    buf_free(&out);
}

static void workers_and_journal(void **state) {
    (void)state;
    size_t n;
    struct stage st;
    struct page_want want = {.kind = PAGE_JOURNAL, .limit = 100};
    char *json = file_text("tests/fixtures/ui/two-lanes.json", &n);
    stage_open(&st, json, n, FIXTURE_NOW);
    st.scene.places.view = VIEW_WORKERS;
    draw_middle(&st, 7, "workers-two-lanes-80x7");
    st.scene.places.view = VIEW_JOURNAL;
    stage_ask(&st, &st.journal, want);
    draw_middle(&st, 7, "journal-80x7");
    str_copy(want.filter.text, sizeof want.filter.text, "bob");
    stage_ask(&st, &st.journal, want);
    assert_int_equal(chain_entries(&st.journal), 3);
    stage_close(&st);
}

static void before_the_first_picture(void **state) {
    (void)state;
    struct stage st;
    stage_open(&st, "{}", 2, FIXTURE_NOW);
    draw_golden(&st, 80, 24, "nothing-80x24");
    draw_golden(&st, 140, 40, "nothing-140x40");
    draw_golden(&st, 40, 10, "nothing-40x10");
    stage_close(&st);
}

static void answers_take_the_second_last_row(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    st.scene.answer = "retry: 412 asked, 409 queued, 3 already taken";
    stage_draw(&st, 80, 24, &out);
    assert_non_null(strstr(buf_text(&out), "\n retry: 412 asked, 409 queued, 3 already taken\n ?"));
    buf_free(&out);
    stage_draw(&st, 40, 10, &out); /* no row of its own: the keys make room */
    assert_non_null(strstr(buf_text(&out), "\nretry: 412 asked, 409 queued, 3 alread…\n"));
    buf_free(&out);
    st.scene.gauges.in_flight = 2;
    st.scene.drain_left_us = 21 * USEC_PER_SEC;
    stage_draw(&st, 80, 24, &out);
    assert_non_null(strstr(buf_text(&out), "\n draining: 2 in flight, 21s left\n"));
    buf_free(&out);
    stage_close(&st);
}

static void looks(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    stage_draw(&st, 80, 24, &out);
    uint32_t row2 = LOOK_BOLD | LOOK_REVERSE | LOOK_RED;
    assert_int_equal(canvas_at(&st.canvas, 1, 1)->look, row2);
    assert_int_equal(canvas_at(&st.canvas, 1, 79)->look, row2);
    assert_int_equal(canvas_at(&st.canvas, 2, 12)->look, LOOK_PLAIN);
    assert_int_equal(canvas_at(&st.canvas, 13, 5)->look, LOOK_REVERSE); /* the cursor's row */
    assert_int_equal(canvas_at(&st.canvas, 14, 5)->look, LOOK_PLAIN);
    assert_int_equal(canvas_at(&st.canvas, 17, 12)->look, LOOK_PLAIN); /* processed */
    assert_int_equal(canvas_at(&st.canvas, 18, 12)->look, LOOK_RED);   /* failed */
    assert_int_equal(st.canvas.cursor_row, 13);
    assert_false(st.canvas.cursor_shown);
    st.scene.state.state = STATE_FLOWING;
    buf_free(&out);
    stage_draw(&st, 80, 24, &out);
    assert_int_equal(canvas_at(&st.canvas, 1, 1)->look, LOOK_PLAIN);
    buf_free(&out);
    stage_close(&st);
}

/* No size breaks it; nothing but rules and boxes reaches the last column. */
static void every_size(void **state) {
    (void)state;
    struct stage st;
    struct dialog d;
    struct err err;
    stage_open_fixture(&st);
    stage_open_message(&st, "b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613");
    stage_open_list(&st, "", "rejected:sender_not_verified");
    for (int cols = 1; cols <= 300; cols += cols < 12 ? 1 : cols < 160 ? 3 : 20) {
        for (int rows = 1; rows <= 100; rows += rows < 26 ? 1 : rows < 60 ? 4 : 20) {
            for (int what = 0; what < VIEWS + 3; what++) {
                st.scene.places.view = what < VIEWS ? (enum view)what : VIEW_LIST;
                st.scene.dialog = what < VIEWS ? NULL : &d;
                if (what == VIEWS)
                    ask_pause(&d, &st.scene, "");
                if (what == VIEWS + 1)
                    ask_change(&d, &st.scene, COMMAND_RETRY, '5');
                if (what == VIEWS + 2)
                    ask_scope(&d, &st.scene, COMMAND_CANCEL, &glyphs_emoji);
                assert_true(canvas_resize(&st.canvas, rows, cols, &err));
                compose(&st.scene, &st.canvas);
                for (int row = 0; row < rows && what == 0; row++) {
                    uint32_t last = canvas_at(&st.canvas, row, cols - 1)->ch;
                    assert_true(last == ' ' || last == 0x2500);
                }
            }
        }
    }
    stage_close(&st);
}

/* Whatever stands in the fields, a screen holds printable cells of the width it is drawn with. */
static void hostile_words(void **state) {
    (void)state;
    static const char json[] =
        "{\"database\":\"shop\\u001b]0;x\\u0007\\n\\u202e\",\"operator\":\"an\\u200bna\\ufe0f\","
        "\"published_at\":\"2026-09-22T03:12:06Z\","
        "\"queue\":{\"failed\":{\"n\":1}},"
        "\"errors\":[{\"code\":\"x\\u0085y\",\"text\":\"caf\\u0301e "
        "\\ud83d\\udc68\\u200d\\ud83d\\udc69 "
        "\\u4f60\\u597d "
        "\\u2066\\u001b[2J\",\"n\":1,\"per_min\":1,\"first_at\":\"2026-09-22T03:00:00Z\"}],"
        "\"workers\":[{\"name\":\"\\u001b[31mmail\",\"state\":\"\\t\",\"pid\":1}],"
        "\"journal\":[{\"at\":\"2026-09-22T03:00:00Z\",\"who\":\"b\\rob\",\"what\":"
        "\"x\\u009b\"}],"
        "\"events\":[{\"at\":\"2026-09-22T03:00:00Z\",\"id\":\"\\u001b\\u001b\",\"to\":\"a\\u0008@"
        "b\"}]}";
    struct stage st;
    struct buf out;
    stage_open(&st, json, sizeof json - 1, FIXTURE_NOW);
    for (int cols = 10; cols <= 140; cols += 5) {
        stage_draw(&st, cols, 40, &out);
        for (const char *p = buf_text(&out); *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 || *p == '\n');
        for (int i = 0; i < st.canvas.rows * st.canvas.cols; i++) {
            uint32_t ch = st.canvas.cells[i].ch;
            int w = ch == 0 ? 0 : wcwidth((wchar_t)ch);
            assert_true(ch == 0 || w == 1 || w == 2);
            assert_true(w != 2 || st.canvas.cells[i + 1].ch == 0);
        }
        buf_free(&out);
    }
    stage_close(&st);
}

/* A document a line, behind the time at which it is looked at: its state row. */
static void every_state(void **state) {
    (void)state;
    struct buf rows, screen;
    size_t n;
    char *lines = strdup(file_text("tests/fixtures/ui/states.jsonl", &n)), *rest = lines;
    buf_init(&rows, 1 << 16);
    for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
        struct stage st;
        char *now = strsep(&line, " ");
        stage_open(&st, line, strlen(line), now);
        stage_draw(&st, 80, 24, &screen);
        const char *second = strchr(buf_text(&screen), '\n') + 1;
        buf_add(&rows, second, strcspn(second, "\n") + 1);
        buf_free(&screen);
        stage_close(&st);
    }
    same_as_golden("states-80x11", &rows);
    buf_free(&rows);
    free(lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state),
        cmocka_unit_test(main_at_every_kind_of_size),
        cmocka_unit_test(main_in_ascii),
        cmocka_unit_test(paused),
        cmocka_unit_test(frozen),
        cmocka_unit_test(other_views),
        cmocka_unit_test(failures),
        cmocka_unit_test(a_list_far_down),
        cmocka_unit_test(counts_that_are_not_whole),
        cmocka_unit_test(one_message),
        cmocka_unit_test(workers_and_journal),
        cmocka_unit_test(before_the_first_picture),
        cmocka_unit_test(answers_take_the_second_last_row),
        cmocka_unit_test(looks),
        cmocka_unit_test(every_size),
        cmocka_unit_test(hostile_words),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
