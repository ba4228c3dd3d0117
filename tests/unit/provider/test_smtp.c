/* SMTP: the envelope and mail that leave, and what each reply to each command means. */
#include "unit/provider/mails.h"

#include "base/clock.h"

#include <stdlib.h>

static const struct settings mailer = {
    .smtp_url = "smtp://shop%40x:p%3Ass@mail.example:2525/me.example",
    .from = "Shop <hello@shop.example>",
};

static const struct provider *smtp(void) {
    return provider_find("smtp");
}

static struct manifest manifest_for(struct message *m) {
    struct manifest one = manifest_of(m, 1);
    one.key[0] = '\0';
    one.made_us = INT64_C(1795676430000000);
    str_copy(one.origin, sizeof one.origin, "0f8b6c1e-3d52-4a6b");
    return one;
}

/* --- build ----------------------------------------------------------------------------------- */

static void a_mail_has_an_envelope(void **state) {
    (void)state;
    struct message m = mail("7", "Bea <b@y.com>");
    m.cc = (char *)"[\"C <c@y.com>\"]";
    m.bcc = (char *)"[\"d@y.com\"]";
    struct manifest one = manifest_for(&m);
    struct wire_request r, again;
    struct err err = {0};
    assert_true(smtp()->build(&mailer, &one, &r, &err));
    assert_true(smtp()->build(&mailer, &one, &again, &err));
    assert_string_equal(r.url, "smtp://mail.example:2525/me.example");
    assert_string_equal(r.smtp.sender, "hello@shop.example");
    assert_string_equal(buf_text(&r.smtp.recipients), "b@y.com\nc@y.com\nd@y.com\n");
    assert_string_equal(r.smtp.user, "shop@x");
    assert_string_equal(r.smtp.password, "p:ss");
    assert_false(r.smtp.utf8);
    assert_false(r.smtp.tls_none);
    assert_false(r.replay_safe);
    assert_int_equal(r.header_count, 0);
    assert_non_null(
        strstr(buf_text(&r.body), "\r\nMessage-ID: <postroom.7.0f8b6c1e3d52@shop.example>\r\n"));
    assert_memory_equal(buf_text(&r.body), "Date: Thu, 26 Nov 2026 07:00:30 +0000\r\n", 39);
    assert_null(strstr(buf_text(&r.body), "d@y.com"));
    assert_string_equal(buf_text(&r.body), buf_text(&again.body));
    wire_request_done(&r);
    assert_int_equal(r.smtp.password[0], 0);
    wire_request_done(&again);
}

static void addresses_beyond_ascii_ask_for_utf8(void **state) {
    (void)state;
    struct message m = mail("7", "\xc3\xbc@y.com");
    struct manifest one = manifest_for(&m);
    struct wire_request r;
    struct err err = {0};
    char code[64];
    assert_true(smtp()->build(&mailer, &one, &r, &err));
    assert_true(r.smtp.utf8);
    assert_string_equal(buf_text(&r.smtp.recipients), "\xc3\xbc@y.com\n");
    wire_request_done(&r);
    m = mail("7", "a@y.com");
    m.reply_to = (char *)"[\"\xc3\xbc@y.com\"]";
    assert_false(smtp()->accepts(&m, code, &err));
    assert_string_equal(code, "rejected:invalid_reply_to");
}

static void the_url_is_checked(void **state) {
    (void)state;
    struct settings s = mailer;
    struct err err = {0};
    assert_true(smtp()->check(&s, &err));
    s.smtp_url = "";
    assert_false(smtp()->check(&s, &err));
    assert_non_null(strstr(err.text, "SMTP_URL_FILE"));
    s.smtp_url = "smtp://u:secret@h?x";
    assert_false(smtp()->check(&s, &err));
    assert_null(strstr(err.text, "secret"));
}

/* --- replies --------------------------------------------------------------------------------- */

