/* Off it goes: slots are filled and requests handed to the network at their times. Token first:
 * mail is claimed when a slot is at hand, so that what comes late and urgent takes the next slot.
 * The worker's thread. */
#include "base/fault.h"
#include "worker/internal.h"
#include "worker/plan.h"

#include <limits.h>

#define CONTENT_MAX (2 * PLAN_MAX_BYTES) /* bodies in memory; then wait for answers */
#define UNWRITTEN_MAX 1000               /* outcomes wait to be written; first that (with keys) */
#define AHEAD_ANSWER_MS 500
#define AHEAD_MS 25                /* at least what goes out in so long is stored ahead ... */
#define AHEAD_MAX_MESSAGES 256     /* ... where that is more than there are places */
#define TURN_US (50 * USEC_PER_MS) /* then outcomes are written and the others heard */

/* A lease counts as over a little earlier than the database has it. */
int64_t send_lease_us(const struct worker *w, int64_t asked_us) {
    int64_t lease_us = w->settings->lease_ms * USEC_PER_MS;
    int64_t spare_us = lease_us / 4 < 2 * USEC_PER_SEC ? lease_us / 4 : 2 * USEC_PER_SEC;
    return asked_us + lease_us - spare_us;
}

/* Urgent mail goes with the next slot, whatever was stored ahead of it. */
void send_wait(struct worker *w, struct flight *f) {
    flight_enter(f, FLIGHT_STORED);
    f->body_bytes = (int64_t)f->wire.body.len;
    w->content_bytes += f->body_bytes;
    flights_rank(&w->waiting, f);
}

/* Nothing of it left here. */
static void give_up(struct worker *w, struct flight *f) {
    w->content_bytes -= f->body_bytes;
    flight_set_unsent(f);
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
}

bool send_sign(const struct worker *w, struct wire_request *r) {
    struct err err = {0};
    if (!w->provider->sign || w->provider->sign(w->settings, clock_wall_us(), r, &err))
        return true;
    log_event(LOG_ERROR, "sign", "a request could not be signed: %s", err.text);
    return false;
}

static void launch(struct worker *w, struct flight *f, int64_t now_us) {
    struct err err = {0};
    int64_t slot = pacer_take(&w->pacer);
    if (!send_sign(w, &f->wire)) {
        give_up(w, f);
        return;
    }
    f->probe = w->probe_at_hand;
    w->probe_at_hand = false;
    fault_point("K2S");
    flight_enter(f, FLIGHT_ON_WIRE);
    tally_add(&w->tally, TALLY_REQUESTS, 1, now_us);
    tally_add(&w->tally, TALLY_MESSAGES, f->manifest.n, now_us);
    if (!w->provider->wire) {
        settle_without_wire(w, f);
        return;
    }
    flights_push(&w->flying, f);
    if (!net_submit(w->net, f->id, &f->wire, slot > now_us ? slot : 0, f->deadline_us, &err))
        log_event(LOG_ERROR, "net", "%s", err.text);
}

/* A look at the lease right before it would be used; a lapsed one is never used again. If nobody
 * has taken its messages over yet they are pending again, else giving them up changes nothing. */
static bool lapsed(struct worker *w, struct flight *f, int64_t now_us) {
    if (now_us < f->deadline_us)
        return false;
    log_event(LOG_WARN, "lease_lost", "request %s was not started in time; its lease is over",
              f->manifest.id);
    give_up(w, f);
    return true;
}

/* Parked or paused: what is stored and waits here goes back, or a crash would leave it to doubt. */
static bool draw(struct worker *w, struct err *err) {
    if (!slots_draw(w, INT_MAX, err))
        return false;
    if (w->pacer.slots == 0)
        send_release_waiting(w);
    return w->pacer.slots > 0;
}

static bool wants(const struct worker *w) {
    return w->hungry || w->replays || w->waiting.head;
}

/* A message whose takers died twice, or whole requests of them. */
static bool is_suspect(const struct flight *f) {
    for (int i = 0; i < f->manifest.n; i++)
        if (f->manifest.messages[i].unfinished < PLAN_ALONE_AFTER)
            return false;
    return f->manifest.n > 0;
}

/* What may be poison goes out while nothing else is on the wire, and nothing else until its outcome
 * is there: what dies beside it would be blamed as well. An answer ends the wait. */
static bool is_quarantined(const struct worker *w) {
    if (w->flying.head && is_suspect(w->flying.head))
        return true;
    return w->flying.head && w->waiting.head && is_suspect(w->waiting.head);
}

/* How many requests are stored ahead at most. Where answers come at once, more than there are
 * places: mail is claimed in larger handfuls then, and the places are not empty meanwhile. */
