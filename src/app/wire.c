/* Builds in order: board, ring, mailbox, HTTP door, network library, worker, feed, screen; takes
 * apart in reverse. The door comes before the worker, so that a port that is taken is known before
 * any mail moves, and goes after it, so that it can tell of the drain. Main shows the screen, if
 * there is one, while a supervisor thread sees to the end; without a screen main is the supervisor.
 *
 * The end: a first signal (or `q`) drains, the deadline stops, what is still stuck is aborted, and
 * what even that does not move is left behind: leases make it safe. */
#include "app/wire.h"

#include "app/cmd.h"
#include "app/notify.h"
#include "app/signals.h"
#include "base/clock.h"
#include "base/str.h"
#include "feed/clerk.h"
#include "feed/feed.h"
#include "http/door.h"
#include "net/fetch.h"
#include "net/net.h"
#include "ui/plain.h"
#include "worker/worker.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define RING_EVENTS 4096
#define MAILBOX_COMMANDS 64
#define DESK_PLACES 32
#define GRACE_US (USEC_PER_SEC / 2)   /* from "stop" to "abort" */
#define GIVE_UP_US (5 * USEC_PER_SEC) /* from "abort" to leaving it behind */

struct rig {
    const struct settings *s;
    const struct wire_plan *plan;
    bool net;
    struct wake screen; /* what the screen waits on */
    struct board *board;
    struct ring *ring;
    struct mailbox *commands;
    struct desk *desk;
    struct clerk *clerk;
    struct door *door;
    struct life life;
    struct worker *worker;
    struct feed *feed;
    _Atomic bool screen_ended;
};

/* Where the supervisor is in shutting down. */
struct ending {
    bool draining;
    int64_t abort_at, give_up_at; /* boot time; 0: not yet */
};

static bool has_screen(const struct rig *r) {
    return r->plan->screen != SCREEN_NONE;
}

static bool has_door(const struct rig *r) {
    return r->plan->worker && !r->plan->once && r->s->listen[0];
}

/* --- building --------------------------------------------------------------------------------- */

static bool start_worker(struct rig *r, struct err *err) {
    struct worker_options options = {.once = r->plan->once};
    struct worker_ports ports = {r->board, r->ring, &r->life, signals_wake(), NULL, 0};
    ports.alive_every_us = notify_watchdog_us();
    if (ports.alive_every_us > 0)
        ports.alive = notify_alive;
    r->worker = worker_start(r->s, &options, &ports, err);
    return r->worker != NULL;
}

static bool start_door(struct rig *r, struct err *err) {
    if (!(r->desk = desk_new(DESK_PLACES, err)) || !(r->clerk = clerk_start(r->s, r->desk, err)))
        return false;
    struct door_ports ports = {r->board, r->desk, &r->life, net_fetch};
    r->door = door_start(r->s, &ports, err);
    return r->door != NULL;
}

static bool start_feed(struct rig *r, struct err *err) {
    struct feed_options options = {.operator_name = r->plan->ui.operator_name,
                                   .read_only = r->plan->ui.read_only,
                                   .events_from_db = !r->plan->worker,
                                   .keep_going = r->plan->worker};
    struct feed_ports ports = {r->board, r->ring, r->commands, &r->life};
    r->feed = feed_start(r->s, &options, &ports, err);
    return r->feed != NULL;
}

static bool build(struct rig *r, struct err *err) {
    life_init(&r->life);
    if (!wake_open(&r->screen, err) || !(r->board = board_new(&r->screen, err)))
        return false;
    if (has_screen(r) && (!(r->ring = ring_new(RING_EVENTS, &r->screen, err)) ||
                          !(r->commands = mailbox_new(MAILBOX_COMMANDS, err))))
        return false;
    if (r->plan->fixture) {
        board_post(r->board, snapshot_hold(r->plan->fixture));
        return true;
    }
    if (r->plan->worker && !(r->net = net_global_init(err)))
        return false;
    return (!has_door(r) || start_door(r, err)) && (!r->plan->worker || start_worker(r, err)) &&
           (!has_screen(r) || start_feed(r, err));
}

