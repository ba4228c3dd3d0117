/* Connecting to what is no database: something that accepts and says nothing, that refuses, that
 * hangs up. Nobody has to wait for it, and what is left behind ends by itself. No server needed. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "db/db.h"
#include "db/listen.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings settings;
static char url[160];
static struct err err;

static void nap_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* A socket whose connections the kernel takes and nobody answers; closing it resets them. */
static int listening(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    str_format(url, sizeof url, "postgresql://u:hunter2@127.0.0.1:%d/d", ntohs(at.sin_port));
    settings = (struct settings){.database_url = url,
                                 .listen_database_url = "",
                                 .table = "email_messages",
                                 .poll_interval_ms = 5000};
    return fd;
}

static struct db *new_db(void) {
    struct db *db = db_new(&settings, DB_WORKER, &err);
    assert_non_null(db);
    return db;
}

/* What was left behind ends when the other side does, or in its own time. */
static void all_ended(void) {
    for (int i = 0; i < 1500 && db_is_connecting(); i++)
        nap_ms(20);
    assert_false(db_is_connecting());
    assert_int_equal(mem_live(), 0);
}

static void nothing_is_waited_for(void **state) {
    int fd = listening();
    struct db *db = new_db();
    (void)state;
    int64_t begin = clock_boot_us();
    assert_true(db_dial(db, &err));
    assert_int_equal(db_answered(db, &err), DB_DIALING);
    assert_true(db_is_connecting());
    db_free(db);
    assert_true(clock_boot_us() - begin < 10 * USEC_PER_SEC); /* half of what an attempt may take */
    close(fd);
    all_ended();
}

static void *abort_soon(void *db) {
    nap_ms(100);
    db_abort(db);
    return NULL;
}

static void another_thread_may_break_it_off(void **state) {
    int fd = listening();
    struct db *db = new_db();
    pthread_t thread;
    (void)state;
    int64_t begin = clock_boot_us();
    assert_int_equal(pthread_create(&thread, NULL, abort_soon, db), 0);
    assert_false(db_open(db, &err));
    assert_int_equal(err.code, ERR_AWAY);
    assert_true(clock_boot_us() - begin < 10 * USEC_PER_SEC);
    pthread_join(thread, NULL);
    assert_false(db_dial(db, &err));
    db_free(db);
    close(fd);
    all_ended();
}

static void a_refusal_is_told(void **state) {
    int fd = listening();
    struct db *db = new_db();
    (void)state;
    close(fd);
    assert_false(db_open(db, &err));
    assert_int_equal(err.code, ERR_AWAY);
    assert_non_null(strstr(err.text, "cannot connect to the database"));
    assert_non_null(strstr(err.text, "refused"));
    assert_null(strstr(err.text, "hunter2"));
    assert_null(strchr(err.text, '\n'));
    db_free(db);
    all_ended();
}

static void an_attempt_that_ends_wakes(void **state) {
    int fd = listening();
    struct db *db = new_db();
    (void)state;
    assert_int_equal(db_fd(db), -1);
    assert_true(db_dial(db, &err));
    struct pollfd wait = {.fd = db_fd(db), .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 0), 0);
    close(fd);
    assert_int_equal(poll(&wait, 1, 30000), 1);
    assert_int_equal(db_answered(db, &err), DB_FAILED);
    assert_int_equal(db_answered(db, &err), DB_DIALING); /* told once */
    db_free(db);
    all_ended();
}

static int waiting_at(int fd) {
    int n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (; poll(&p, 1, 2000) == 1; n++)
        close(accept(fd, NULL, NULL));
    return n;
}

static void a_few_run_beside_each_other(void **state) {
    int fd = listening();
    struct db *db = new_db();
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_true(db_dial(db, &err));
    nap_ms(300);
    assert_int_equal(waiting_at(fd), 8);
    db_free(db);
    close(fd);
    all_ended();
}

static void no_address_is_repeated(void **state) {
    (void)state;
    static const char *const bad[] = {
        "postgres://u:hunter2@[::1/d",
        "postgres://u:hun@ter2@db.example/d", /* ter2@db.example would be the host */
        "postgresql://u:hun/ter2@db.example/d",
        "postgres://u:1/hunter2@db.example/d", /* 1 the port, the rest the database */
        "postgres://u:hunter@2/x@db.example/d",
        "postgres://u:hunter2%@db.example/d",
        "postgres://u:p@db.example:hunter2/d",
        "host=db.example port=hunter2",
        "host=db.example password=my hunter2",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        settings = (struct settings){.database_url = bad[i]};
        struct db *db = new_db();
        assert_false(db_open(db, &err));
        if (err.code != ERR_USAGE || strstr(err.text, "hun") || strstr(err.text, "ter2") ||
            strstr(err.text, "db.example"))
            fail_msg("%s: %s", bad[i], err.text);
        db_free(db);
    }
    all_ended();
}

/* They lead nowhere, but are tried. */
static void sound_addresses_are_taken(void **state) {
    (void)state;
    static const char *const good[] = {
        "postgres://u%40home:hun%40ter%2F2@127.0.0.1:1/d?connect_timeout=2&options=-cx%3Da@b/c",
        "postgres://u:what?2@127.0.0.1:1/d",
        "postgres://127.0.0.1:1",
        "postgresql:///d?host=/nowhere&user=a@b",
        "postgres://u@127.0.0.1:1,127.0.0.1:2/d",
        "postgres://%40abstract/d",
        "host=@abstract,127.0.0.1 port=1,2 password=a@b/c",
        "host=127.0.0.1 port=1",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        settings = (struct settings){.database_url = good[i]};
        struct db *db = new_db();
        assert_false(db_open(db, &err));
        if (err.code != ERR_AWAY)
            fail_msg("%s: %s", good[i], err.text);
        db_free(db);
    }
    all_ended();
}

static void listening_gives_up_and_tries_again(void **state) {
    int fd = listening();
    struct listener *l = listener_new(&settings, &err);
    (void)state;
    assert_non_null(l);
    int64_t now = clock_boot_us();
    assert_int_equal(listener_turn(l, false, now), NOTE_NONE);
    assert_int_equal(listener_fd(l), -1); /* not wanted: not tried */
    assert_int_equal(listener_turn(l, true, now), NOTE_NONE);
    assert_true(listener_fd(l) >= 0);
    assert_int_equal(listener_turn(l, true, now + 19 * USEC_PER_SEC), NOTE_NONE);
    assert_true(listener_fd(l) >= 0);
    now += 21 * USEC_PER_SEC;
    assert_int_equal(listener_turn(l, true, now), NOTE_LOST);
    assert_int_equal(listener_fd(l), -1);
    assert_int_equal(listener_next_us(l), now + USEC_PER_SEC);
    assert_int_equal(listener_turn(l, true, now + USEC_PER_SEC), NOTE_NONE);
    assert_true(listener_fd(l) >= 0);
    listener_free(l);
    close(fd);
    all_ended();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_waited_for),
        cmocka_unit_test(another_thread_may_break_it_off),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(an_attempt_that_ends_wakes),
        cmocka_unit_test(a_few_run_beside_each_other),
        cmocka_unit_test(no_address_is_repeated),
        cmocka_unit_test(sound_addresses_are_taken),
        cmocka_unit_test(listening_gives_up_and_tries_again),
    };
    log_open(LOG_TEXT, -1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
