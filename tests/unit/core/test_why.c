/* What a message waits for: every state by the facts that make it, word for word, with the word and
 * the time scripts go by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/why.h"

/* Each case says only what differs from those above it. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* 2026-09-22, 03:12:06: the day of all these times */
#define DAY INT64_C(1790035200000000)
#define AT(h, m, s) (DAY + ((h)*3600 + (m)*60 + (s)) * USEC_PER_SEC)
#define NOW AT(3, 12, 6)
#define TOMORROW (DAY + 24 * 3600 * USEC_PER_SEC)
#define OCTOBER (DAY + 9 * 24 * 3600 * USEC_PER_SEC)

/* Nothing holds mail back: one worker, an open lane with 2 requests a second, no quota. */
#define CALM                                                                                       \
    .now_us = NOW, .delivery_us = -1, .suppressed_us = -1, .sent_us = -1, .updated_us = -1,        \
    .rank = 5, .max_attempts = 5, .lease_us = -1, .request_stored_us = -1, .go_us = -1,            \
    .behind = -1, .workers_up = 1, .heard_us = NOW, .lane = "resend", .parked_until_us = -1,       \
    .next_slot_us = AT(3, 12, 4), .batch_size = 1, .spacing_us = USEC_PER_SEC / 2,                 \
    .daily_left = INT64_MAX, .monthly_left = INT64_MAX, .day_ends_us = TOMORROW,                   \
    .month_ends_us = OCTOBER
#define DUE CALM, .status = "pending", .due = true, .go_us = AT(3, 11, 0), .behind = 0
#define SCHEDULED CALM, .status = "pending", .go_us = AT(3, 59, 0)
#define FAILED CALM, .status = "failed", .retry_count = 2, .error_code = "timeout"
#define RETRYING FAILED, .retrying = true, .go_us = AT(3, 14, 10)
#define HELD CALM, .status = "processing", .worker = "mail01", .lease_us = AT(3, 13, 31)
#define ALL_PAUSED .all_paused = {.holds = true, .by = "anna", .since_us = AT(3, 5, 10)}
#define ONE_PAUSED                                                                                 \
    .worker_paused = {.holds = true, .worker = "mail01", .by = "bob", .since_us = AT(3, 5, 10)}
#define KEY .parked_reason = "key", .parked_text = "403 invalid_api_key: no"
#define DOWN .parked_reason = "down", .parked_text = "503: down", .parked_until_us = AT(3, 14, 30)

struct example {
    struct why facts;
    const char *state;
    int64_t until_us;
    const char *text;
};

static void check(const struct example *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct why_answer a;
        why_of(&cases[i].facts, &a);
        assert_string_equal(a.text, cases[i].text);
        assert_string_equal(a.state, cases[i].state);
        assert_int_equal(a.until_us, cases[i].until_us);
    }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases)[0])

