/* The list that examinations fill: order, counts, one line of text whatever comes in. */
#include "base/mem.h"
#include "base/str.h"
#include "core/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void they_keep_their_order_and_their_remedies(void **state) {
    (void)state;
    struct findings f;
    findings_init(&f);
    for (int i = 0; i < 100; i++) {
        findings_add(&f, i % 4 == 0 ? FINDING_MEND : FINDING_OK, "test.one", "number %d", i);
        if (i % 2 == 0)
            findings_remedy(&f, "do %d", i);
    }
    assert_int_equal(f.n, 100);
    assert_string_equal(f.all[42].text, "number 42");
    assert_string_equal(f.all[42].remedy, "do 42");
    assert_string_equal(f.all[43].remedy, "");
    assert_int_equal(findings_count(&f, FINDING_MEND), 25);
    assert_int_equal(findings_count(&f, FINDING_UNKNOWN), 0);
    findings_free(&f);
    assert_int_equal(mem_live(), 0);
}

static void what_comes_from_outside_is_one_line(void **state) {
    (void)state;
    struct findings f;
    char long_text[3000];
    findings_init(&f);
    findings_remedy(&f, "nothing to be done about nothing");
    assert_int_equal(f.n, 0);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    findings_add(&f, FINDING_OK, "test.two", "a\033[2Jb\nc");
    findings_add(&f, FINDING_OK, "test.two", "%s", long_text);
    assert_string_equal(f.all[0].text, "a [2Jb c");
    assert_int_equal(strlen(f.all[1].text), sizeof f.all[1].text - 1);
    findings_free(&f);
}

static void without_memory_it_says_so(void **state) {
    (void)state;
    struct findings f;
    findings_init(&f);
    mem_fail_at(1, 0);
    findings_add(&f, FINDING_MEND, "test.three", "lost");
    findings_remedy(&f, "lost, too");
    mem_fail_at(0, 0);
    assert_true(f.failed);
    assert_int_equal(f.n, 0);
    findings_free(&f);
}

static void levels_have_names(void **state) {
    (void)state;
    assert_string_equal(finding_level_name(FINDING_OK), "ok");
    assert_string_equal(finding_level_name(FINDING_NOTE), "note");
    assert_string_equal(finding_level_name(FINDING_UNKNOWN), "unknown");
    assert_string_equal(finding_level_name(FINDING_MEND), "mend");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_keep_their_order_and_their_remedies),
        cmocka_unit_test(what_comes_from_outside_is_one_line),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
