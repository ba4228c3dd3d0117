/* The list: its lines, its cursor that stays with its message, its tags. */
#include "unit/ui/scene.h"

#define CODE "rejected:sender_not_verified"
#define FIRST "8a2e7d10-f3b9-4c55-9e47-6b1f08d3c2a7"
#define SECOND "b81d0c52-6a3e-4f7b-9c05-2e94d7a8f613"

static enum line_kind kind_at(const struct stage *st, int i) {
    struct shelf_line line;
    shelf_line(&st->shelf, st->snapshot, i, &line);
    return line.kind;
}

static void lines_of_groups_and_messages(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    shelf_start(&st.shelf, "");
    assert_int_equal(shelf_lines(&st.shelf, st.snapshot), 4);
    stage_open_list(&st, "", CODE);
    assert_int_equal(shelf_lines(&st.shelf, st.snapshot), 4 + 8 + 1);
    assert_int_equal(kind_at(&st, 0), LINE_GROUP);
    assert_int_equal(kind_at(&st, 1), LINE_ROW);
    assert_int_equal(kind_at(&st, 8), LINE_ROW);
    assert_int_equal(kind_at(&st, 9), LINE_MORE);
    assert_int_equal(kind_at(&st, 10), LINE_GROUP);
    assert_int_equal(kind_at(&st, 12), LINE_GROUP);
    assert_int_equal(kind_at(&st, 13), LINE_NONE);
    assert_int_equal(kind_at(&st, -1), LINE_NONE);
    stage_open_list(&st, "pending", "");
    assert_int_equal(shelf_lines(&st.shelf, st.snapshot), 0);
    assert_int_equal(shelf_cursor(&st.shelf, st.snapshot), -1);
    stage_close(&st);
}

static void the_cursor_stays_with_its_message(void **state) {
    (void)state;
    struct stage st;
    struct shelf_line line;
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    shelf_put(&st.shelf, st.snapshot, 2);
    assert_string_equal(st.shelf.id, SECOND);
    /* the one above it goes: it moves up with its message */
    struct page *p = st.shelf.chain.pages[0];
    memmove(&p->rows[0], &p->rows[1], (size_t)--p->row_count * sizeof *p->rows);
    assert_int_equal(shelf_cursor(&st.shelf, st.snapshot), 1);
    shelf_settle(&st.shelf, st.snapshot);
    assert_string_equal(st.shelf.id, SECOND);
    /* it goes itself: the next one takes its place, nothing is acted on by number */
    memmove(&p->rows[0], &p->rows[1], (size_t)--p->row_count * sizeof *p->rows);
    shelf_settle(&st.shelf, st.snapshot);
    shelf_at(&st.shelf, st.snapshot, &line);
    assert_string_equal(line.row->id, p->rows[0].id);
    assert_string_equal(st.shelf.id, p->rows[0].id);
    /* the line between the pages holds no cursor */
    shelf_put(&st.shelf, st.snapshot, 1 + p->row_count);
    shelf_at(&st.shelf, st.snapshot, &line);
    assert_int_equal(line.kind, LINE_ROW);
    shelf_put(&st.shelf, st.snapshot, 1000);
    shelf_at(&st.shelf, st.snapshot, &line);
    assert_string_equal(line.error->code, "uncertain");
    shelf_put(&st.shelf, st.snapshot, -5);
    assert_int_equal(shelf_cursor(&st.shelf, st.snapshot), 0);
    stage_close(&st);
}

/* A first page with these ids, a letter each, as the answer to what is asked now. */
static struct page *page_with(struct stage *st, const char *ids) {
    struct err err;
    struct buf b;
    struct page_want want = {.number = 9, .kind = PAGE_LIST};
    buf_init(&b, 4096);
    buf_puts(&b, "{\"now_us\":5000,\"rows\":[");
    for (const char *id = ids; *id; id++)
        buf_printf(&b, "%s{\"id\":\"%c\",\"at\":%d,\"error_code\":\"" CODE "\"}",
                   id > ids ? "," : "", *id, *id == 'z' ? 9000 : 1000);
    buf_puts(&b, "]}");
    struct page *p = page_parse(&want, buf_text(&b), b.len, &err);
    assert_non_null(p);
    buf_free(&b);
    st->shelf.chain.awaited = 9;
    return p;
}

