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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_these_steps),
        cmocka_unit_test(sets_every_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
