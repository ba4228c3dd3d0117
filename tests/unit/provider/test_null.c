/* The provider without a wire: its script by recipient, and bytes that follow the ids. */
#include "unit/provider/mails.h"

static const struct provider *null(void) {
    return provider_find("null");
}

static void the_recipient_is_the_script(void **state) {
    (void)state;
    static const struct {
        const char *to;
        enum outcome_kind kind;
        const char *code;
        enum lane_fault fault;
    } cases[] = {
        {"anybody@y.com", OUTCOME_SENT, "", LANE_OK},
        {"delivered@y.com", OUTCOME_SENT, "", LANE_OK},
        {"bounced@y.com", OUTCOME_REJECTED, "rejected:invalid_to", LANE_OK},
        {"B <bounced+7@y.com>", OUTCOME_REJECTED, "rejected:invalid_to", LANE_OK},
        {"bouncedy@y.com", OUTCOME_SENT, "", LANE_OK},
        {"bounce@y.com", OUTCOME_SENT, "", LANE_OK},
        {"suppressed@y.com", OUTCOME_REJECTED, "rejected:suppressed", LANE_OK},
        {"unavailable@y.com", OUTCOME_RETRY, "provider:500", LANE_OK},
        {"uncertain@y.com", OUTCOME_UNCERTAIN, "lost", LANE_OK},
        {"throttled@y.com", OUTCOME_RELEASE, "provider:429", LANE_RATE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m[2] = {mail("7", cases[i].to), mail("8", "anybody@y.com")};
        struct manifest both = manifest_of(m, 2);
        struct outcome outcomes[2];
        struct reading got = {.outcomes = outcomes};
        struct wire_response r = answer(200, "", "");
        null()->read(&r, &both, &got);
        assert_int_equal(outcomes[0].kind, cases[i].kind);
        assert_string_equal(outcomes[0].code, cases[i].code);
        assert_string_equal(outcomes[0].provider_id, cases[i].code[0] ? "" : "null-7");
        assert_int_equal(got.lane.fault, cases[i].fault);
        assert_string_equal(outcomes[1].provider_id, "null-8");
        assert_true(got.definite);
        assert_false(got.split);
        wire_response_done(&r);
    }
}

static void its_ids_are_text_whatever_the_rows_are(void **state) {
    (void)state;
    char id[400] = "x";
    for (int i = 0; i < 150; i++) {
        str_copy(id + 1 + 2 * i, 3, "é");
    }
    struct message m = mail(id, "a@y.com");
    struct manifest one = manifest_of(&m, 1);
    struct outcome outcome;
    struct reading got = {.outcomes = &outcome};
    struct wire_response r = answer(200, "", "");
    null()->read(&r, &one, &got);
    assert_true(str_starts(outcome.provider_id, "null-xé"));
    assert_true(str_is_utf8(outcome.provider_id, strlen(outcome.provider_id)));
    wire_response_done(&r);
}

static void its_bytes_are_the_ids_in_order(void **state) {
    (void)state;
    struct message m[2] = {mail("7", "a@y.com"), mail("8", "b@y.com")};
    struct manifest both = manifest_of(m, 2);
    struct wire_request r;
    struct err err = {0};
    assert_true(null()->build(&conf, &both, &r, &err));
    assert_string_equal(buf_text(&r.body), "7\n8\n");
    wire_request_done(&r);
    mem_fail_at(1, 1);
    assert_false(null()->build(&conf, &both, &r, &err));
    mem_fail_at(0, 0);
    assert_int_equal(err.code, ERR_NOMEM);
}

static void it_limits_nothing_and_needs_nothing(void **state) {
    (void)state;
    struct settings empty = {0};
    struct message m = mail("7", "a@y.com");
    char code[64];
    struct err err = {0};
    m.attachments = (char *)"[]";
    assert_true(null()->check(&empty, &err));
    assert_true(null()->batchable(&m));
    assert_true(null()->accepts(&m, code, &err));
    assert_false(null()->wire);
    assert_true(null()->start_rate <= 0);
    assert_int_equal(null()->key_life_ms, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recipient_is_the_script),
        cmocka_unit_test(its_ids_are_text_whatever_the_rows_are),
        cmocka_unit_test(its_bytes_are_the_ids_in_order),
        cmocka_unit_test(it_limits_nothing_and_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