/* The list `before` becomes `after`: where does the cursor go, and what is asked about? */
static void it_goes(struct stage *st, const char *before, const char *at, const char *after,
                    const char *to, const char *asked) {
    st->shelf.fate.kind = PAGE_NONE;
    st->shelf.id[0] = '\0';
    assert_true(shelf_take(&st->shelf, page_with(st, before), 1));
    str_copy(st->shelf.id, sizeof st->shelf.id, at);
    shelf_settle(&st->shelf, st->snapshot);
    assert_int_equal(st->shelf.fate.kind, PAGE_NONE);
    assert_true(shelf_take(&st->shelf, page_with(st, after), 1));
    shelf_settle(&st->shelf, st->snapshot);
    assert_string_equal(st->shelf.id, to);
    assert_int_equal(st->shelf.fate.kind, asked[0] != '\0' ? PAGE_FATE : PAGE_NONE);
    if (asked[0] != '\0')
        assert_string_equal(st->shelf.fate.id, asked);
}

static void the_cursor_goes_to_the_next_that_is_there(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    shelf_start(&st.shelf, "");
    str_copy(st.shelf.open, sizeof st.shelf.open, CODE);
    it_goes(&st, "abcdef", "c", "nmabcdef", "c", ""); /* newer ones push it down: it stays */
    it_goes(&st, "abcdef", "c", "nabdef", "d", "c");
    it_goes(&st, "abcdef", "c", "nabf", "f", "c"); /* its neighbours left, too */
    it_goes(&st, "abcdef", "e", "nab", "b", "e");  /* nothing behind it: what stood before it */
    assert_int_equal(st.shelf.fate.filter.since_us, 1000);
    assert_string_equal(st.shelf.fate.filter.error_code, CODE);
    it_goes(&st, "az", "z", "a", "a", "z"); /* what is due later may leave sooner */
    assert_int_equal(st.shelf.fate.filter.since_us, 5000);
    it_goes(&st, "ab", "b", "", "", "b");
    stage_close(&st);
}

/* A group that is empty goes before its page is read anew. */
static void a_cursor_whose_group_is_gone(void **state) {
    (void)state;
    struct stage st;
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    shelf_put(&st.shelf, st.snapshot, 2);
    shelf_settle(&st.shelf, st.snapshot);
    assert_int_equal(st.shelf.fate.kind, PAGE_NONE);
    st.snapshot->errors[0].code = "another";
    shelf_settle(&st.shelf, st.snapshot);
    assert_int_equal(st.shelf.fate.kind, PAGE_FATE);
    assert_string_equal(st.shelf.fate.id, SECOND);
    stage_close(&st);
}

static void sorts_and_filters(void **state) {
    (void)state;
    struct stage st;
    const struct snap_error *order[SHELF_GROUPS];
    int64_t total;
    stage_open_fixture(&st);
    shelf_start(&st.shelf, "");
    assert_int_equal(shelf_groups(&st.shelf, st.snapshot, order, &total), 4);
    assert_int_equal(total, 414);
    assert_string_equal(order[1]->code, "timeout");
    st.shelf.sort = SORT_LAST;
    shelf_groups(&st.shelf, st.snapshot, order, &total);
    assert_string_equal(order[3]->code, "uncertain");
    str_copy(st.shelf.filter.error, sizeof st.shelf.filter.error, "INVALID");
    assert_int_equal(shelf_groups(&st.shelf, st.snapshot, order, &total), 1);
    assert_int_equal(total, 5);
    assert_true(shelf_is_grouped(&st.shelf));
    str_copy(st.shelf.filter.to, sizeof st.shelf.filter.to, "x");
    assert_false(shelf_is_grouped(&st.shelf));
    stage_close(&st);
}

static void tags(void **state) {
    (void)state;
    struct stage st;
    char id[16];
    stage_open_fixture(&st);
    stage_open_list(&st, "", CODE);
    const struct page_row *first = chain_row(&st.shelf.chain, 0);
    assert_true(shelf_tag(&st.shelf, FIRST));
    assert_true(shelf_is_tagged(&st.shelf, first));
    assert_true(shelf_tag(&st.shelf, FIRST)); /* again: no longer */
    assert_false(shelf_is_tagged(&st.shelf, first));
    for (int i = 0; i < COMMAND_IDS; i++) {
        str_format(id, sizeof id, "id-%d", i);
        assert_true(shelf_tag(&st.shelf, id));
    }
    assert_false(shelf_tag(&st.shelf, "one more"));
    struct filter f = {.error_code = CODE, .until_us = first->at_us};
    shelf_tag_whole(&st.shelf, &f, 388);
    assert_int_equal(shelf_tagged(&st.shelf), 388);
    assert_true(shelf_is_tagged(&st.shelf, first));
    struct page_row newer = *first;
    newer.at_us++;
    assert_false(shelf_is_tagged(&st.shelf, &newer)); /* it came afterwards */
    shelf_untag(&st.shelf);
    assert_int_equal(shelf_tagged(&st.shelf), 0);
    stage_close(&st);
}

