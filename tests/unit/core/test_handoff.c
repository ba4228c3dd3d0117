/* Board, ring and mailbox: what one thread puts another takes, whole. Run under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/board.h"
#include "core/mailbox.h"
#include "core/ring.h"

static bool is_up(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static struct snapshot *numbered(int n) {
    char json[64];
    struct err err;
    str_format(json, sizeof json, "{\"database\":\"%d\",\"attempts\":{\"all_5m\":%d}}", n, n);
    return snapshot_parse(json, strlen(json), &err);
}

static void board_keeps_the_newest(void **state) {
    (void)state;
    struct err err;
    struct wake wake;
    struct gauges g = {.in_flight = 3, .worker_here = true}, out;
    assert_true(wake_open(&wake, &err));
    struct board *b = board_new(&wake, &err);
    assert_null(board_take(b));
    board_post(b, numbered(1));
    assert_true(is_up(wake.fd));
    struct snapshot *first = board_take(b);
    board_post(b, numbered(2));
    assert_string_equal(first->database, "1");
    struct snapshot *second = board_take(b);
    assert_string_equal(second->database, "2");
    board_get_gauges(b, &out);
    assert_int_equal(out.in_flight, 0);
    board_set_gauges(b, &g);
    board_set_gauges(NULL, &g);
    board_get_gauges(b, &out);
    assert_int_equal(out.in_flight, 3);
    struct metrics m, copy;
    metrics_init(&m, "resend");
    m.sent = 7;
    assert_false(board_get_metrics(b, &copy));
    board_set_metrics(b, &m);
    board_set_metrics(NULL, &m);
    assert_true(board_get_metrics(b, &copy));
    assert_int_equal(copy.sent, 7);
    snapshot_release(first);
    snapshot_release(second);
    board_free(b);
    board_free(NULL);
    wake_close(&wake);
}

static struct event event_no(int n) {
    struct event e = {.kind = EVENT_SENT, .at_us = n};
    str_format(e.id, sizeof e.id, "%d", n);
    return e;
}

static void want(struct board *b, enum page_kind kind, uint64_t number) {
    struct page_want w = {.kind = kind, .number = number};
    board_want(b, &w);
}

/* A message that is wanted does not make a list forgotten; a newer list does. */
static void board_keeps_wants_of_each_kind(void **state) {
    struct err err;
    struct page_want w;
    struct board *b = board_new(NULL, &err);
    (void)state;
    assert_false(board_take_want(b, &w));
    want(b, PAGE_LIST, 1);
    want(b, PAGE_MESSAGE, 2);
    want(b, PAGE_LIST, 3);
    assert_true(board_take_want(b, &w));
    assert_int_equal(w.number, 2);
    board_post_page(b, page_trouble(&w, "a", &err));
    assert_true(board_take_want(b, &w));
    assert_int_equal(w.number, 3);
    board_post_page(b, page_trouble(&w, "b", &err));
    w.number = 4;
    board_post_page(b, page_trouble(&w, "c", &err));
    assert_false(board_take_want(b, &w));
    for (uint64_t sum = 0; sum < 4 + 2;) {
        struct page *p = board_take_page(b);
        assert_non_null(p);
        sum += p->want.number;
        page_free(p);
    }
    assert_null(board_take_page(b));
    want(b, PAGE_LIST, 5);
    board_post_page(b, page_trouble(&w, "left to the board", &err));
    board_free(b);
}

static void ring_drops_the_oldest(void **state) {
    (void)state;
    struct err err;
    struct ring *r = ring_new(4, NULL, &err);
    struct event out[8];
    uint64_t lost;
    assert_int_equal(ring_take(r, out, 8, &lost), 0);
    for (int i = 1; i <= 10; i++) {
        struct event e = event_no(i);
        ring_put(r, &e);
    }
    ring_put(NULL, &out[0]);
    assert_int_equal(ring_take(r, out, 3, &lost), 3);
    assert_int_equal(lost, 6);
    assert_string_equal(out[0].id, "7");
    assert_int_equal(ring_take(r, out, 8, &lost), 1);
    assert_int_equal(lost, 0);
    assert_string_equal(out[0].id, "10");
    ring_free(r);
    ring_free(NULL);
}

