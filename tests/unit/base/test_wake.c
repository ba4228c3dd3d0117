/* Wakes coalesce, never block and leave errno alone. */
#include "base/wake.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int is_awake(const struct wake *w) {
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    return poll(&p, 1, 0);
}

static void wakes_coalesce(void **state) {
    (void)state;
    struct wake w;
    struct err err;
    assert_true(wake_open(&w, &err));
    assert_int_equal(is_awake(&w), 0);
    wake_clear(&w); /* nothing to clear: does not block */
    for (int i = 0; i < 1000; i++) {
        wake_up(&w);
    }
    assert_int_equal(is_awake(&w), 1);
    wake_clear(&w);
    assert_int_equal(is_awake(&w), 0);
    wake_close(&w);
    assert_int_equal(w.fd, -1);
    wake_close(&w);
    errno = ENOENT;
    wake_up(&w); /* closed: harmless */
    wake_clear(&w);
    assert_int_equal(errno, ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(wakes_coalesce)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
