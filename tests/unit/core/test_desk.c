/* Errands at the desk: each gets its own answer, whoever is late or turned away is told so. Run
 * under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/desk.h"

#define PLACES 4
#define LONG_MS 20000

static struct desk *desk;

static void *ask_and_drop(void *arg) {
    struct errand e = *(struct errand *)arg;
    assert_int_equal(desk_ask(desk, &e, LONG_MS), ERRAND_CLOSED);
    delivery_drop(e.news);
    return NULL;
}

static int open_desk(void **state) {
    struct err err = {0};
    *state = (void *)(intptr_t)mem_live();
    desk = desk_new(PLACES, &err);
    return desk ? 0 : -1;
}

static int close_desk(void **state) {
    desk_free(desk);
    return mem_live() == (long)(intptr_t)*state ? 0 : -1;
}

/* Answers n errands with their own number, doubled. */
static void *clerk(void *arg) {
    for (int n = *(int *)arg, place; n > 0;) {
        struct errand e;
        struct pollfd p = {.fd = desk_fd(desk), .events = POLLIN};
        poll(&p, 1, -1);
        desk_clear_wake(desk);
        for (; desk_take(desk, &e, &place); n--) {
            e.due = e.since_us * 2;
            desk_answer(desk, place, ERRAND_DONE, &e);
        }
    }
    return NULL;
}

static void an_errand_is_answered(void **state) {
    (void)state;
    pthread_t thread;
    int n = 1;
    struct errand e = {.kind = ERRAND_PROGRESS, .since_us = 21};
    assert_int_equal(pthread_create(&thread, NULL, clerk, &n), 0);
    assert_int_equal(desk_ask(desk, &e, LONG_MS), ERRAND_DONE);
    assert_int_equal(e.due, 42);
    pthread_join(thread, NULL);
}

static void what_nobody_waits_for_is_not_done(void **state) {
    (void)state;
    struct errand e = {.due = 0};
    int place;
    for (int i = 1; i <= PLACES; i++) { /* nobody serves: the places stay as they were left */
        e.since_us = i;
        assert_int_equal(desk_ask(desk, &e, 0), ERRAND_LATE);
    }
    assert_false(desk_take(desk, &e, &place));
}

struct asker {
    pthread_t thread;
    int64_t number;
    enum errand_end end;
    struct errand e;
};

static void *ask(void *arg) {
    struct asker *a = arg;
    a->e.since_us = a->number;
    a->end = desk_ask(desk, &a->e, LONG_MS);
    return NULL;
}

/* Waits until n errands stand at the desk, by taking them. */
static void take(int n, struct errand *errands, int *places) {
    int64_t begin = clock_boot_us();
    for (int i = 0; i < n;) {
        assert_true(clock_boot_us() - begin < LONG_MS * USEC_PER_MS);
        i += desk_take(desk, &errands[i], &places[i]);
        poll(NULL, 0, 1);
    }
}

static void wait_until_full(void) {
    struct errand e = {.due = 0};
    int64_t begin = clock_boot_us();
    while (desk_ask(desk, &e, 0) != ERRAND_BUSY) {
        assert_true(clock_boot_us() - begin < LONG_MS * USEC_PER_MS);
        poll(NULL, 0, 1);
    }
}

static void who_came_first_is_served_first(void **state) {
    (void)state;
    struct asker askers[PLACES + 1];
    struct errand e;
    int place;
    for (int i = 0; i <= PLACES; i++) {
        askers[i].number = i;
        if (i == PLACES) { /* comes when the first place is free again */
            wait_until_full();
            assert_true(desk_take(desk, &e, &place));
            desk_answer(desk, place, ERRAND_DONE, &e);
            pthread_join(askers[e.since_us].thread, NULL);
            askers[e.since_us].number = -1;
        }
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    wait_until_full();
    for (int i = 0; i < PLACES; i++) {
        assert_true(desk_take(desk, &e, &place));
        assert_int_equal(e.since_us == PLACES, i == PLACES - 1);
        desk_answer(desk, place, ERRAND_DONE, &e);
    }
    for (int i = 0; i <= PLACES; i++)
        if (askers[i].number >= 0)
            pthread_join(askers[i].thread, NULL);
}

static void the_desk_has_so_many_places(void **state) {
    (void)state;
    struct asker askers[PLACES];
    struct errand taken[PLACES], one_more = {.due = 0};
    int places[PLACES];
    for (int i = 0; i < PLACES; i++) {
        askers[i].number = i;
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    take(PLACES, taken, places);
    assert_int_equal(desk_ask(desk, &one_more, LONG_MS), ERRAND_BUSY);
    for (int i = 0; i < PLACES; i++) {
        taken[i].due = taken[i].since_us + 100;
        desk_answer(desk, places[i], i == 0 ? ERRAND_AWAY : ERRAND_DONE, &taken[i]);
    }
    for (int i = 0; i < PLACES; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].end,
                         askers[i].number == taken[0].since_us ? ERRAND_AWAY : ERRAND_DONE);
        assert_int_equal(askers[i].e.due, askers[i].number + 100);
    }
    assert_int_equal(desk_ask(desk, &one_more, 0), ERRAND_LATE); /* there is room again */
}

