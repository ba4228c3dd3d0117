/* The turn: hear, open, reap, write, keep up, send, wait. One wait for everything: our wake, the
 * LISTEN socket, the network's finished transfers, and the nearest time something is due. */
#include "base/str.h"
#include "worker/internal.h"
#include "worker/keep.h"

#include <poll.h>
#include <string.h>

#define REOPEN_MIN_US (500 * USEC_PER_MS)
#define REOPEN_MAX_US (5 * USEC_PER_SEC) /* back within 5 s of the database (SPEC promises 5 s) */
#define WAIT_MAX_MS 60000

/* --- lists
 * ----------------------------------------------------------------------------------------- */

void flights_push(struct flights *list, struct flight *f) {
    struct flight **end = &list->head;
    while (*end)
        end = &(*end)->next;
    f->next = NULL;
    *end = f;
}

struct flight *flights_pop(struct flights *list) {
    struct flight *f = list->head;
    if (f) {
        list->head = f->next;
        f->next = NULL;
    }
    return f;
}

struct flight *flights_take(struct flights *list, uint64_t id) {
    for (struct flight **p = &list->head; *p; p = &(*p)->next)
        if ((*p)->id == id) {
            struct flight *f = *p;
            *p = f->next;
            f->next = NULL;
            return f;
        }
    return NULL;
}

bool worker_in_flight(const struct worker *w) {
    return w->waiting.head || w->flying.head || w->answered.head;
}

/* --- the database, lost and found
 * ------------------------------------------------------------------ */

static bool ensure_open(struct worker *w, int64_t now, struct err *err) {
    if (db_is_open(w->db))
        return true;
    if (now < w->reopen_us)
        return false;
    if (db_open(w->db, err) && upkeep_arrive(w, err)) {
        log_event(LOG_INFO, "database_open", "connected to %s", db_display_name(w->db));
        w->reopen_wait_us = REOPEN_MIN_US;
        w->closed_until_us = w->listen_us = w->poll_us = 0;
        w->schema_old = false;
        return true;
    }
    w->schema_old = err->code == ERR_SCHEMA;
    db_close(w->db, NULL);
    double wait = (double)w->reopen_wait_us * rand_between(&w->rand, 0.75, 1.25);
    w->reopen_us = clock_boot_us() + (int64_t)wait;
    if (w->reopen_wait_us == REOPEN_MIN_US)
        log_event(LOG_WARN, "database_away", "%s; trying again until it is back", err->text);
    w->reopen_wait_us =
        w->reopen_wait_us * 2 > REOPEN_MAX_US ? REOPEN_MAX_US : w->reopen_wait_us * 2;
    return false;
}

static void note_trouble(struct worker *w, const struct err *err) {
    if (err->code == ERR_AWAY && !db_is_open(w->db))
        log_event(LOG_WARN, "database_lost", "%s", err->text);
    else
        log_event(LOG_WARN, "database", "%s", err->text);
}

/* --- ears
 * ------------------------------------------------------------------------------------------ */

static void hear(struct worker *w) {
    wake_clear(&w->wake);
    int notes = db_listen_take(w->db);
    if (notes & DB_NOTE_MAIL)
        w->hungry = true;
    if (notes & DB_NOTE_CONTROL) { /* paused, resumed, parked, opened, triggered: look again */
        w->hungry = w->replays = true;
        w->closed_until_us = 0;
        w->full_look_us = 0;
        pacer_clear(&w->pacer);
    }
}

/* --- the end
 * --------------------------------------------------------------------------------------- */

static void begin_drain(struct worker *w) {
    if (w->drained)
        return;
    w->drained = true;
    w->hungry = w->replays = false;
    send_release_waiting(w);
}

static void cut_short(struct worker *w) {
    if (w->cancelled)
        return;
    w->cancelled = true;
    net_cancel_all(w->net);
}

static bool once_is_over(struct worker *w) {
    if (!w->options.once || worker_in_flight(w))
        return false;
    bool shut = w->grant.paused || (w->grant.parked != LANE_OK && w->grant.parked != LANE_RATE);
    return shut || (!w->hungry && !w->replays);
}

static void follow_life(struct worker *w) {
    enum life_phase phase = life_now(w->ports.life);
    if (phase != LIFE_RUNNING)
        begin_drain(w);
    bool late = phase == LIFE_DRAINING && clock_boot_us() >= life_deadline_us(w->ports.life);
    if (phase == LIFE_STOPPING || late)
        cut_short(w);
}