static void ended(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{CALM, .status = "sent", .sent_us = AT(3, 11, 2)}, "sent", -1, "sent 03:11:02"},
        {{CALM, .status = "sent", .sent_us = AT(3, 11, 2), .delivery = "delivered"},
         "sent",
         -1,
         "sent 03:11:02, delivered"},
        {{CALM, .status = "sent", .sent_us = AT(3, 11, 2), .delivery = "delivered",
          .delivery_us = AT(3, 11, 40), .told = "250 OK"},
         "sent",
         -1,
         "sent 03:11:02, delivered 03:11:40"},
        {{CALM, .status = "sent", .sent_us = AT(3, 11, 2), .delivery = "bounced",
          .delivery_us = AT(3, 11, 40), .bounce_type = "permanent", .told = "550 5.1.1 none",
          .suppressed = "a@b.example"},
         "sent",
         -1,
         "sent 03:11:02, bounced 03:11:40 for good: 550 5.1.1 none; a@b.example is suppressed"},
        {{CALM, .status = "sent", .sent_us = AT(3, 11, 2), .delivery = "bounced",
          .delivery_us = AT(3, 11, 40), .bounce_type = "transient"},
         "sent",
         -1,
         "sent 03:11:02, bounced 03:11:40 for now"},
        {{CALM, .status = "failed", .error_code = "suppressed", .suppressed = "a@b.example",
          .suppressed_why = "bounced", .suppressed_us = AT(3, 0, 0)},
         "suppressed",
         -1,
         "suppressed: a@b.example bounced 03:00:00; postroom unsuppress a@b.example, then postroom "
         "retry ID, sends it all the same"},
        {{CALM, .status = "failed", .error_code = "suppressed",
          .error = "suppressed: a@b.example (bounced, 12 Sep 2026)"},
         "suppressed",
         -1,
         "suppressed: a@b.example (bounced, 12 Sep 2026); it is not on the list any more: postroom "
         "retry ID sends it"},
        {{CALM, .status = "sent", .sent_us = DAY - USEC_PER_SEC},
         "sent",
         -1,
         "sent 21 Sep 23:59:59"},
        {{CALM, .status = "sent"}, "sent", -1, "sent"},
        {{CALM, .status = "cancelled", .updated_us = AT(3, 0, 0)},
         "cancelled",
         -1,
         "cancelled 03:00:00"},
        {{CALM, .status = "cancelled", .updated_us = AT(3, 0, 0), .request_open = true},
         "cancelled",
         -1,
         "cancelled 03:00:00, but its request is under way: it may be sent all the same"},
        {{FAILED, .error = "403 validation_error: not verified"},
         "failed",
         -1,
         "final after 2 attempts: waits for somebody (r or postroom retry ID retries it); "
         "403 validation_error: not verified"},
        {{CALM, .status = "failed", .retry_count = 1, .error_code = "rejected"},
         "failed",
         -1,
         "final after 1 attempt: waits for somebody (r or postroom retry ID retries it); rejected"},
        {{CALM, .status = "failed"},
         "failed",
         -1,
         "final: waits for somebody (r or postroom retry ID retries it); no reason given"},
        {{CALM, .status = "failed", .error_code = "uncertain", .error = "the answer was lost"},
         "uncertain",
         -1,
         "maybe sent already: waits for somebody to see whether it arrived, then to say so "
         "(postroom mark-sent ID) or to send it again (postroom retry ID); the answer was lost"},
        {{CALM, .status = "failed", .error_code = "poison", .retry_count = 1,
          .error = "poison: the worker died on it"},
         "poison",
         -1,
         "final: waits for somebody (r or postroom retry ID retries it); poison: the worker died "
         "on it"},
        {{CALM, .status = "draft"}, "foreign", -1, "status \"draft\": postroom leaves it alone"},
    };
    CHECK(cases);
}

static void under_way(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{HELD}, "claimed", AT(3, 13, 31), "claimed by mail01 until 03:13:31, attempt 1 of 5"},
        {{HELD, .retry_count = 1, .unfinished = 2},
         "claimed",
         AT(3, 13, 31),
         "claimed by mail01 until 03:13:31, attempt 2 of 5; 1 claim before this one ended without "
         "an outcome"},
        {{HELD, .request_open = true, .on_wire = true, .request_stored_us = AT(3, 12, 1),
          .request_attempts = 1, .unfinished = 1},
         "sending",
         AT(3, 13, 31),
         "on the wire since 03:12:01 by mail01, lease until 03:13:31, attempt 1 of 5"},
        {{HELD, .request_open = true, .on_wire = true, .request_stored_us = AT(3, 10, 1),
          .request_attempts = 2, .unfinished = 3},
         "sending",
         AT(3, 13, 31),
         "on the wire since 03:10:01 by mail01, lease until 03:13:31, the same request, time 2, "
         "attempt 1 of 5; 2 claims before this one ended without an outcome"},
        {{HELD, .now_us = AT(3, 20, 0), .unfinished = 1},
         "abandoned",
         -1,
         "claimed by mail01, whose lease is over since 03:13:31: another worker takes it over"},
        {{HELD, .now_us = AT(3, 20, 0), .unfinished = 3, .workers_up = 0, .heard_us = -1},
         "abandoned",
         -1,
         "claimed by mail01, whose lease is over since 03:13:31: another worker takes it over; "
         "3 claims ended without an outcome; no worker is running for lane resend: start one"},
        {{CALM, .status = "processing"},
         "foreign",
         -1,
         "processing, but no worker claimed it: waits for whoever set that; status = 'pending' "
         "sends it"},
        /* set to pending by hand while its request was on the wire */
        {{HELD, .status = "pending", .request_open = true, .on_wire = true,
          .request_stored_us = AT(3, 12, 1), .request_attempts = 1},
         "sending",
         AT(3, 13, 31),
         "on the wire since 03:12:01 by mail01, lease until 03:13:31, attempt 1 of 5"},
    };
    CHECK(cases);
}

