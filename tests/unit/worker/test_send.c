/* What is stored and waits for its place: the most urgent is first, and who was there before stays
 * before. While the database is busy it goes out as far as slots reach, unless something is to be
 * known first. */
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

/* --- while the database is busy ----------------------------------------------------------------
 */

static struct life life;
static struct settings settings = {.concurrency = 4, .ca_file = ""};

/* Five stored requests, three slots, and a provider that answers without a wire. */
static void stock(struct worker *w) {
    struct err err = {0};
    *w = (struct worker){.settings = &settings, .provider = provider_find("null")};
    life_init(&life);
    w->ports.life = &life;
    metrics_init(&w->metrics, "null");
    w->net = net_start(&settings, &err);
    assert_non_null(w->net);
    pacer_grant(&w->pacer, 3, clock_boot_us(), 0);
    for (uint64_t id = 1; id <= 5; id++) {
        struct flight *f = flight_new(id, 1);
        assert_non_null(f);
        f->manifest.n = 1;
        f->deadline_us = clock_boot_us() + 600 * USEC_PER_SEC;
        send_wait(w, f);
    }
}

static void clear(struct worker *w) {
    struct flights *lists[] = {&w->waiting, &w->flying, &w->answered};
    for (int i = 0; i < 3; i++)
        for (struct flight *f; (f = flights_pop(lists[i]));) {
            f->manifest.n = 0;
            flight_free(f);
        }
    net_stop(w->net);
}

static void what_is_stored_takes_the_slots(void **state) {
    struct worker w;
    (void)state;
    stock(&w);
    send_meanwhile(&w);
    assert_int_equal(w.answered.n, 3);
    assert_int_equal(w.waiting.n, 2);
    assert_int_equal(w.pacer.slots, 0);
    send_meanwhile(&w); /* without slots nothing goes */
    assert_int_equal(w.waiting.n, 2);
    clear(&w);
}

static void hear_news(struct worker *w) {
    w->lane_news = true;
}

static void begin_drain(struct worker *w) {
    life_drain(w->ports.life, clock_boot_us() + USEC_PER_SEC);
}

static void leave_unwritten(struct worker *w) {
    w->answered_count = 1000;
}

static void some_things_come_first(void **state) {
    void (*const first[])(struct worker *) = {hear_news, begin_drain, leave_unwritten};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct worker w;
        stock(&w);
        first[i](&w);
        send_meanwhile(&w);
        assert_int_equal(w.waiting.n, 5);
        clear(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urgent_mail_waits_in_front),
        cmocka_unit_test(what_is_stored_takes_the_slots),
        cmocka_unit_test(some_things_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
