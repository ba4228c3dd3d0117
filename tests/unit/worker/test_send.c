/* What is stored and waits for its place: the most urgent is first, and who was there before stays
 * before. */
#include "worker/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void urgent_mail_waits_in_front(void **state) {
    static const int priorities[] = {5, 5, 9, 0, 5, 0};
    static const uint64_t order[] = {4, 6, 1, 2, 5, 3};
    struct worker w = {0};
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct flight *f = flight_new((uint64_t)i + 1, 1);
        assert_non_null(f);
        f->manifest.n = 1;
        f->manifest.messages[0].priority = priorities[i];
        send_wait(&w, f);
    }
    for (int i = 0; i < 6; i++) {
        struct flight *f = flights_pop(&w.waiting);
        assert_int_equal(f->id, order[i]);
        flight_free(f);
    }
    assert_null(w.waiting.head);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(urgent_mail_waits_in_front)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
