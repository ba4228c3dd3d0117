/* The account of bytes: what traffic is let through, and what a quiet time may not save up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ui/budget.h"

#define START (1000 * USEC_PER_SEC)

/* Bytes a second over a minute, where each frame costs `idle` and one that shows events what these
 * take, at most `rows` of them. */
static double traffic(int cols, int per_s, int rows, int each, int idle, int frames_per_s) {
    struct budget b = {0};
    uint64_t came = 0, shown = 0;
    double sent = 0;
    for (int i = 0; i < 60 * frames_per_s; i++) {
        came = (uint64_t)(i * per_s / frames_per_s);
        budget_earn(&b, START + i * USEC_PER_SEC / frames_per_s, came, cols);
        double bytes = idle;
        if (budget_allows(&b)) {
            uint64_t fresh = came - shown;
            bytes += (double)(fresh > (uint64_t)rows ? (uint64_t)rows : fresh) * each;
            shown = came;
        }
        budget_spend(&b, (size_t)bytes);
        sent += bytes;
    }
    assert_true(came - shown <= (uint64_t)(per_s * 10)); /* never far behind */
    return sent / 60;
}

static void busy_traffic_stays_within_the_budget(void **state) {
    (void)state;
    for (int frames = 1; frames <= 4; frames += 3) {
        assert_true(traffic(80, 5, 5, 85, 60 / frames, frames) <= 400);
        assert_true(traffic(80, 50, 5, 85, 60 / frames, frames) <= 700);
        assert_true(traffic(140, 5, 11, 150, 90 / frames, frames) <= 450);
        assert_true(traffic(140, 50, 11, 150, 90 / frames, frames) <= 1100);
    }
}

static void light_traffic_is_shown_at_once(void **state) {
    (void)state;
    struct budget b = {0};
    for (int i = 0; i < 60; i++) { /* two a second in frames of a second */
        budget_earn(&b, START + i * USEC_PER_SEC, (uint64_t)(2 * i), 140);
        assert_true(budget_allows(&b));
        budget_spend(&b, 2 * 110 + 80);
    }
}

static void a_quiet_hour_pays_for_no_flood(void **state) {
    (void)state;
    struct budget b = {0};
    budget_earn(&b, START, 0, 80);
    budget_earn(&b, START + 3600 * USEC_PER_SEC, 0, 80);
    assert_true(budget_allows(&b));
    budget_spend(&b, 500);
    assert_false(budget_allows(&b));
    budget_earn(&b, START + 3602 * USEC_PER_SEC, 0, 80);
    assert_true(budget_allows(&b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_traffic_stays_within_the_budget),
        cmocka_unit_test(light_traffic_is_shown_at_once),
        cmocka_unit_test(a_quiet_hour_pays_for_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