static void in_line(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{DUE}, "token", NOW, "token at 03:12:06, behind 0"},
        {{DUE, .next_slot_us = AT(3, 12, 8)}, "token", AT(3, 12, 8), "token at 03:12:08, behind 0"},
        {{DUE, .next_slot_us = AT(3, 12, 8), .behind = 212},
         "token",
         AT(3, 13, 54),
         "token at 03:12:08, behind 212: about 03:13:54"},
        {{DUE, .behind = 212, .batch_size = 100},
         "token",
         AT(3, 12, 7),
         "token at 03:12:06, behind 212: about 03:12:07"},
        {{DUE, .behind = 10000, .behind_capped = true, .batch_size = 100},
         "token",
         AT(3, 12, 56),
         "token at 03:12:06, behind 10,000+: not before 03:12:56"},
        {{DUE, .behind = 50, .spacing_us = 0}, "token", NOW, "token at 03:12:06, behind 50"},
        {{DUE, .lane = ""}, "token", NOW, "a worker's next look, behind 0"},
        {{DUE, .behind = -1, .request_open = true},
         "token",
         NOW,
         "the request it is part of is made again; token at 03:12:06"},
        {{RETRYING, .due = true, .behind = 3, .batch_size = 100, .error = "timeout: no answer"},
         "token",
         NOW,
         "retry 3 of 5 is due; token at 03:12:06, behind 3; last: timeout: no answer"},
    };
    CHECK(cases);
}

static void held_back(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{DUE, ALL_PAUSED}, "paused", -1, "paused by anna since 03:05:10; postroom resume goes on"},
        {{DUE, .all_paused = {true, "", "anna", "key rotation", AT(3, 5, 10)}, .workers_up = 0,
          KEY},
         "paused",
         -1,
         "paused by anna since 03:05:10: \"key rotation\"; postroom resume goes on"},
        {{DUE, ONE_PAUSED, .workers_paused = 1},
         "paused",
         -1,
         "worker mail01 paused by bob since 03:05:10; postroom resume --worker mail01 goes on"},
        {{DUE, ONE_PAUSED, .workers_paused = 2, .workers_up = 2},
         "paused",
         -1,
         "all 2 workers are paused; worker mail01 paused by bob since 03:05:10; postroom resume "
         "--worker mail01 goes on"},
        {{DUE, ONE_PAUSED, .workers_paused = 1, .workers_up = 2},
         "token",
         NOW,
         "token at 03:12:06, behind 0"},
        {{DUE, .lane = "", .workers_up = 0, .heard_us = AT(3, 9, 0)},
         "stopped",
         -1,
         "no worker is running (last heard 03:09:00): start one"},
        {{DUE, .lane = "", .workers_up = 0, .heard_us = -1},
         "stopped",
         -1,
         "no worker is running: start one"},
        {{DUE, KEY},
         "parked",
         -1,
         "lane parked until somebody acts (resend: 403 invalid_api_key: no): set a valid key where "
         "the workers start, restart them; postroom trigger tries again"},
        {{DUE, .parked_reason = "sender",
          .parked_text = "403 validation_error: shop.example is no"},
         "parked",
         -1,
         "lane parked until somebody acts (resend: 403 validation_error: shop.example is no): "
         "verify shop.example at resend, then postroom trigger tries again"},
        {{DUE, .parked_reason = "suspended", .parked_text = "403: held"},
         "parked",
         -1,
         "lane parked until somebody acts (resend: 403: held): ask resend; postroom trigger tries "
         "again"},
        {{DUE, DOWN},
         "parked",
         AT(3, 14, 30),
         "lane parked until 03:14:30 (resend: 503: down); it tries by itself, postroom trigger "
         "tries now"},
        {{DUE, DOWN, .now_us = AT(3, 14, 31)},
         "parked",
         -1,
         "lane parked and tried again now (resend: 503: down); it tries by itself, postroom "
         "trigger tries now"},
        {{DUE, .parked_reason = "rate", .parked_text = "429 rate_limit_exceeded",
          .parked_until_us = AT(3, 12, 9)},
         "parked",
         AT(3, 12, 9),
         "lane parked until 03:12:09 (resend: 429 rate_limit_exceeded)"},
        {{DUE, .parked_reason = "monthly", .parked_until_us = OCTOBER},
         "quota",
         OCTOBER,
         "monthly quota of lane resend used up until 1 Oct 00:00:00"},
    };
    CHECK(cases);
}

