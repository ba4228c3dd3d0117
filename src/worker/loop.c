/* The turn: hear, open, reap, write, keep up, send, wait. One wait for everything: our wake, the
 * network's finished transfers, the database, the LISTEN socket, and the nearest time something is
 * due. Nothing that befalls the database ends the loop. */
#include "base/str.h"
#include "worker/internal.h"
#include "worker/keep.h"
#include "worker/scribe.h"

#include <poll.h>
#include <string.h>

#define WAIT_MAX_MS 60000

bool worker_in_flight(const struct worker *w) {
    return w->waiting.head || w->flying.head || w->answered.head || w->writing.flights.head;
}

/* --- the database, lost and found
 * ------------------------------------------------------------------ */

/* One line for each kind of trouble now and then, however often it is met. */
static void complain(struct worker *w, const char *event, const struct err *err) {
    if (trouble_tell(&w->trouble, err->text, clock_boot_us()))
        log_event(LOG_WARN, event, "%s", err->text);
}

static void trouble_again(struct worker *w) {
    trouble_wait(&w->trouble, clock_boot_us(), rand_between(&w->rand, 0, 1));
}

/* A connection lost is dialled anew at once; a refusal may last, so that is left alone a while. */
static void note_trouble(struct worker *w, const struct err *err) {
    bool refused = db_is_open(w->db);
    complain(w, refused ? "database_refuses" : "database_lost", err);
    if (refused)
        trouble_again(w);
}

static void note_well(struct worker *w) {
    int64_t lasted_us;
    if (trouble_over(&w->trouble, clock_boot_us(), &lasted_us))
        log_event(LOG_INFO, "database_back", "%s works again, after %.1f s", db_display_name(w->db),
                  (double)lasted_us / USEC_PER_SEC);
}

/* The lane's row, ours, and everything looked at anew. */
static bool arrive(struct worker *w, struct err *err) {
    if (!upkeep_arrive(w, err)) {
        db_close(w->db, NULL);
        return false;
    }
    w->closed_until_us = w->poll_us = 0;
    w->schema_old = false;
    listener_anew(w->listener);
    scribe_dismiss(w->scribe);
    return true;
}

/* The waits count from one attempt's start to the next one's, so that a host that swallows
 * everything is found as soon as one that refuses. */
static bool reopen(struct worker *w) {
    struct err err = {0};
    bool dialled = true;
    if (clock_boot_us() >= w->trouble.again_us) {
        trouble_again(w);
        dialled = db_dial(w->db, &err);
    }
    enum db_answer answer = dialled ? db_answered(w->db, &err) : DB_FAILED;
    if (answer == DB_OPENED && arrive(w, &err))
        return true;
    if (answer != DB_DIALING)
        w->schema_old = err.code == ERR_SCHEMA;
    if (answer != DB_DIALING)
        complain(w, "database_away", &err);
    return false;
}

/* --- ears
 * ------------------------------------------------------------------------------------------ */

static void listen(struct worker *w) {
    int notes = listener_turn(w->listener, db_is_open(w->db), clock_boot_us());
    attend_heard(w, listener_mails(w->listener));
    if (notes & NOTE_MAIL)
        w->hungry = true;
    if (notes & NOTE_LOST) /* is the database still there? */
        w->beat_us = 0;
    if (notes & NOTE_CONTROL) { /* paused, resumed, parked, opened, triggered: look again */
        w->hungry = w->replays = true;
        w->closed_until_us = 0;
        w->full_look_us = 0;
        pacer_clear(&w->pacer);
    }
}

static void hear(struct worker *w) {
    struct err err = {0};
    wake_clear(&w->wake);
    if (db_is_open(w->db) && !db_still_there(w->db, &err))
        note_trouble(w, &err);
    listen(w);
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
    if (w->cancelled && !w->flying.head && (!db_is_open(w->db) || w->trouble.since_us))
        return true;
    return !w->drained && once_is_over(w);
}

/* --- the turn
 * -------------------------------------------------------------------------------------- */

/* Outcomes before new mail, but what is stored already need not wait for them; where that meets
 * trouble with the lane they are written all the same. Those that came at once (a provider without
 * a wire) are written at the end, too. */
static bool work(struct worker *w, struct err *err) {
    struct err aside = {0};
    if (!w->drained && !send_waiting(w, err)) {
        (void)(db_is_open(w->db) && finish_write(w, &aside));
        return false;
    }
    return finish_write(w, err) && upkeep_run(w, err) && (w->drained || send_due(w, err)) &&
           finish_write(w, err);
}

static bool may_work(struct worker *w) {
    return db_is_open(w->db) ? clock_boot_us() >= w->trouble.again_us : reopen(w);
}

static void turn(struct worker *w) {
    struct err err = {0};
    hear(w);
    follow_life(w);
    settle_reap(w);
    if (!may_work(w))
        return;
    if (work(w, &err))
        note_well(w);
    else
        note_trouble(w, &err);
}

/* Whoever wants to know that this loop turns hears it from the loop, not from a thread beside it.
 */
static void show_life(struct worker *w) {
    int64_t now = clock_boot_us();
    if (!w->ports.alive || now < w->alive_us)
        return;
    w->alive_us = now + w->ports.alive_every_us;
    w->ports.alive();
}

static int64_t next_turn_us(const struct worker *w, int64_t now) {
    if (!db_is_open(w->db) || w->trouble.again_us > now)
        return w->trouble.again_us;
    int64_t next = upkeep_next_us(w);
    int64_t send = w->drained ? INT64_MAX : send_next_us(w, now);
    return send < next ? send : next;
}

static int wait_ms(const struct worker *w) {
    int64_t now = clock_boot_us();
    int64_t next = next_turn_us(w, now);
    int64_t end = life_deadline_us(w->ports.life);
    if (end && !w->cancelled && end < next)
        next = end;
    if (w->ports.alive && w->alive_us < next)
        next = w->alive_us;
    if (next <= now)
        return 0;
    int64_t ms = (next - now + USEC_PER_MS - 1) / USEC_PER_MS;
    return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int)ms;
}

static void wait_for_something(struct worker *w) {
    struct pollfd fds[] = {{.fd = w->wake.fd, .events = POLLIN},
                           {.fd = net_fd(w->net), .events = POLLIN},
                           {.fd = db_fd(w->db), .events = POLLIN},
                           {.fd = listener_fd(w->listener), .events = POLLIN}};
    (void)poll(fds, 4, wait_ms(w));
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
        str_format(w->totals.why_left, sizeof w->totals.why_left, "lane %s is parked: %s (%s)",
                   w->provider->name, lane_fault_name(w->grant.parked), w->grant.parked_text);
    else
        str_copy(w->totals.why_left, sizeof w->totals.why_left, w->lane_text);
}

static void leave(struct worker *w) {
    struct err err = {0};
    finish_give_up(w);
    sum_up(w);
    if (w->answered.head && !keep_outcomes(w, &err))
        log_event(LOG_ERROR, "kept", "outcomes are lost, their leases bring the messages back: %s",
                  err.text);
    if (db_is_open(w->db) &&
        !(presence_leave(w->db, w->id, &err) && attention_leave(w->db, w->id, &err)))
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
        show_life(w);
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
