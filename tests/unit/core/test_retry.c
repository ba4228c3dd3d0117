/* Verdicts as a table: outcome x key x attempts x policy; and the back-off's bounds. */
#include "core/retry.h"

#include "base/str.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum {
    KEY = 1,
    DEFINITE = 2,
    RETRY_UNCERTAIN = 4
};

static struct retry_policy policy_of(int flags) {
    return (struct retry_policy){.max_attempts = 3,
                                 .backoff_min_ms = 1000,
                                 .backoff_max_ms = 60000,
                                 .on_uncertain =
                                     flags & RETRY_UNCERTAIN ? UNCERTAIN_RETRY : UNCERTAIN_HOLD,
                                 .has_key = flags & KEY};
}

static void every_verdict(void **state) {
    (void)state;
    static const struct {
        enum outcome_kind kind;
        const char *code;
        int flags, failures;
        int64_t wish; /* retry_after_ms */
        const char *status;
        bool counts;
        int64_t next;
        const char *want;
        bool keep;
    } cases[] = {
        {OUTCOME_SENT, "", KEY | DEFINITE, 0, -1, "sent", false, -1, "", false},
        {OUTCOME_SENT, "x", 0, 9, 5, "sent", false, -1, "", false},

        {OUTCOME_REJECTED, "rejected:invalid_to", DEFINITE, 0, -1, "failed", true, -1,
         "rejected:invalid_to", false},
        {OUTCOME_REJECTED, "", KEY, 0, 5000, "failed", true, -1, "rejected", false},

        {OUTCOME_RETRY, "provider:500", KEY, 0, -1, "failed", true, 1000, "provider:500", true},
        {OUTCOME_RETRY, "provider:500", KEY, 1, -1, "failed", true, 2000, "provider:500", true},
        {OUTCOME_RETRY, "provider:500", KEY, 2, -1, "failed", true, -1, "provider:500", false},
        {OUTCOME_RETRY, "provider:500", KEY, 7, 10, "failed", true, -1, "provider:500", false},
        {OUTCOME_RETRY, "provider:500", 0, 0, -1, "failed", true, 1000, "provider:500", false},
        {OUTCOME_RETRY, "", KEY | DEFINITE, 0, -1, "failed", true, 1000, "temporary", false},
        {OUTCOME_RETRY, "t", DEFINITE, 0, 7000, "failed", true, 7000, "t", false},
        {OUTCOME_RETRY, "t", DEFINITE, 0, 0, "failed", true, 0, "t", false},
        {OUTCOME_RETRY, "t", DEFINITE, 0, 90 * DAY_MS, "failed", true, DAY_MS, "t", false},

        {OUTCOME_RELEASE, "", KEY, 0, -1, "pending", false, -1, "", false},
        {OUTCOME_RELEASE, "", DEFINITE, 2, 5000, "pending", false, -1, "", false},

        {OUTCOME_SOON, "", KEY, 0, -1, "pending", false, 1000, "", true},
        {OUTCOME_SOON, "", KEY, 2, 3000, "pending", false, 3000, "", true},
        {OUTCOME_SOON, "", 0, 0, -1, "failed", false, -1, "uncertain", false},

        {OUTCOME_UNCERTAIN, "timeout", KEY, 0, -1, "failed", true, 1000, "timeout", true},
        {OUTCOME_UNCERTAIN, "", KEY, 1, -1, "failed", true, 2000, "lost", true},
        {OUTCOME_UNCERTAIN, "timeout", KEY, 0, 4000, "failed", true, 4000, "timeout", true},
        {OUTCOME_UNCERTAIN, "timeout", KEY, 2, -1, "failed", false, -1, "uncertain", false},
        {OUTCOME_UNCERTAIN, "timeout", 0, 0, -1, "failed", false, -1, "uncertain", false},
        {OUTCOME_UNCERTAIN, "timeout", RETRY_UNCERTAIN, 0, -1, "failed", true, 1000, "timeout",
         false},
        {OUTCOME_UNCERTAIN, "timeout", RETRY_UNCERTAIN, 2, -1, "failed", false, -1, "uncertain",
         false},
        {OUTCOME_UNCERTAIN, "timeout", RETRY_UNCERTAIN | KEY, 1, -1, "failed", true, 2000,
         "timeout", true},
        {OUTCOME_UNCERTAIN, "timeout", RETRY_UNCERTAIN | KEY, 2, -1, "failed", false, -1,
         "uncertain", false},

        {OUTCOME_HELD, "x", KEY, 0, 5000, "failed", false, -1, "uncertain", false},
        {OUTCOME_HELD, "x", RETRY_UNCERTAIN, 0, -1, "failed", false, -1, "uncertain", false},
        {(enum outcome_kind)99, "x", KEY, 0, -1, "failed", false, -1, "uncertain", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome o = {.kind = cases[i].kind};
        str_copy(o.code, sizeof o.code, cases[i].code);
        struct retry_policy policy = policy_of(cases[i].flags);
        struct verdict v;
        retry_decide(&o, cases[i].flags & DEFINITE, cases[i].failures, cases[i].wish, &policy, 1,
                     &v);
        const char *code = cases[i].want;
        if (strcmp(v.status, cases[i].status) != 0 || v.counts != cases[i].counts ||
            v.next_attempt_ms != cases[i].next || strcmp(v.error_code, code) != 0 ||
            v.keep_request != cases[i].keep) {
            fail_msg("case %zu: %s %d %lld %s %d", i, v.status, v.counts,
                     (long long)v.next_attempt_ms, v.error_code, v.keep_request);
        }
    }
}

static void reasons_reach_the_row_as_one_line(void **state) {
    (void)state;
    struct retry_policy policy = policy_of(0);
    struct verdict v;
    struct outcome o = {.kind = OUTCOME_REJECTED, .reason = "422 validation_error: bad\r\n\xff"};
    retry_decide(&o, true, 0, -1, &policy, 1, &v);
    assert_string_equal(v.error_message, "422 validation_error: bad  ?");
    o.kind = OUTCOME_HELD;
    retry_decide(&o, true, 0, -1, &policy, 1, &v);
    assert_string_equal(v.error_message, "422 validation_error: bad  ?");
    o.kind = OUTCOME_RELEASE;
    retry_decide(&o, true, 0, -1, &policy, 1, &v);
    assert_string_equal(v.error_message, "");
    o = (struct outcome){.kind = OUTCOME_UNCERTAIN};
    retry_decide(&o, false, 0, -1, &policy, 1, &v);
    assert_non_null(strstr(v.error_message, "may have been sent"));
}

static void one_attempt_is_the_least(void **state) {
    (void)state;
    struct retry_policy policy = policy_of(KEY);
    for (int max = -1; max <= 1; max++) {
        policy.max_attempts = max;
        struct outcome o = {.kind = OUTCOME_RETRY};
        struct verdict v;
        retry_decide(&o, true, 0, -1, &policy, 1, &v);
        assert_int_equal(v.next_attempt_ms, -1);
    }
}

static void back_off_doubles_within_its_bounds(void **state) {
    (void)state;
    static const struct {
        int failures;
        int64_t min, max;
        double jitter;
        int64_t want;
    } cases[] = {
        {0, 30000, 3600000, 1.0, 30000},
        {1, 30000, 3600000, 1.0, 60000},
        {6, 30000, 3600000, 1.0, 1920000},
        {7, 30000, 3600000, 1.0, 3600000},
        {7, 30000, 3600000, 1.5, 3600000},
        {7, 30000, 3600000, 0.5, 1800000},
        {0, 30000, 3600000, 0.5, 15000},
        {1000000, 1, INT64_MAX, 1.5, INT64_MAX},
        {3, 0, 1000, 1.0, 0},
        {0, 5000, 1000, 1.0, 1000},
        {0, -5, -5, 1.0, 0},
        {-3, 1000, 9000, 1.0, 1000},
        {0, 1000, 9000, -1.0, 0},
        {0, 1000, 9000, NAN, 0},
        {0, 1000, 9000, INFINITY, 9000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct retry_policy policy = {.backoff_min_ms = cases[i].min,
                                      .backoff_max_ms = cases[i].max};
        assert_int_equal(retry_backoff_ms(cases[i].failures, &policy, cases[i].jitter),
                         cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict),
        cmocka_unit_test(reasons_reach_the_row_as_one_line),
        cmocka_unit_test(one_attempt_is_the_least),
        cmocka_unit_test(back_off_doubles_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
