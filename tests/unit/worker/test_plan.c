/* Packing due messages into requests. Each case is written as a string, a letter per message:
 * b may share, a has an attachment, p ended two claims without an outcome, L is large. */
#include "worker/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool shares(const struct message *m) {
    return m->attachments == NULL;
}

static const struct {
    const char *messages;
    int batch_max, batch_size;
    const char *groups; /* a digit per message */
    int requests;
} cases[] = {
    {"", 100, 100, "", 0},         {"b", 100, 100, "0", 1},       {"bbb", 100, 100, "000", 1},
    {"bbbbb", 100, 2, "00112", 3}, {"bbbbb", 2, 100, "00112", 3}, {"bbb", 100, 1, "012", 3},
    {"bbb", 1, 100, "012", 3},     {"babb", 100, 100, "0100", 2}, {"aa", 100, 100, "01", 2},
    {"bpb", 100, 100, "010", 2},   {"bLLb", 100, 100, "0011", 2},
};

static void plan(const char *spec, int batch_max, int batch_size, const char *groups,
                 int requests) {
    struct provider provider = {.batch_max = batch_max, .batchable = shares};
    struct message messages[16] = {0};
    int group[16], n = (int)strlen(spec);
    static char attachment[] = "[]";
    for (int i = 0; i < n; i++) {
        messages[i].attachments = spec[i] == 'a' ? attachment : NULL;
        messages[i].unfinished = spec[i] == 'p' ? PLAN_ALONE_AFTER : PLAN_ALONE_AFTER - 1;
        messages[i].bytes = spec[i] == 'L' ? PLAN_MAX_BYTES - 10 : 5;
    }
    assert_int_equal(plan_requests(&provider, batch_size, messages, n, group), requests);
    for (int i = 0; i < n; i++)
        assert_int_equal(group[i], groups[i] - '0');
}

static void packs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        plan(cases[i].messages, cases[i].batch_max, cases[i].batch_size, cases[i].groups,
             cases[i].requests);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(packs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