static void quotas(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{DUE, .daily_limit = 1000, .daily_left = 0},
         "quota",
         TOMORROW,
         "daily quota of lane resend used up until 23 Sep 00:00:00"},
        {{DUE, .monthly_limit = 1000, .monthly_left = -2},
         "quota",
         OCTOBER,
         "monthly quota of lane resend used up until 1 Oct 00:00:00"},
        {{DUE, .daily_limit = 1000, .daily_left = 100, .quota_reserve = 0.1},
         "quota",
         TOMORROW,
         "daily quota of lane resend used up but for the reserve of priorities 0 to 2 until 23 Sep "
         "00:00:00"},
        {{DUE, .daily_limit = 1000, .daily_left = 101, .quota_reserve = 0.1},
         "token",
         NOW,
         "token at 03:12:06, behind 0"},
        {{DUE, .rank = 2, .daily_limit = 1000, .daily_left = 100, .quota_reserve = 0.1},
         "token",
         NOW,
         "token at 03:12:06, behind 0"},
        {{DUE, .rank = 2, .daily_limit = 1000, .daily_left = 0, .quota_reserve = 0.1},
         "quota",
         TOMORROW,
         "daily quota of lane resend used up until 23 Sep 00:00:00"},
    };
    CHECK(cases);
}

static void in_its_time(void **state) {
    (void)state;
    static const struct example cases[] = {
        {{SCHEDULED}, "scheduled", AT(3, 59, 0), "scheduled for 03:59:00 UTC"},
        {{CALM, .status = "pending", .go_us = AT(3, 59, 0) + 366 * (TOMORROW - DAY)},
         "scheduled",
         AT(3, 59, 0) + 366 * (TOMORROW - DAY),
         "scheduled for 23 Sep 2027 03:59:00 UTC"},
        {{CALM, .status = "pending"},
         "scheduled",
         -1,
         "scheduled for no time that ever comes: change scheduled_at"},
        {{SCHEDULED, ALL_PAUSED},
         "scheduled",
         AT(3, 59, 0),
         "scheduled for 03:59:00 UTC; paused by anna since 03:05:10; postroom resume goes on"},
        {{SCHEDULED, DOWN}, "scheduled", AT(3, 59, 0), "scheduled for 03:59:00 UTC"},
        {{RETRYING}, "retrying", AT(3, 14, 10), "retry 3 of 5 at 03:14:10; last: timeout"},
        {{RETRYING, DOWN, .error = "timeout: no answer"},
         "retrying",
         AT(3, 14, 10),
         "retry 3 of 5 at 03:14:10; lane parked until 03:14:30 (resend: 503: down); it tries by "
         "itself, postroom trigger tries now; last: timeout: no answer"},
        {{RETRYING, .request_open = true},
         "retrying",
         AT(3, 14, 10),
         "retry 3 of 5 at 03:14:10, the same request as before; last: timeout"},
        {{CALM, .status = "pending", .request_open = true, .go_us = AT(3, 12, 9)},
         "request",
         AT(3, 12, 9),
         "the request it is part of is made again at 03:12:09"},
    };
    CHECK(cases);
}

/* Texts as long as they may be are cut, and nothing is written past the end. */
static void long_texts(void **state) {
    (void)state;
    struct why w = {RETRYING, .due = true, KEY};
    struct why_answer a;
    memset(w.error, 'e', sizeof w.error - 1);
    memset(w.parked_text, 'p', sizeof w.parked_text - 1);
    why_of(&w, &a);
    assert_true(strlen(a.text) < sizeof a.text);
    assert_non_null(strstr(a.text, "postroom trigger tries again; last: eee"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended),      cmocka_unit_test(under_way), cmocka_unit_test(in_line),
        cmocka_unit_test(held_back),  cmocka_unit_test(quotas),    cmocka_unit_test(in_its_time),
        cmocka_unit_test(long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
