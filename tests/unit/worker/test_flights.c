/* Lists of flights: their order, and that their end is known whatever was taken out. */
#include "worker/flights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct flight *made(uint64_t id, int priority) {
    struct flight *f = flight_new(id, 1);
    assert_non_null(f);
    f->manifest.n = 1;
    f->manifest.messages[0].priority = priority;
    return f;
}

static void push_all(struct flights *list, int n) {
    for (int i = 1; i <= n; i++)
        flights_push(list, made((uint64_t)i, 5));
}

/* Takes all that is left; ids end with 0. */
static void expect(struct flights *list, const uint64_t *ids) {
    for (; *ids; ids++) {
        struct flight *f = flights_pop(list);
        assert_non_null(f);
        assert_int_equal(f->id, *ids);
        flight_free(f);
    }
    assert_null(flights_pop(list));
    assert_int_equal(list->n, 0);
}

static void first_in_first_out(void **state) {
    (void)state;
    struct flights list = {0};
    push_all(&list, 3);
    assert_int_equal(list.n, 3);
    expect(&list, (const uint64_t[]){1, 2, 3, 0});
    push_all(&list, 2); /* again, after it was empty */
    expect(&list, (const uint64_t[]){1, 2, 0});
}

static void one_is_taken_out_wherever_it_is(void **state) {
    (void)state;
    for (uint64_t id = 1; id <= 3; id++) {
        struct flights list = {0};
        push_all(&list, 3);
        assert_null(flights_take(&list, 4));
        flight_free(flights_take(&list, id));
        flights_push(&list, made(4, 5));
        assert_int_equal(list.n, 3);
        expect(&list, (const uint64_t[]){id == 1 ? 2 : 1, id == 3 ? 2 : 3, 4, 0});
    }
}

static void the_urgent_come_first(void **state) {
    static const int priorities[] = {5, 9, 0, 5, 0, 9};
    struct flights list = {0};
    (void)state;
    for (int i = 0; i < 6; i++)
        flights_rank(&list, made((uint64_t)i + 1, priorities[i]));
    flights_push(&list, made(7, 0)); /* the end is where it was, too */
    expect(&list, (const uint64_t[]){3, 5, 1, 4, 2, 6, 7, 0});
}

static void a_list_may_be_moved(void **state) {
    (void)state;
    struct flights list = {0};
    push_all(&list, 2);
    struct flights other = list;
    flights_push(&other, made(3, 5));
    expect(&other, (const uint64_t[]){1, 2, 3, 0});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(one_is_taken_out_wherever_it_is),
        cmocka_unit_test(the_urgent_come_first),
        cmocka_unit_test(a_list_may_be_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
