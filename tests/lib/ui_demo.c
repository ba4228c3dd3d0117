/* The dashboard over a fixture, without the rest of postroom: for the screen tests.
 *
 *   ui_demo --demo FIXTURE --now TIME [--read-only] [--bell] [--refresh S]
 *       as `postroom watch --demo`
 *   ui_demo --demo FIXTURE --now TIME --live FILE [--worker DONE] [--events N]
 *       the picture with a running clock: commands are written to FILE and answered,
 *       N events a second come in; --worker: with a worker that drains until DONE exists */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/plain.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct life life;
static struct wake wake;
static struct board *board;
static struct ring *ring;
static struct mailbox *mailbox;
static struct ui_options options = {.drain_timeout_ms = 30000};
static const char *fixture, *live_file, *done_file;
static int64_t events_per_s;
static _Atomic bool over;

static void on_signal(int signal) {
    (void)signal;
    if (options.worker_here)
        life_drain(&life, clock_boot_us() + 30 * USEC_PER_SEC);
    else
        life_stop(&life);
    wake_up(&wake);
}

static void on_crash(int number) {
    ui_emergency_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static char *read_whole(const char *path, size_t *n) {
    FILE *f = fopen(path, "r");
    char *text = f == NULL ? NULL : mem_alloc(1 << 20);
    *n = text == NULL ? 0 : fread(text, 1, 1 << 20, f);
    if (f != NULL)
        fclose(f);
    return text;
}

static bool post(const char *json, size_t n, int64_t shift_us) {
    struct err err = {0};
    struct snapshot *s = snapshot_parse(json, n, &err);
    if (s == NULL) {
        fprintf(stderr, "ui_demo: %s\n", err.text);
        return false;
    }
    if (live_file != NULL) {
        s->read_boot_us = clock_boot_us();
        s->now_us = options.demo_now_us + shift_us;
        s->published_at_us = s->now_us;
    }
    board_post(board, s);
    return true;
}

static void answer_commands(FILE *out) {
    struct command c;
    mailbox_clear_wake(mailbox);
    while (mailbox_take(mailbox, &c)) {
        fprintf(out, "%s id=%s code=%s until=%lld uncertain=%d worker=%s text=%s by=%s\n",
                command_name(c.kind), c.message_id, c.filter.error_code,
                (long long)c.filter.until_us, c.filter.uncertain_too, c.worker, c.text,
                c.operator_name);
        fflush(out);
        struct event e = {.kind = EVENT_ANSWER, .command = c.id, .final = true};
        str_format(e.text, sizeof e.text, "%s: done by the test", command_name(c.kind));
        ring_put(ring, &e);
    }
}

static void put_event(int64_t at_us, unsigned long n) {
    struct event e = {.kind = n % 3 == 0 ? EVENT_FAILED : EVENT_SENT, .at_us = at_us};
    str_format(e.id, sizeof e.id, "%08lx-7b64-4e1a-8d02-%012lx", n * 2654435761UL & 0xffffffffUL,
               n * 40503UL * 2654435761UL & 0xffffffffffffUL);
    str_format(e.to, sizeof e.to, "customer%lu@example.no", n * 7919 % 100000);
    str_copy(e.text, sizeof e.text, "403 validation_error: shop.example is not verified");
    ring_put(ring, &e);
}

/* Stands in for feed and worker. */
static void *run_feed(void *json) {
    FILE *out = fopen(live_file, "w");
    int64_t start = clock_boot_us(), next = start;
    unsigned long n = 0;
    while (out != NULL && !atomic_load(&over)) {
        int64_t now = clock_boot_us(), shift = now - start;
        if (now >= next) {
            post(json, strlen(json), shift);
            next += USEC_PER_SEC;
        }
        answer_commands(out);
        while (n < (unsigned long)(shift * events_per_s / USEC_PER_SEC))
            put_event(options.demo_now_us + shift, ++n);
        usleep(10000);
    }
    if (out != NULL)
        fclose(out);
    return NULL;
}

static bool has_ended(void *worker) {
    (void)worker;
    return done_file == NULL || access(done_file, F_OK) == 0;
}

static bool parse(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (str_eq(argv[i], "--read-only"))
            options.read_only = true;
        else if (str_eq(argv[i], "--bell"))
            options.bell = true;
        else if (str_eq(argv[i], "--worker"))
            options.worker_here = (done_file = argv[++i]) != NULL;
        else if (str_eq(argv[i], "--demo"))
            fixture = argv[++i];
        else if (str_eq(argv[i], "--live"))
            live_file = argv[++i];
        else if (str_eq(argv[i], "--events"))
            i += str_to_int64(value, &events_per_s);
        else if (str_eq(argv[i], "--now") && clock_parse_utc(value, &options.demo_now_us) == 1)
            i++;
        else if (str_eq(argv[i], "--refresh") && str_to_double(value, &options.refresh_s))
            i++;
        else
            return false;
    }
    return fixture != NULL;
}

static enum ui_end run(struct err *err) {
    struct ui_ports ports = {.board = board,
                             .ring = ring,
                             .commands = mailbox,
                             .life = &life,
                             .wake = &wake,
                             .worker_ended = has_ended};
    struct gauges gauges = {.worker_here = true, .worker_name = "mail01", .in_flight = 2};
    options.demo = live_file == NULL;
    options.operator_name = options.demo ? NULL : "anna";
    if (options.worker_here)
        board_set_gauges(board, &gauges);
    if (!ui_possible(err))
        return isatty(STDOUT_FILENO) ? UI_REFUSED : plain_run(&options, &ports);
    return ui_run(&options, &ports, err);
}

int main(int argc, char **argv) {
    static const char *const ends[] = {"quit", "gone", "drained", "now", "refused"};
    struct err err = {0};
    pthread_t feed;
    size_t n;
    if (!parse(argc, argv) || !wake_open(&wake, &err))
        return 2;
    board = board_new(&wake, &err);
    ring = ring_new(4096, &wake, &err);
    mailbox = mailbox_new(16, &err);
    life_init(&life);
    char *json = read_whole(fixture, &n);
    if (json == NULL || !post(json, n, 0))
        return 2;
    struct sigaction stop = {.sa_handler = on_signal}, crash = {.sa_handler = on_crash};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGSEGV, &crash, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool threaded = live_file != NULL && pthread_create(&feed, NULL, run_feed, json) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    enum ui_end end = run(&err);
    atomic_store(&over, true);
    if (threaded)
        pthread_join(feed, NULL);
    mailbox_free(mailbox);
    ring_free(ring);
    board_free(board);
    mem_free(json);
    wake_close(&wake);
    printf("ended: %s%s%s\n", ends[end], err.text[0] != '\0' ? ": " : "", err.text);
    return end == UI_REFUSED ? 2 : end == UI_NOW ? 130 : 0;
}