/* Nothing under way any more; or nothing that can still be written. */
static bool is_over(struct worker *w) {
    if (w->drained && !worker_in_flight(w))
        return true;
    if (w->cancelled && !w->flying.head && !db_is_open(w->db))
        return true;
    return !w->drained && once_is_over(w);
}

/* --- the turn
 * -------------------------------------------------------------------------------------- */

static void turn(struct worker *w) {
    struct err err = {0};
    hear(w);
    follow_life(w);
    settle_reap(w);
    if (!ensure_open(w, clock_boot_us(), &err))
        return;
    bool ok = settle_write(w, &err) && upkeep_run(w, &err);
    if (!ok)
        note_trouble(w, &err);
    if (ok && !w->drained)
        send_due(w);
    if (w->answered.head && db_is_open(w->db) && !settle_write(w, &err))
        note_trouble(w, &err);
}

static int wait_ms(const struct worker *w) {
    int64_t now = clock_boot_us();
    int64_t next = INT64_MAX;
    if (!db_is_open(w->db)) {
        next = w->reopen_us;
    } else {
        next = upkeep_next_us(w);
        int64_t send = w->drained ? INT64_MAX : send_next_us(w, now);
        next = send < next ? send : next;
        if (w->answered.head) /* refused by the database a moment ago */
            next = now + 200 * USEC_PER_MS < next ? now + 200 * USEC_PER_MS : next;
    }
    int64_t end = life_deadline_us(w->ports.life);
    if (end && !w->cancelled && end < next)
        next = end;
    if (next <= now)
        return 0;
    int64_t ms = (next - now + USEC_PER_MS - 1) / USEC_PER_MS;
    return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int)ms;
}

static void wait_for_something(struct worker *w) {
    struct pollfd fds[] = {{.fd = w->wake.fd, .events = POLLIN},
                           {.fd = net_fd(w->net), .events = POLLIN},
                           {.fd = db_listen_fd(w->db), .events = POLLIN}};
    (void)poll(fds, 3, wait_ms(w));
}

/* What is left when the loop ends: counted for the exit code and the last line. */
static void sum_up(struct worker *w) {
    struct err err = {0};
    struct flights *lists[] = {&w->waiting, &w->flying, &w->answered};
    for (int i = 0; i < 3; i++)
        for (struct flight *f = lists[i]->head; f; f = f->next)
            if (!f->cut_short) /* those were counted when they were */
                w->totals.left_in_flight += f->manifest.n;
    if (!w->options.once || w->drained || !db_is_open(w->db))
        return;
    if (!queue_count_due(w->db, &w->totals.left_due, &err) || w->totals.left_due == 0)
        return;
    if (w->grant.paused)
        str_copy(w->totals.why_left, sizeof w->totals.why_left, "sending is paused");
    else if (w->grant.parked != LANE_OK)
        str_format(w->totals.why_left, sizeof w->totals.why_left, "lane %s is parked: %s",
                   w->provider->name, lane_fault_name(w->grant.parked));
}

static void leave(struct worker *w) {
    struct err err = {0};
    sum_up(w);
    if (w->answered.head && !keep_outcomes(w, &err))
        log_event(LOG_ERROR, "kept", "outcomes are lost, their leases bring the messages back: %s",
                  err.text);
    if (db_is_open(w->db) && !presence_leave(w->db, w->id, &err))
        log_event(LOG_WARN, "database", "%s", err.text);
    struct flights *lists[] = {&w->waiting, &w->flying, &w->answered};
    for (int i = 0; i < 3; i++)
        for (struct flight *f; (f = flights_pop(lists[i]));)
            flight_free(f);
}

void *worker_loop(void *arg) {
    struct worker *w = arg;
    while (!is_over(w)) {
        int64_t start = clock_boot_us();
        turn(w);
        int64_t took = clock_boot_us() - start;
        if (took > w->stall_us)
            w->stall_us = took;
        upkeep_gauges(w, "");
        if (!is_over(w))
            wait_for_something(w);
    }
    leave(w);
    upkeep_gauges(w, "");
    atomic_store(&w->ended, true);
    if (w->ports.done)
        wake_up(w->ports.done);
    return NULL;
}