/* The clerk has it when its asker's time is up: the place is free only after the clerk is done. */
static void *ask_shortly(void *arg) {
    struct asker *a = arg;
    a->end = desk_ask(desk, &a->e, 300);
    return NULL;
}

static void a_late_answer_goes_to_nobody(void **state) {
    (void)state;
    struct asker late = {.number = 1}, next = {.number = 7};
    struct errand first, second;
    int first_place, second_place;
    assert_int_equal(pthread_create(&late.thread, NULL, ask_shortly, &late), 0);
    take(1, &first, &first_place);
    pthread_join(late.thread, NULL);
    assert_int_equal(late.end, ERRAND_LATE);
    assert_int_equal(pthread_create(&next.thread, NULL, ask, &next), 0);
    take(1, &second, &second_place); /* comes while the clerk is still at the first */
    assert_int_equal(second.since_us, 7);
    assert_int_not_equal(second_place, first_place);
    first.due = 1;
    second.due = 14;
    desk_answer(desk, first_place, ERRAND_DONE, &first);
    desk_answer(desk, second_place, ERRAND_DONE, &second);
    pthread_join(next.thread, NULL);
    assert_int_equal(next.end, ERRAND_DONE);
    assert_int_equal(next.e.due, 14);
}

static void closing_lets_everybody_go(void **state) {
    (void)state;
    struct asker askers[2];
    struct errand taken[1], e = {.due = 0};
    int place;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    take(1, taken, &place);
    assert_false(desk_is_closed(desk));
    desk_close(desk);
    for (int i = 0; i < 2; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].end, ERRAND_CLOSED);
    }
    desk_answer(desk, place, ERRAND_DONE, taken);
    assert_true(desk_is_closed(desk));
    assert_int_equal(desk_ask(desk, &e, LONG_MS), ERRAND_CLOSED);
    assert_false(desk_take(desk, &e, &place));
}

/* Many at once, some of them impatient. */
static _Atomic long answered;

static void *ask_often(void *arg) {
    struct asker *a = arg;
    for (int64_t i = 0; i < 500; i++) {
        struct errand e = {.since_us = a->number * 1000 + i};
        enum errand_end end = desk_ask(desk, &e, i % 7 == 0 ? 0 : LONG_MS);
        if (end == ERRAND_DONE) {
            atomic_fetch_add(&answered, 1);
            a->end = e.due == e.since_us * 2 ? a->end : ERRAND_REFUSED;
        }
    }
    return NULL;
}

static void *clerk_until_closed(void *arg) {
    (void)arg;
    while (!desk_is_closed(desk)) {
        struct errand e;
        int place;
        struct pollfd p = {.fd = desk_fd(desk), .events = POLLIN};
        poll(&p, 1, -1);
        desk_clear_wake(desk);
        while (desk_take(desk, &e, &place)) {
            e.due = e.since_us * 2;
            desk_answer(desk, place, ERRAND_DONE, &e);
        }
    }
    return NULL;
}

static void many_ask_at_once(void **state) {
    (void)state;
    struct asker askers[PLACES + 2] = {{.number = 0}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, clerk_until_closed, NULL), 0);
    for (int i = 0; i < PLACES + 2; i++) {
        askers[i].number = i;
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < PLACES + 2; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].end, ERRAND_DONE); /* nobody got another's answer */
    }
    desk_close(desk);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&answered) > 500);
}

static void no_memory_no_desk(void **state) {
    (void)state;
    struct err err = {0};
    mem_fail_at(1, 0);
    assert_null(desk_new(PLACES, &err));
    mem_fail_at(0, 0);
    assert_int_equal(err.code, ERR_NOMEM);
    desk_free(NULL);
}

/* Who asks may give up while the clerk is at it: what was handed in stays whole for the clerk. */
static void news_outlive_their_asker(void **state) {
    (void)state;
    struct err err;
    struct errand e = {.kind = ERRAND_NEWS, .news = delivery_new("resend", &err)}, taken;
    int place;
    assert_non_null(delivery_add(e.news));
    assert_int_equal(desk_ask(desk, &e, 0), ERRAND_LATE); /* never taken */
    assert_false(desk_take(desk, &taken, &place));
    pthread_t late;
    assert_int_equal(pthread_create(&late, NULL, ask_and_drop, &e), 0);
    while (!desk_take(desk, &taken, &place))
        poll(&(struct pollfd){.fd = desk_fd(desk), .events = POLLIN}, 1, 10);
    desk_close(desk); /* lets the asker go */
    pthread_join(late, NULL);
    assert_int_equal(taken.news->count, 1);
    desk_answer(desk, place, ERRAND_DONE, &taken);
}

int main(void) {
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_errand_is_answered),
        WITH_DESK(who_came_first_is_served_first),
        WITH_DESK(what_nobody_waits_for_is_not_done),
        WITH_DESK(the_desk_has_so_many_places),
        WITH_DESK(a_late_answer_goes_to_nobody),
        WITH_DESK(closing_lets_everybody_go),
        WITH_DESK(many_ask_at_once),
        WITH_DESK(news_outlive_their_asker),
        cmocka_unit_test(no_memory_no_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