static int stock_of(const struct worker *w) {
    int places = w->settings->concurrency, most = AHEAD_MAX_MESSAGES / w->batch;
    int64_t soon = places * (int64_t)AHEAD_MS / (w->answer_ms > 0 ? w->answer_ms : 1);
    int n = soon < most ? (int)soon : most;
    return n > places ? n : places;
}

/* Where all places are taken, slots are not what is scarce: then the mail for the places that will
 * be free is claimed and stored while the others are on the wire, as soon as half of it is gone.
 * Only with keys: without, what is stored when we crash is in doubt. Only where answers come soon:
 * what waits here is nobody else's, and must not keep urgent mail waiting. */
static int places_ahead(const struct worker *w) {
    if (!w->hungry || w->provider->key_life_ms <= 0 || w->answer_ms > AHEAD_ANSWER_MS ||
        w->lane_troubled || w->probe_at_hand || slots_quota_is_near(w) ||
        w->content_bytes >= CONTENT_MAX)
        return 0;
    int stock = stock_of(w), n = stock - w->waiting.n;
    return 2 * n < stock ? 0 : n;
}

/* So many outcomes may wait while a write lasts. What is unwritten when we crash is in doubt
 * without keys: no more of it then than is on the wire. */
static bool has_too_many_unwritten(const struct worker *w) {
    int most = w->provider->key_life_ms > 0 ? UNWRITTEN_MAX : w->settings->concurrency;
    return w->answered_count >= most;
}

static bool fetch_ahead(struct worker *w, struct err *err) {
    bool found = false;
    int places = places_ahead(w);
    return places > 0 && fetch_mail(w, places, &found, err) && found;
}

/* With more slots than places it is the places again that are scarce. */
static bool fetch_for_slots(struct worker *w, int slots, struct err *err) {
    bool found = false;
    int ahead = w->pacer.slots > slots_free_places(w) ? places_ahead(w) : 0;
    if (w->content_bytes >= CONTENT_MAX || !fetch_mail(w, slots + ahead, &found, err))
        return false;
    return found || !slots_give_back(w, err);
}

/* Is there a reason to send nothing, whatever is free? */
static bool holds_back(const struct worker *w) {
    return has_too_many_unwritten(w) || w->lane_news || is_quarantined(w);
}

/* What is stored, as far as there are places and slots for it. */
static void launch_stock(struct worker *w) {
    net_hold(w->net);
    while (w->waiting.head && !holds_back(w) && slots_free_places(w) > 0 && slots_at_hand(w) > 0) {
        int64_t now = clock_boot_us();
        struct flight *f = flights_pop(&w->waiting);
        if (!lapsed(w, f, now))
            launch(w, f, now);
    }
    net_release(w->net);
}

/* One step; false: nothing more to do now. Answers that came meanwhile make room. */
static bool step(struct worker *w, struct err *err) {
    bool found = false;
    settle_reap(w);
    if (!wants(w) || holds_back(w))
        return false;
    if (slots_free_places(w) == 0)
        return fetch_ahead(w, err);
    int slots = slots_at_hand(w);
    if (w->pacer.slots == 0) {
        if (clock_boot_us() < w->closed_until_us || w->content_bytes >= CONTENT_MAX)
            return false;
        if (w->dry && !w->waiting.head)
            return fetch_cold(w, &found, err) && found;
        return draw(w, err);
    }
    if (slots == 0)
        return false;
    if (!w->waiting.head)
        return fetch_for_slots(w, slots, err);
    launch_stock(w);
    return true;
}

void send_meanwhile(void *arg) {
    struct worker *w = arg;
    settle_reap(w);
    if (life_now(w->ports.life) == LIFE_RUNNING)
        launch_stock(w);
}

bool send_waiting(struct worker *w, struct err *err) {
    while (w->waiting.head && slots_free_places(w) > 0 && step(w, err)) {
    }
    return err->code == ERR_NONE;
}

bool send_due(struct worker *w, struct err *err) {
    int64_t until_us = clock_boot_us() + TURN_US;
    err->code = ERR_NONE;
    while (step(w, err) && clock_boot_us() < until_us) {
    }
    return err->code == ERR_NONE;
}

int64_t send_next_us(const struct worker *w, int64_t now_us) {
    int64_t next = w->next_due_us;
    bool full = w->content_bytes >= CONTENT_MAX && !w->waiting.head;
    if (!wants(w) || full || slots_free_places(w) == 0 || is_quarantined(w))
        return next; /* an answer makes room and wakes us */
    int64_t at = w->pacer.slots > 0            ? w->pacer.next_us - w->lead_us
                 : w->closed_until_us > now_us ? w->closed_until_us
                                               : now_us;
    return at < next ? at : next;
}

void send_release_waiting(struct worker *w) {
    for (struct flight *f; (f = flights_pop(&w->waiting));)
        give_up(w, f);
}