/* Nobody new, whoever waits is let go, then the threads. */
static void stop_door(struct rig *r) {
    if (r->door)
        door_quiesce(r->door);
    if (r->desk)
        desk_close(r->desk);
    door_stop(r->door);
    clerk_join(r->clerk);
    desk_free(r->desk);
}

static void take_apart(struct rig *r) {
    if (r->net)
        net_global_cleanup();
    stop_door(r);
    mailbox_free(r->commands);
    ring_free(r->ring);
    board_free(r->board);
    wake_close(&r->screen);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* The screen began to drain: the supervisor sees to the worker. */
static void nudge_supervisor(void *worker) {
    (void)worker;
    wake_up(signals_wake());
}

static bool worker_gone(void *worker) {
    return worker_has_ended(worker);
}

static struct ui_ports screen_ports(struct rig *r) {
    struct ui_ports ports = {.board = r->board,
                             .ring = r->ring,
                             .commands = r->plan->fixture ? NULL : r->commands,
                             .life = &r->life,
                             .wake = &r->screen};
    if (r->worker) {
        ports.worker_nudge = nudge_supervisor;
        ports.worker_ended = worker_gone;
        ports.worker = r->worker;
    }
    return ports;
}

/* Nothing is waited for, nothing is written but the terminal. */
static _Noreturn void leave_now(int code) {
    ui_emergency_restore();
    _exit(code);
}

static bool is_over(struct rig *r) {
    if (r->worker)
        return worker_has_ended(r->worker);
    return life_now(&r->life) != LIFE_RUNNING;
}

/* Takes the next step of the way out that is due. */
static void proceed(struct rig *r, struct ending *e) {
    int64_t now = clock_boot_us();
    if (signals_asked() > 0 || signals_hung_up() || atomic_load(&r->screen_ended))
        life_drain(&r->life, now + r->s->drain_timeout_ms * USEC_PER_MS);
    if (!r->worker || life_now(&r->life) == LIFE_RUNNING)
        return;
    if (!e->draining) {
        e->draining = true;
        notify_service("STOPPING=1");
        worker_nudge(r->worker);
        wake_up(&r->screen); /* to count down */
    }
    if (e->abort_at == 0 && now >= life_deadline_us(&r->life)) {
        e->abort_at = now + GRACE_US;
        life_stop(&r->life);
        worker_nudge(r->worker);
    } else if (e->abort_at > 0 && e->give_up_at == 0 && now >= e->abort_at) {
        e->give_up_at = now + GIVE_UP_US;
        worker_abort(r->worker);
        if (r->feed)
            feed_abort(r->feed);
    } else if (e->give_up_at > 0 && now >= e->give_up_at) {
        leave_now(EXIT_IN_FLIGHT);
    }
}

/* How long until something is due: milliseconds, -1 = only a wake-up is. */
static int patience(const struct rig *r, const struct ending *e) {
    int64_t at = e->give_up_at > 0 ? e->give_up_at
                 : e->abort_at > 0 ? e->abort_at
                                   : life_deadline_us(&r->life);
    int64_t left = (at - clock_boot_us()) / USEC_PER_MS + 1;
    if (!e->draining)
        return -1;
    return left < 0 ? 0 : left > 3600 * 1000 ? 3600 * 1000 : (int)left;
}

static void supervise(struct rig *r) {
    struct ending e = {0};
    struct pollfd wait = {.fd = signals_wake()->fd, .events = POLLIN};
    for (;;) {
        wake_clear(signals_wake());
        if (signals_asked() > 1)
            leave_now(EXIT_KILLED);
        proceed(r, &e);
        if (is_over(r))
            return;
        poll(&wait, 1, patience(r, &e));
    }
}

static void *supervisor(void *arg) {
    struct rig *r = arg;
    struct ui_ports ports = screen_ports(r);
    supervise(r);
    ui_finish(&ports);
    return NULL;
}

/* --- running ---------------------------------------------------------------------------------- */

static bool show(struct rig *r, struct err *err) {
    struct ui_ports ports = screen_ports(r);
    enum ui_end end = r->plan->screen == SCREEN_PLAIN ? plain_run(&r->plan->ui, &ports)
                                                      : ui_run(&r->plan->ui, &ports, err);
    if (end == UI_NOW)
        leave_now(EXIT_KILLED);
    atomic_store(&r->screen_ended, true);
    wake_up(signals_wake());
    return end != UI_REFUSED;
}

static bool run_screen(struct rig *r, struct err *err) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, supervisor, r) != 0) {
        atomic_store(&r->screen_ended, true);
        supervise(r);
        return err_set(err, ERR_IO, "cannot start a thread");
    }
    signals_let_in();
    bool done = show(r, err);
    pthread_join(thread, NULL);
    return done;
}

