/* A request's states: which steps are allowed, and that no other is. */
#include "worker/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void only_these_steps(void **state) {
    (void)state;
    static const char *const allowed = "planned>stored planned>answered stored>on wire "
                                       "stored>answered on wire>answered ";
    char seen[200] = "";
    for (int from = 0; from < FLIGHT_STATES; from++)
        for (int to = 0; to < FLIGHT_STATES; to++)
            if (flight_may((enum flight_state)from, (enum flight_state)to)) {
                strncat(seen, flight_state_name((enum flight_state)from), 20);
                strncat(seen, ">", 2);
                strncat(seen, flight_state_name((enum flight_state)to), 20);
                strncat(seen, " ", 2);
            }
    assert_string_equal(seen, allowed);
}

static void sets_every_message(void **state) {
    (void)state;
    struct flight *f = flight_new(7, 3);
    assert_non_null(f);
    f->manifest.n = 3;
    flight_set_all(f, OUTCOME_HELD, "uncertain", "why");
    assert_true(f->reading.definite);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(f->reading.outcomes[i].kind, OUTCOME_HELD);
        assert_string_equal(f->reading.outcomes[i].code, "uncertain");
    }
    flight_free(f);
}

/* A first attempt that never started was not sent; of one made again the earlier attempts may
 * have been, so it must stay the same request. */
static void unsent_is_released_only_the_first_time(void **state) {
    (void)state;
    for (int attempts = 1; attempts <= 2; attempts++) {
        struct flight *f = flight_new(7, 1);
        assert_non_null(f);
        f->manifest.n = 1;
        f->manifest.attempts = attempts;
        flight_set_unsent(f);
        assert_int_equal(f->reading.definite, attempts == 1);
        assert_int_equal(f->reading.outcomes[0].kind,
                         attempts == 1 ? OUTCOME_RELEASE : OUTCOME_SOON);
        flight_free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_these_steps),
        cmocka_unit_test(sets_every_message),
        cmocka_unit_test(unsent_is_released_only_the_first_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