static void late_pages_are_dropped(void **state) {
    (void)state;
    struct stage st;
    struct err err;
    struct page_want want = {.number = 5, .kind = PAGE_LIST};
    stage_open_fixture(&st);
    st.shelf.chain.awaited = 6;
    struct page *p = page_trouble(&want, "late", &err);
    assert_non_null(p);
    assert_false(chain_take(&st.shelf.chain, p, 1));
    assert_string_equal(st.shelf.chain.trouble, "");
    assert_int_equal(st.shelf.chain.awaited, 6);
    stage_close(&st);
}

static void lines_are_broken_at_blanks(void **state) {
    (void)state;
    static const char text[] = "one two three\n\nfourfivesix \xe4\xbd\xa0\xe5\xa5\xbd x\n";
    static const char *const lines[] = {
        "one two", "three", "", "fourfive", "six \xe4\xbd\xa0\xe5\xa5\xbd", "x"};
    const char *rest = text, *line;
    size_t len;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_true(letter_line(&rest, 8, &line, &len));
        assert_int_equal(len, strlen(lines[i]));
        assert_memory_equal(line, lines[i], len);
    }
    assert_false(letter_line(&rest, 8, &line, &len));
    rest = "\xe4\xbd\xa0"; /* wider than the line: it goes on all the same */
    assert_true(letter_line(&rest, 1, &line, &len));
    assert_false(letter_line(&rest, 1, &line, &len));
}

/* A mail without HTML has three parts, also where the one before it was read as HTML. */
static void parts_it_does_not_have(void **state) {
    (void)state;
    struct stage st;
    struct buf out;
    stage_open_fixture(&st);
    stage_open_message(&st, FIRST); /* neither HTML nor text */
    letter_show(&st.letter, PART_SOURCE);
    assert_int_equal(st.letter.part, PART_TEXT);
    stage_draw(&st, 80, 24, &out);
    assert_non_null(strstr(buf_text(&out), " v headers, answer "));
    buf_free(&out);
    letter_show(&st.letter, PART_HEADERS);
    assert_int_equal(letter_next(&st.letter), PART_ANSWER);
    st.letter.part = PART_SOURCE; /* its page came later */
    stage_draw(&st, 80, 24, &out);
    buf_free(&out);
    stage_close(&st);
}

static void twice_is(const char *status, const char *code, int64_t retries, const char *request,
                     const char *expected) {
    struct page_event tried = {.attempt = true, .request = request != NULL ? request : ""};
    struct page_message m = {.row = {.status = status, .error_code = code, .retry_count = retries},
                             .history = &tried,
                             .history_count = request != NULL};
    char text[100];
    letter_twice(&m, "~", text, sizeof text);
    assert_string_equal(text, expected);
}

/* What may have been sent twice; NULL: no attempt is kept, "" : it made no request. */
static void was_it_sent_twice(void **state) {
    (void)state;
    twice_is("pending", "", 0, NULL, "no: it was never tried");
    twice_is("failed", "rejected:invalid_to", 1, "", "no: it was never handed to the provider");
    twice_is("failed", "rejected:invalid_to", 1, "8d2740fe", "no: the provider refused it");
    twice_is("failed", "rejected:invalid_to", 2, NULL, "no: the provider refused it");
    twice_is("failed", "refused", 2, NULL, "no: none of its attempts was taken");
    twice_is("failed", "uncertain", 1, "8d2740fe", "maybe: the answer was lost (request 8d2740fe)");
    twice_is("sent", "", 1, "8d2740fe", "no: the provider has taken it once");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_groups_and_messages),
        cmocka_unit_test(the_cursor_stays_with_its_message),
        cmocka_unit_test(the_cursor_goes_to_the_next_that_is_there),
        cmocka_unit_test(a_cursor_whose_group_is_gone),
        cmocka_unit_test(sorts_and_filters),
        cmocka_unit_test(tags),
        cmocka_unit_test(late_pages_are_dropped),
        cmocka_unit_test(lines_are_broken_at_blanks),
        cmocka_unit_test(parts_it_does_not_have),
        cmocka_unit_test(was_it_sent_twice),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