static bool run(struct rig *r, struct err *err) {
    if (has_screen(r))
        return run_screen(r, err);
    signals_let_in();
    supervise(r);
    return true;
}

static void end_feed(struct rig *r) {
    life_stop(&r->life);
    if (r->commands)
        mailbox_nudge(r->commands);
    feed_join(r->feed);
}

/* A worker that got no feed: it has hardly begun. */
static void end_worker(struct rig *r) {
    if (!r->worker)
        return;
    worker_nudge(r->worker);
    worker_join(r->worker, NULL);
}

/* A terminal that went away hears no more; that is no failure. */
static bool nobody_hears(const struct rig *r) {
    return r->plan->screen == SCREEN_FULL && !isatty(STDOUT_FILENO);
}

/* One line on what became of the mail. */
static void say_totals(const struct rig *r, const struct worker_totals *t) {
    struct buf line;
    buf_init(&line, 8192);
    buf_printf(&line, "sent %lld, failed %lld; ", (long long)t->sent, (long long)t->failed);
    if (t->left_in_flight > 0)
        buf_printf(&line, "%lld left in flight, safe by their leases",
                   (long long)t->left_in_flight);
    else
        buf_puts(&line, "nothing left in flight");
    if (t->kept > 0)
        buf_printf(&line,
                   "; %lld outcomes the database did not take: the next start writes them from %s",
                   (long long)t->kept, t->kept_in);
    if (has_screen(r) && !nobody_hears(r))
        printf("%s\n", buf_text(&line));
    else
        log_event(t->left_in_flight > 0 ? LOG_WARN : LOG_INFO, "stopped", "%s", buf_text(&line));
    buf_free(&line);
}

/* --once succeeds where everything due was sent. */
static int judge_once(const struct worker_totals *t) {
    struct err err;
    if (t->failed == 0 && t->left_due == 0)
        return EXIT_DONE;
    err_set(&err, ERR_DB,
            "%lld failed, %lld left waiting%s%s; `postroom list --status failed` and "
            "`postroom status` say more",
            (long long)t->failed, (long long)t->left_due, *t->why_left ? ": " : "", t->why_left);
    return cmd_fail(&err);
}

/* The mail's end, and what the exit code makes of it. */
static int settle(struct rig *r, struct err *err, bool shown) {
    struct worker_totals t = {0};
    if (r->worker) {
        worker_join(r->worker, &t);
        say_totals(r, &t);
    } else if (shown && r->plan->screen == SCREEN_FULL && !r->plan->fixture && !nobody_hears(r))
        printf("left the dashboard; workers go on as they were\n");
    if (!shown)
        return cmd_fail(err);
    if (t.left_in_flight > 0)
        return EXIT_IN_FLIGHT;
    return r->plan->once ? judge_once(&t) : EXIT_DONE;
}

int wire_run(const struct settings *s, const struct wire_plan *plan) {
    struct rig r = {.s = s, .plan = plan, .screen = {.fd = -1}};
    struct err err = {0};
    int code;
    if (!signals_install(&err))
        return cmd_fail(&err);
    log_open(s->log_format, plan->screen == SCREEN_NONE ? STDOUT_FILENO : -1);
    if (build(&r, &err)) {
        notify_service("READY=1");
        bool shown = run(&r, &err);
        end_feed(&r);
        code = settle(&r, &err, shown);
    } else {
        end_feed(&r);
        end_worker(&r);
        code = cmd_fail(&err);
    }
    take_apart(&r);
    signals_remove();
    return code;
}
