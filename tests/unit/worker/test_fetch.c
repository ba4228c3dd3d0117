/* Against a real server: while a claim's answer is awaited the wire is served. */
#include "unit/db/database.h"

#include "core/life.h"
#include "worker/internal.h"

#include <poll.h>

/* Three requests that wait, slots for them, and an answer that is there before the claim begins. */
static void stock(struct worker *w) {
    w->net = net_start(&settings, &err);
    assert_non_null(w->net);
    pacer_grant(&w->pacer, 3, clock_boot_us(), 0);
    for (uint64_t id = 1; id <= 3; id++) {
        struct flight *f = flight_new(id, 1);
        assert_non_null(f);
        f->manifest.n = 1;
        f->deadline_us = clock_boot_us() + 600 * USEC_PER_SEC;
        send_wait(w, f);
    }
    struct wire_request r;
    wire_request_init(&r);
    str_copy(r.url, sizeof r.url, "http://127.0.0.1:1/");
    done(net_submit(w->net, 77, &r, 0, clock_boot_us() + USEC_PER_SEC, &err));
    struct pollfd p = {.fd = net_fd(w->net), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
}

static void the_wire_is_served_while_mail_is_claimed(void **state) {
    static struct life life;
    (void)state;
    life_init(&life);
    settings.concurrency = 4;
    settings.lease_ms = 60000;
    settings.ca_file = "";
    struct worker w = {.settings = &settings,
                       .provider = provider_find("null"),
                       .db = open_db(DB_WORKER),
                       .id = "test/1/1",
                       .batch = 1,
                       .hungry = true,
                       .quota = {.daily_left = INT64_MAX, .monthly_left = INT64_MAX}};
    w.ports.life = &life;
    metrics_init(&w.metrics, "null");
    stock(&w);
    bool found = true;
    done(fetch_mail(&w, 1, &found, &err));
    assert_false(found);
    assert_int_equal(w.answered.n, 3);
    for (struct flight *f; (f = flights_pop(&w.answered));) {
        f->manifest.n = 0;
        flight_free(f);
    }
    net_stop(w.net);
    db_free(w.db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_wire_is_served_while_mail_is_claimed, fresh),
    };
    if (!database_given())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