static const struct {
    enum smtp_stage stage;
    int status;
    const char *lines;
    enum outcome_kind kind;
    const char *code, *reason;
    enum lane_fault fault;
} replies[] = {
    {SMTP_BODY, 250, "250 2.0.0 Ok: queued as 4Tx9", OUTCOME_SENT, "", "", LANE_OK},
    {SMTP_BODY, 250, "250 ok", OUTCOME_SENT, "", "", LANE_OK},
    {SMTP_BODY, 250, "", OUTCOME_SENT, "", "", LANE_OK},
    {SMTP_GREETING, 421, "421 too many connections", OUTCOME_RELEASE, "provider:421",
     "421 greeting: too many connections", LANE_RATE},
    {SMTP_GREETING, 554, "554 5.7.1 go away", OUTCOME_RELEASE, "provider:554", "554 5.7.1: go away",
     LANE_SUSPENDED},
    {SMTP_GREETING, 451, "451 later", OUTCOME_RELEASE, "provider:451", "451 greeting: later",
     LANE_DOWN},
    {SMTP_HELLO, 550, "550 no", OUTCOME_RELEASE, "provider:550", "550 EHLO: no", LANE_SUSPENDED},
    {SMTP_TLS, 454, "454 TLS not available", OUTCOME_RELEASE, "provider:454",
     "454 STARTTLS: ", LANE_DOWN},
    {SMTP_AUTH, 535, "535 5.7.8 bad", OUTCOME_RELEASE, "provider:535", "535 5.7.8: bad", LANE_KEY},
    {SMTP_AUTH, 454, "454 4.7.0 later", OUTCOME_RELEASE, "provider:454", "454 4.7.0: later",
     LANE_DOWN},
    {SMTP_MAIL, 530, "530 5.7.0 Authentication required", OUTCOME_RELEASE, "provider:530", "530 5",
     LANE_KEY},
    {SMTP_MAIL, 550, "550 5.7.1 not your sender", OUTCOME_RELEASE, "provider:550",
     "550 5.7.1: ", LANE_SENDER},
    {SMTP_MAIL, 552, "552 5.3.4 too big", OUTCOME_REJECTED, "rejected:too_big", "552 5.3.4",
     LANE_OK},
    {SMTP_MAIL, 452, "452 4.3.1 no room", OUTCOME_RELEASE, "provider:452", "452 4.3.1", LANE_DOWN},
    {SMTP_RCPT, 550, "550 5.1.1 <b@y.com>: no such user", OUTCOME_REJECTED, "rejected:invalid_to",
     "550 5.1.1: <b@y.com>: no such user", LANE_OK},
    {SMTP_RCPT, 550, "550-no such\n550 user", OUTCOME_REJECTED, "rejected:invalid_to",
     "550 RCPT: no such user", LANE_OK},
    {SMTP_RCPT, 550, "550 5.2.2 full", OUTCOME_REJECTED, "rejected:mailbox_full", "550 5.2.2: full",
     LANE_OK},
    {SMTP_RCPT, 550, "550 5.7.1 policy", OUTCOME_REJECTED, "rejected:refused", "550 5.7.1",
     LANE_OK},
    {SMTP_RCPT, 554, "554 5.7.1 Relay access denied", OUTCOME_RELEASE, "provider:554", "554 5.7.1",
     LANE_KEY},
    {SMTP_RCPT, 553, "553 5.1.8 bad sender", OUTCOME_RELEASE, "provider:553", "553 5.1.8",
     LANE_SENDER},
    {SMTP_RCPT, 450, "450 greylisted", OUTCOME_RETRY, "provider:450", "450 RCPT: greylisted",
     LANE_OK},
    {SMTP_RCPT, 452, "452 4.2.2 full", OUTCOME_RETRY, "provider:452", "452 4.2.2: full", LANE_OK},
    {SMTP_RCPT, 451, "451 4.3.0 trouble", OUTCOME_RETRY, "provider:451", "451 4.3.0: trouble",
     LANE_DOWN},
    {SMTP_DATA, 554, "554 no", OUTCOME_REJECTED, "rejected:refused", "554 DATA: no", LANE_OK},
    {SMTP_BODY, 554, "554 5.7.1 spam", OUTCOME_REJECTED, "rejected:refused", "554 5.7.1: spam",
     LANE_OK},
    {SMTP_BODY, 552, "552 too big", OUTCOME_REJECTED, "rejected:too_big",
     "552 end of data: ", LANE_OK},
    {SMTP_BODY, 451, "451 4.3.0 later", OUTCOME_RETRY, "provider:451", "451 4.3.0: later",
     LANE_DOWN},
    {SMTP_BODY, 421, "421 closing", OUTCOME_RELEASE, "provider:421",
     "421 end of data: ", LANE_RATE},
    {SMTP_BODY, 454, "454 Throttling failure: Maximum sending rate exceeded.", OUTCOME_RELEASE,
     "provider:454", "454 end of data: Throttling", LANE_RATE},
    {SMTP_BODY, 454, "454 Throttling failure: Daily message quota exceeded.", OUTCOME_RELEASE,
     "provider:454", "454 end of data: Throttling", LANE_DAILY},
    {SMTP_BODY, 354, "354 go on", OUTCOME_UNCERTAIN, "lost", "lost: ", LANE_DOWN},
    {SMTP_RCPT, 250, "250 ok", OUTCOME_UNCERTAIN, "lost", "lost: ", LANE_DOWN},
    {SMTP_RCPT, 550, "550 \x1b[2J\xff", OUTCOME_REJECTED, "rejected:invalid_to", "550 RCPT:  [2J?",
     LANE_OK},
};

static void each_reply_means_one_thing(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++) {
        struct message m = mail("1", "b@y.com");
        struct manifest one = manifest_for(&m);
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(replies[i].status, replies[i].lines, "");
        got.stage = replies[i].stage;
        memset(&o, 0xaa, sizeof o);
        smtp()->read(&got, &one, &r);
        if (o.kind != replies[i].kind || r.lane.fault != replies[i].fault ||
            !str_eq(o.code, replies[i].code) || !str_starts(o.reason, replies[i].reason)) {
            fail_msg("%s: %d, %d, \"%s\", \"%s\"", replies[i].lines, (int)o.kind, (int)r.lane.fault,
                     o.code, o.reason);
        }
        assert_int_equal(r.definite, o.kind != OUTCOME_UNCERTAIN);
        assert_true(r.lane.fault != LANE_RATE || r.lane.retry_after_ms >= 1000);
        wire_response_done(&got);
    }
}

