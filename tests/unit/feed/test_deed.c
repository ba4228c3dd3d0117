/* The answers' words. */
#include "feed/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void totals_tell_the_truth(void **state) {
    (void)state;
    static const struct {
        enum command_kind kind;
        struct admin_totals t;
        const char *said;
    } cases[] = {
        {COMMAND_RETRY, {412, 409, 3, 0}, "retry: 412 asked, 409 queued, 3 already taken"},
        {COMMAND_RETRY, {1, 1, 0, 0}, "retry: 1 asked, 1 queued"},
        {COMMAND_RETRY,
         {0, 0, 0, 2},
         "retry: 0 asked, 0 queued; 2 uncertain left out, maybe sent already"},
        {COMMAND_CANCEL,
         {12000, 11999, 1, 0},
         "cancel: 12,000 asked, 11,999 cancelled, 1 already taken"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        deed_say_totals(text, sizeof text, cases[i].kind, &cases[i].t);
        assert_string_equal(text, cases[i].said);
    }
}

static void triggers_say_what_they_woke(void **state) {
    (void)state;
    static const struct {
        struct admin_trigger t;
        const char *said;
    } cases[] = {
        {{.due = 18, .workers = 3}, "trigger: workers woken, 18 due"},
        {{.due = 10000, .capped = true, .workers = 1}, "trigger: workers woken, 10,000+ due"},
        {{.due = 18}, "trigger: no worker is running, 18 due"},
        {{.due = 1, .workers = 1, .opened = 1},
         "trigger: workers woken, 1 due; the parked lane tries one request"},
        {{.workers = 1, .paused = true},
         "trigger: workers woken, 0 due; paused: nothing is sent before somebody resumes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        deed_say_trigger(text, sizeof text, &cases[i].t);
        assert_string_equal(text, cases[i].said);
    }
}

static void pauses_say_whose_they_are(void **state) {
    (void)state;
    const int64_t minute = INT64_C(60000000);
    const struct admin_pause mine = {.changed = true, .in_flight = 4};
    const struct admin_pause theirs = {.by = "bob", .since_us = minute, .now_us = 7 * minute};
    const struct admin_pause over = {.changed = true, .since_us = minute, .now_us = 7 * minute};
    char text[200];
    deed_say_pause(text, sizeof text, "", &mine);
    assert_string_equal(text, "pause: all workers paused; 4 in flight finish");
    deed_say_pause(text, sizeof text, "mail01", &theirs);
    assert_string_equal(text, "pause: nothing changed, paused by bob 6m ago");
    deed_say_resume(text, sizeof text, "", &over);
    assert_string_equal(text, "resume: all workers resumed (paused for 6m)");
    deed_say_resume(text, sizeof text, "mail01", &theirs);
    assert_string_equal(text, "resume: nothing changed, it is not paused");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_tell_the_truth),
        cmocka_unit_test(triggers_say_what_they_woke),
        cmocka_unit_test(pauses_say_whose_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