static void mailbox_refuses_when_full(void **state) {
    (void)state;
    struct err err;
    struct mailbox *m = mailbox_new(2, &err);
    struct command c = {.kind = COMMAND_PAUSE}, out;
    assert_false(mailbox_take(m, &out));
    for (int round = 0; round < 3; round++) {
        for (int i = 1; i <= 3; i++) {
            c.id = i;
            assert_int_equal(mailbox_put(m, &c), i <= 2);
        }
        assert_true(is_up(mailbox_fd(m)));
        mailbox_clear_wake(m);
        assert_false(is_up(mailbox_fd(m)));
        assert_true(mailbox_take(m, &out));
        assert_int_equal(out.id, 1);
        assert_true(mailbox_take(m, &out));
        assert_int_equal(out.id, 2);
        assert_false(mailbox_take(m, &out));
    }
    mailbox_nudge(m);
    assert_true(is_up(mailbox_fd(m)));
    mailbox_free(m);
    mailbox_free(NULL);
}

#define ROUNDS 2000

struct shared {
    struct board *board;
    struct ring *ring;
    struct mailbox *mailbox;
    _Atomic bool over;
    _Atomic long broken, reads;
};

static void *write_all(void *arg) {
    struct shared *sh = arg;
    for (int i = 1; i <= ROUNDS; i++) {
        struct event e = event_no(i);
        struct gauges g = {.in_flight = i, .sent = i};
        struct command c = {.id = i};
        str_format(c.text, sizeof c.text, "%d", i);
        board_post(sh->board, numbered(i));
        board_set_gauges(sh->board, &g);
        ring_put(sh->ring, &e);
        while (!mailbox_put(sh->mailbox, &c)) {
        }
    }
    atomic_store(&sh->over, true);
    return NULL;
}

static void *read_board(void *arg) {
    struct shared *sh = arg;
    while (!atomic_load(&sh->over)) {
        struct gauges g;
        char text[24];
        struct snapshot *s = board_take(sh->board);
        board_get_gauges(sh->board, &g);
        if (s != NULL) {
            str_format(text, sizeof text, "%lld", (long long)s->attempts_5m);
            atomic_fetch_add(&sh->broken, !str_eq(text, s->database));
            atomic_fetch_add(&sh->reads, 1);
        }
        atomic_fetch_add(&sh->broken, g.in_flight != g.sent);
        snapshot_release(s);
    }
    return NULL;
}

static void *take_all(void *arg) {
    struct shared *sh = arg;
    struct event events[16];
    struct command c;
    uint64_t lost, seen = 0;
    int64_t last = 0;
    while (last < ROUNDS) {
        size_t n = ring_take(sh->ring, events, 16, &lost);
        seen += n + lost;
        while (mailbox_take(sh->mailbox, &c)) {
            atomic_fetch_add(&sh->broken, c.id != last + 1);
            last = c.id;
        }
    }
    while (!atomic_load(&sh->over)) {
    }
    for (size_t n = 1; n > 0; seen += n + lost)
        n = ring_take(sh->ring, events, 16, &lost);
    atomic_fetch_add(&sh->broken, seen != ROUNDS);
    return NULL;
}

static void threads_see_whole_things(void **state) {
    (void)state;
    struct err err;
    struct shared sh = {.board = board_new(NULL, &err),
                        .ring = ring_new(32, NULL, &err),
                        .mailbox = mailbox_new(4, &err)};
    pthread_t threads[4];
    pthread_create(&threads[0], NULL, write_all, &sh);
    pthread_create(&threads[1], NULL, read_board, &sh);
    pthread_create(&threads[2], NULL, read_board, &sh);
    pthread_create(&threads[3], NULL, take_all, &sh);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&sh.broken), 0);
    board_free(sh.board);
    ring_free(sh.ring);
    mailbox_free(sh.mailbox);
}

static int nothing_left(void **state) {
    (void)state;
    assert_int_equal(mem_live(), 0);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(board_keeps_the_newest, nothing_left),
        cmocka_unit_test_teardown(board_keeps_wants_of_each_kind, nothing_left),
        cmocka_unit_test_teardown(ring_drops_the_oldest, nothing_left),
        cmocka_unit_test_teardown(mailbox_refuses_when_full, nothing_left),
        cmocka_unit_test_teardown(threads_see_whole_things, nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