static void a_refusal_names_the_field(void **state) {
    (void)state;
    static const struct {
        const char *cc, *bcc, *lines;
        int recipient;
        const char *code, *reason;
    } cases[] = {
        {"[\"c@y.com\",\"d@y.com\"]", "[\"e@y.com\"]", "550 5.1.1 no", 0, "rejected:invalid_to",
         "550 5.1.1: no"},
        {"[\"c@y.com\",\"d@y.com\"]", "[\"e@y.com\"]", "550 5.1.1 no", 2, "rejected:invalid_cc",
         "550 5.1.1: no (in cc)"},
        {"[\"c@y.com\",\"d@y.com\"]", "[\"e@y.com\"]", "550 5.1.1 no", 3, "rejected:invalid_bcc",
         "550 5.1.1: no (in bcc)"},
        {NULL, "[\"e@y.com\"]", "550 no", 1, "rejected:invalid_bcc", "550 RCPT: no (in bcc)"},
        {"null", "[\"e@y.com\"]", "550 5.2.2 full", 1, "rejected:mailbox_full",
         "550 5.2.2: full (in bcc)"},
        {"[\"c@y.com\"]", NULL, "450 4.2.1 later", 1, "provider:450", "450 4.2.1: later (in cc)"},
        {"[\"c@y.com\"]", NULL, "554 5.7.1 no relay", 1, "provider:554", "554 5.7.1: no relay"},
        {"[\"c@y.com\"]", NULL, "550 5.1.1 no", -1, "rejected:invalid_to", "550 5.1.1: no"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "b@y.com");
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(atoi(cases[i].lines), cases[i].lines, "");
        m.cc = (char *)cases[i].cc;
        m.bcc = (char *)cases[i].bcc;
        struct manifest one = manifest_for(&m);
        got.stage = SMTP_RCPT;
        got.recipient = cases[i].recipient;
        smtp()->read(&got, &one, &r);
        assert_string_equal(o.code, cases[i].code);
        assert_string_equal(o.reason, cases[i].reason);
        wire_response_done(&got);
    }
}

static void the_server_s_name_for_it_is_kept(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"250 2.0.0 Ok: queued as 4Tx9Zy1", "4Tx9Zy1"},
        {"250 2.0.0 OK id=1rABC-0001-Xy", "1rABC-0001-Xy"},
        {"250 Ok 0102018f-aa-000000", "0102018f-aa-000000"},
        {"250 2.6.0 <x@y> Queued mail for delivery", "postroom.1.0f8b6c1e3d52@shop.example"},
        {"250 ok", "postroom.1.0f8b6c1e3d52@shop.example"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "b@y.com");
        struct manifest one = manifest_for(&m);
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(250, cases[i][0], "");
        got.stage = SMTP_BODY;
        smtp()->read(&got, &one, &r);
        assert_string_equal(o.provider_id, cases[i][1]);
        assert_true(str_starts(r.answer, "{\"code\":250"));
        wire_response_done(&got);
    }
}

static void silence_is_uncertain_or_not_sent(void **state) {
    (void)state;
    static const struct {
        enum wire_end end;
        enum smtp_stage stage;
        enum outcome_kind kind;
        const char *code;
    } cases[] = {{WIRE_NOT_SENT, SMTP_RCPT, OUTCOME_RELEASE, "not_sent"},
                 {WIRE_LOST, SMTP_BODY, OUTCOME_UNCERTAIN, "lost"},
                 {WIRE_TIMED_OUT, SMTP_BODY, OUTCOME_UNCERTAIN, "timeout"},
                 {WIRE_NOT_SENT, SMTP_NO_UTF8, OUTCOME_REJECTED, "rejected:needs_smtputf8"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = mail("1", "b@y.com");
        struct manifest one = manifest_for(&m);
        struct outcome o;
        struct reading r = {.outcomes = &o};
        struct wire_response got = answer(0, "", "");
        got.end = cases[i].end;
        got.stage = cases[i].stage;
        smtp()->read(&got, &one, &r);
        assert_int_equal(o.kind, cases[i].kind);
        assert_string_equal(o.code, cases[i].code);
        wire_response_done(&got);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_has_an_envelope),
        cmocka_unit_test(addresses_beyond_ascii_ask_for_utf8),
        cmocka_unit_test(the_url_is_checked),
        cmocka_unit_test(each_reply_means_one_thing),
        cmocka_unit_test(a_refusal_names_the_field),
        cmocka_unit_test(the_server_s_name_for_it_is_kept),
        cmocka_unit_test(silence_is_uncertain_or_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
