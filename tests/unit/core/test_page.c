/* Pages: what a document says, what a fixture answers, and that an odd one hides nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/page.h"

static struct err err;

static struct page *parse(const char *json) {
    struct page_want want = {.number = 7, .kind = PAGE_LIST};
    return page_parse(&want, json, strlen(json), &err);
}

static void rows_and_their_key(void **state) {
    (void)state;
    struct page *p = parse("{\"now_us\":5,\"more\":true,\"after\":\"k\",\"rows\":["
                           "{\"id\":\"a\",\"at\":17,\"to_email\":\"x@y\",\"retry_count\":2},"
                           "{\"id\":\"b\",\"failed_at\":\"2026-09-22T03:12:06Z\"},"
                           "{\"id\":7,\"at\":\"never\",\"retry_count\":\"two\"}, null]}");
    assert_non_null(p);
    assert_int_equal(p->want.number, 7);
    assert_int_equal(p->row_count, 4);
    assert_true(p->more);
    assert_string_equal(p->after, "k");
    assert_string_equal(p->rows[0].to, "x@y");
    assert_int_equal(p->rows[0].at_us, 17);
    assert_int_equal(p->rows[0].retry_count, 2);
    assert_int_equal(p->rows[1].at_us / USEC_PER_SEC, 1790046726);
    assert_string_equal(p->rows[2].id, ""); /* odd ones are unknown, not fatal */
    assert_int_equal(p->rows[2].at_us, -1);
    assert_int_equal(p->rows[2].retry_count, -1);
    assert_string_equal(p->message.row.id, "");
    page_free(p);
    assert_null(parse("{"));
    p = parse("[]");
    assert_int_equal(p->row_count, 0);
    page_free(p);
    page_free(NULL);
}

static void a_message_and_its_parts(void **state) {
    (void)state;
    struct page *p = parse(
        "{\"message\":{\"id\":\"m\",\"from_email\":\"A <a@b>\",\"to_email\":\"c@d\","
        "\"cc\":[\"e@f\",\"g@h\"],\"subject\":\"S\",\"headers\":{\"X-One\":\"1\",\"X-Two\":2},"
        "\"tags\":{\"k\":\"v\"},\"provider_response\":{\"id\":\"p\",\"n\":[1]},"
        "\"attachments\":[{\"filename\":\"f.pdf\",\"content\":\"QUJDRA\"},"
        "{\"filename\":\"g\",\"bytes\":9000}],"
        "\"history\":[{\"at\":3,\"attempt\":2,\"seconds\":0.5,\"error\":\"no\"},"
        "{\"at\":1,\"who\":null,\"what\":\"created\"}]}}");
    assert_non_null(p);
    const struct page_message *m = &p->message;
    assert_string_equal(m->headers, "From: A <a@b>\nTo: c@d\nCc: e@f, g@h\nSubject: S\nX-One: 1\n"
                                    "X-Two: 2\n\ntags: {\"k\":\"v\"}\n");
    assert_string_equal(m->answer, "id: p\nn: [1]\n");
    assert_int_equal(m->file_count, 2);
    assert_int_equal(m->files[0].bytes, 4);
    assert_int_equal(m->files[1].bytes, 9000);
    assert_int_equal(m->history_count, 2);
    assert_true(m->history[0].attempt);
    assert_false(m->history[1].attempt);
    assert_string_equal(m->history[1].what, "created");
    page_free(p);
}

static struct page *ask(struct page_want want) {
    static char text[1 << 20];
    FILE *f = fopen("tests/fixtures/ui/failing.json", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    struct page *p = page_of_fixture(&want, text, n, INT64_C(1790046726) * USEC_PER_SEC, &err);
    assert_non_null(p);
    return p;
}

static void a_fixture_answers(void **state) {
    (void)state;
    struct page *p = ask((struct page_want){.kind = PAGE_LIST, .limit = 3});
    assert_int_equal(p->row_count, 3);
    assert_true(p->more);
    struct page_want second = {.kind = PAGE_LIST, .limit = 100};
    str_copy(second.after, sizeof second.after, p->after);
    page_free(p);
    p = ask(second);
    assert_int_equal(p->row_count, 5);
    assert_false(p->more);
    page_free(p);
    struct page_want found = {.kind = PAGE_LIST, .limit = 100, .filter = {.to = "SILVA"}};
    p = ask(found);
    assert_int_equal(p->row_count, 1);
    page_free(p);
    found.filter = (struct filter){.status = "pending"};
    p = ask(found);
    assert_int_equal(p->row_count, 0);
    page_free(p);
    p = ask((struct page_want){.kind = PAGE_MESSAGE, .id = "gone"});
    assert_string_equal(p->trouble, "there is no message gone");
    page_free(p);
    p = ask((struct page_want){.kind = PAGE_COUNT, .doing = COMMAND_RETRY});
    assert_int_equal(p->total, 8);
    page_free(p);
}

static void memory_may_run_out(void **state) {
    (void)state;
    static const char json[] = "{\"rows\":[{\"id\":\"a\",\"subject\":\"s\"}],\"message\":{"
                               "\"html\":\"x\",\"headers\":{\"a\":\"b\"}}}";
    long alive = mem_live();
    for (unsigned long n = 1; n < 200; n++) {
        mem_fail_at(n, 0);
        struct page *p = parse(json);
        mem_fail_at(0, 0);
        page_free(p);
        assert_int_equal(mem_live(), alive);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_their_key),
        cmocka_unit_test(a_message_and_its_parts),
        cmocka_unit_test(a_fixture_answers),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
