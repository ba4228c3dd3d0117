/* Slots of the lane, mail for them, and off it goes. Token first: mail is claimed when a slot is
 * at hand, urgent first, so that what comes late and urgent takes the next slot.
 * The worker's thread. */
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"
#include "worker/plan.h"

#include <string.h>

#define CLAIM_MAX 1000                   /* rows per claim: one statement stays short */
#define CONTENT_MAX (2 * PLAN_MAX_BYTES) /* bodies in memory; then wait for answers */
#define FULL_LOOK_US (5 * USEC_PER_SEC)  /* the whole queue, past its floors */
#define FULL_LOOK_CHEAP_US (10 * USEC_PER_MS)
#define FLOOR_LAG_US (10 * USEC_PER_SEC) /* mail of transactions that commit this late is seen */
#define LEAD_MIN_US (5 * USEC_PER_MS)
#define LEAD_MAX_US (100 * USEC_PER_MS)
#define REFUSED_WAIT_US USEC_PER_SEC      /* after the database refused a statement */
#define LEASE_SPARE_US (2 * USEC_PER_SEC) /* a lease counts as over this much earlier */

static int64_t lease_deadline(const struct worker *w, int64_t asked_us) {
    return asked_us + w->settings->lease_ms * USEC_PER_MS - LEASE_SPARE_US;
}

static int free_places(const struct worker *w) {
    int n = w->settings->concurrency - w->flying_count;
    return n > 0 ? n : 0;
}

/* --- slots
 * ---------------------------------------------------------------------------------------- */

static void close_until(struct worker *w, int64_t for_us, int64_t now_us) {
    int64_t cap = w->settings->poll_interval_ms * USEC_PER_MS;
    w->closed_until_us = now_us + (for_us < cap ? for_us : cap) + USEC_PER_MS;
}

/* Draws slots; false where the lane gives none now. */
static bool draw(struct worker *w, int64_t now_us, struct err *err) {
    int want = pacer_want(w->grant.rate, free_places(w));
    int64_t guard = w->settings->request_timeout_ms + 5000;
    bool cold = w->dry && !w->waiting.head; /* one will tell whether there is mail at all */
    if (!lane_draw(w->db, w->provider->name, w->id, cold || want < 1 ? 1 : want, guard, &w->grant,
                   err))
        return false;
    now_us = clock_boot_us();
    w->probe_at_hand = w->grant.probe;
    w->lane_troubled = w->grant.failures > 0 || w->grant.parked != LANE_OK || w->grant.probe;
    if (w->grant.slots == 0) {
        close_until(w, w->grant.paused ? INT64_MAX / 4 : w->grant.parked_for_us, now_us);
        return false;
    }
    pacer_grant(&w->pacer, w->grant.slots, now_us + w->grant.first_in_us, w->grant.spacing_us);
    return true;
}

static bool have_slot(struct worker *w, int64_t now_us, struct err *err) {
    pacer_drop_missed(&w->pacer, now_us);
    if (w->pacer.slots == 0) {
        if (now_us < w->closed_until_us || !(w->hungry || w->replays || w->waiting.head))
            return false;
        if (!draw(w, now_us, err))
            return false;
    }
    bool now = pacer_count(&w->pacer, now_us + w->lead_us, 1) > 0;
    if (!now && !w->dry)
        tally_mark(&w->tally, TALLY_EMPTY, now_us);
    return now;
}

/* A slot that found no mail goes back, so that it does not keep others waiting. */
static bool give_back(struct worker *w, struct err *err) {
    int unused = w->pacer.slots;
    pacer_clear(&w->pacer);
    if (unused == 0 || (w->grant.spacing_us == 0 && !w->probe_at_hand))
        return true;
    w->probe_at_hand = false;
    return lane_give_back(w->db, w->provider->name, &w->grant, unused, err);
}

/* --- quotas
 * --------------------------------------------------------------------------------------- */

static int64_t reserve_of(const struct worker *w, int64_t limit) {
    return (int64_t)((double)limit * w->settings->quota_reserve);
}

/* How many messages the quotas leave, and whether only urgent mail may use them. Parks the lane
 * where nothing is left. */
static bool quota_room(struct worker *w, int64_t *room, int *max_rank, struct err *err) {
    struct lane_quota *q = &w->quota;
    *room = q->daily_left < q->monthly_left ? q->daily_left : q->monthly_left;
    *max_rank = QUEUE_RANKS - 1;
    if (*room == INT64_MAX)
        return true;
    if (*room < 4 * CLAIM_MAX) { /* near the end others' sends count too */
        if (!lane_quota(w->db, w->provider->name, q, err))
            return false;
        *room = q->daily_left < q->monthly_left ? q->daily_left : q->monthly_left;
    }
    int64_t bulk_daily = q->daily_left - reserve_of(w, q->daily_limit);
    int64_t bulk_monthly = q->monthly_left - reserve_of(w, q->monthly_limit);
    int64_t bulk = bulk_daily < bulk_monthly ? bulk_daily : bulk_monthly;
    if (bulk > 0)
        *room = bulk;
    else
        *max_rank = 2;
    if (*room > 0)
        return true;
    *room = 0;
    w->closed_until_us = clock_boot_us() + w->settings->poll_interval_ms * USEC_PER_MS;
    return lane_park_quota(w->db, w->provider->name, q->daily_left <= 0 ? LANE_DAILY : LANE_MONTHLY,
                           err);
}

static void quota_used(struct worker *w, int64_t n) {
    if (w->quota.daily_left != INT64_MAX)
        w->quota.daily_left -= n;
    if (w->quota.monthly_left != INT64_MAX)
        w->quota.monthly_left -= n;
}

/* --- mail for the slots -------------------------------------------------------------------------
 */

/* A look at the whole queue is due every few seconds, and at once where it is known to be cheap. */
static bool start_floors_anew(struct worker *w, int64_t now_us) {
    bool cheap = w->dry && w->full_look_cost_us < FULL_LOOK_CHEAP_US;
    if (!cheap && now_us - w->full_look_us < FULL_LOOK_US)
        return false;
    for (int i = 0; i < QUEUE_RANKS; i++)
        w->floor.due_us[i] = INT64_MIN;
    w->full_look_us = now_us;
    return true;
}

static void raise_floors(struct worker *w, const struct message *messages, int n) {
    for (int i = 0; i < n; i++) {
        int rank = messages[i].priority < 0   ? 0
                   : messages[i].priority > 9 ? 9
                                              : messages[i].priority;
        int64_t floor = messages[i].due_us - FLOOR_LAG_US;
        if (messages[i].retry_count == 0 && messages[i].due_us != INT64_MIN &&
            floor > w->floor.due_us[rank])
            w->floor.due_us[rank] = floor;
    }
}

static int rows_wanted(const struct worker *w, int requests, int64_t room) {
    int most = w->settings->claim_size > 0 ? w->settings->claim_size : CLAIM_MAX;
    int64_t n = (int64_t)requests * w->batch;
    if (n > most)
        n = most;
    if (w->probe_at_hand && w->grant.failures > 0)
        n = 1; /* a provider that was down is tried with one message */
    return (int)(n < room ? n : room);
}

void send_wait(struct worker *w, struct flight *f) {
    flight_enter(f, FLIGHT_STORED);
    f->body_bytes = (int64_t)f->wire.body.len;
    w->content_bytes += f->body_bytes;
    flights_push(&w->waiting, f);
}

/* Stores the requests of fresh flights in one commit; where that fails they are given up, and
 * their messages go back to pending with the next write that works. */
static bool store(struct worker *w, struct flights *fresh, struct err *err) {
    int n = 0;
    for (struct flight *f = fresh->head; f; f = f->next)
        n++;
    const struct manifest **list = mem_array((size_t)n + 1, sizeof *list);
    if (!list)
        return err_nomem(err);
    n = 0;
    for (struct flight *f = fresh->head; f; f = f->next)
        list[n++] = &f->manifest;
    bool ok = n == 0 || request_store(w->db, w->id, list, n, w->settings->lease_ms, "", err);
    mem_free(list);
    for (struct flight *f; (f = flights_pop(fresh));) {
        f->stored = true; /* where the answer was lost, it may be */
        if (ok) {
            send_wait(w, f);
            continue;
        }
        flight_set_all(f, OUTCOME_RELEASE, "", "");
        flight_enter(f, FLIGHT_ANSWERED);
        settle_answered(w, f);
    }
    return ok;
}

/* When the queue ran dry: when does something fall due by itself? */
static bool look_ahead(struct worker *w, struct err *err) {
    int64_t due, now;
    if (!queue_next_due(w->db, &due, &now, err))
        return false;
    w->next_due_us = due == INT64_MAX ? INT64_MAX : clock_boot_us() + (due - now) + USEC_PER_MS;
    return true;
}

static bool claim(struct worker *w, int requests, bool *found, struct err *err) {
    struct flights fresh = {0};
    struct message *messages = NULL;
    int64_t room, asked_us = clock_boot_us();
    int n = 0, max_rank;
    bool more = false;
    bool full = start_floors_anew(w, asked_us);
    if (!quota_room(w, &room, &max_rank, err))
        return false;
    struct queue_ask ask = {.worker = w->id,
                            .rows = rows_wanted(w, requests, room),
                            .per_request = w->batch,
                            .max_bytes = PLAN_MAX_BYTES,
                            .lease_ms = w->settings->lease_ms,
                            .max_rank = max_rank,
                            .floor = w->floor};
    if (ask.rows > 0 && !queue_claim(w->db, &ask, &messages, &n, &more, err))
        return false;
    if (full)
        w->full_look_cost_us = clock_boot_us() - asked_us;
    *found = n > 0;
    w->hungry = more;
    w->dry = !w->hungry;
    if (n == 0)
        return look_ahead(w, err);
    if (!w->options.once) /* a single run must not leave anything behind its floors */
        raise_floors(w, messages, n);
    quota_used(w, n);
    bool built = build_flights(w, messages, n, lease_deadline(w, asked_us), &fresh, err);
    bool stored = store(w, &fresh, err);
    return built && stored && (w->hungry || look_ahead(w, err));
}

/* --- open requests, made again
 * --------------------------------------------------------------------- */

/* It cannot be the same request any more: what was on its way stays unknown. */
static void hold(struct worker *w, struct flight *f, const char *why) {
    char reason[300];
    str_format(reason, sizeof reason, "uncertain: maybe sent, the answer was lost (%s)", why);
    flight_set_all(f, OUTCOME_HELD, "uncertain", reason);
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
}

/* Nothing tells whether a request without a key, or whose key is too old, had its effect. */
static void settle_unknown(struct worker *w, struct flight *f) {
    f->manifest.key[0] = '\0';
    flight_set_all(f, OUTCOME_UNCERTAIN, "lost", "lost: the worker ended before the answer came");
    f->reading.definite = false;
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
}

static struct flight *flight_of(struct worker *w, struct manifest *m, int64_t deadline_us) {
    struct flight *f = flight_new(++w->last_id, m->n > 0 ? m->n : 1);
    if (!f)
        return NULL;
    mem_free(f->manifest.messages);
    f->manifest = *m;
    f->deadline_us = deadline_us;
    f->stored = true;
    return f;
}

static bool revive(struct worker *w, struct flight *f, enum request_state state, struct err *err) {
    struct err why = {0};
    if (f->manifest.key[0] == '\0' || f->manifest.age_ms > w->provider->key_life_ms) {
        settle_unknown(w, f);
    } else if (state == REQUEST_BROKEN) {
        hold(w, f, "a message of that request was deleted or taken out");
    } else if (build_body(w, f, &why)) {
        log_event(LOG_INFO, "request_again", "%s, %d messages, the same bytes and key",
                  f->manifest.id, f->manifest.n);
        send_wait(w, f);
    } else if (why.code == ERR_NOMEM) {
        flight_free(f); /* its lease brings it back */
        return err_nomem(err);
    } else {
        hold(w, f, why.text);
    }
    return true;
}

static bool take_open(struct worker *w, bool *found, struct err *err) {
    enum request_state state;
    struct manifest m;
    int64_t asked_us = clock_boot_us();
    if (!request_take(w->db, w->id, w->provider->name, w->settings->lease_ms, &state, &m, err))
        return false;
    *found = state != REQUEST_NONE;
    if (state == REQUEST_NONE) {
        w->replays = false;
        return true;
    }
    struct flight *f = flight_of(w, &m, lease_deadline(w, asked_us));
    if (!f) {
        manifest_done(&m);
        return err_nomem(err);
    }
    return revive(w, f, state, err);
}

/* --- off
 * ------------------------------------------------------------------------------------------ */

static void launch(struct worker *w, struct flight *f, int64_t now_us) {
    struct err err = {0};
    int64_t slot = pacer_take(&w->pacer);
    f->probe = w->probe_at_hand;
    w->probe_at_hand = false;
    flight_enter(f, FLIGHT_ON_WIRE);
    flights_push(&w->flying, f);
    w->flying_count++;
    tally_add(&w->tally, TALLY_REQUESTS, 1, now_us);
    tally_add(&w->tally, TALLY_MESSAGES, f->manifest.n, now_us);
    if (!net_submit(w->net, f->id, &f->wire, slot > now_us ? slot : 0, f->deadline_us, &err))
        log_event(LOG_ERROR, "net", "%s", err.text);
}

/* A look at the lease right before it would be used; a lapsed one is never used again. */
static bool lapsed(struct worker *w, struct flight *f, int64_t now_us) {
    if (now_us < f->deadline_us)
        return false;
    log_event(LOG_WARN, "lease_lost", "request %s was not started in time; its lease is over",
              f->manifest.id);
    w->content_bytes -= f->body_bytes;
    flight_free(f);
    return true;
}

static void note_lead(struct worker *w, int64_t took_us) {
    int64_t lead = (w->lead_us * 7 + (took_us * 3 / 2 + LEAD_MIN_US)) / 8;
    w->lead_us = lead < LEAD_MIN_US ? LEAD_MIN_US : lead > LEAD_MAX_US ? LEAD_MAX_US : lead;
}

/* Brings mail for the slots at hand. */
static bool fetch(struct worker *w, bool *found, struct err *err) {
    int64_t before = clock_boot_us();
    *found = false;
    if (w->replays && !take_open(w, found, err))
        return false;
    if (*found)
        return true;
    int requests = pacer_count(&w->pacer, before + w->lead_us, free_places(w));
    if (!w->hungry || requests == 0)
        return true;
    if (!claim(w, requests, found, err))
        return false;
    if (*found)
        note_lead(w, clock_boot_us() - before);
    return true;
}

/* One step; false: nothing more to do now. */
static bool step(struct worker *w, struct err *err) {
    int64_t now = clock_boot_us();
    bool found = false;
    if (free_places(w) == 0 || !have_slot(w, now, err))
        return false;
    if (w->waiting.head) {
        struct flight *f = flights_pop(&w->waiting);
        if (!lapsed(w, f, now))
            launch(w, f, now);
        return true;
    }
    if (w->content_bytes >= CONTENT_MAX)
        return false;
    if (!fetch(w, &found, err))
        return false;
    if (!found)
        (void)give_back(w, err);
    return found;
}

void send_due(struct worker *w) {
    struct err err = {0};
    while (step(w, &err)) {
    }
    if (err.code == ERR_NONE || err.code == ERR_AWAY)
        return;
    log_event(LOG_WARN, "send", "%s", err.text);
    w->closed_until_us = clock_boot_us() + REFUSED_WAIT_US;
}

int64_t send_next_us(const struct worker *w, int64_t now_us) {
    bool wants = w->hungry || w->replays || w->waiting.head;
    int64_t next = w->next_due_us;
    bool full = w->content_bytes >= CONTENT_MAX && !w->waiting.head;
    if (!wants || full || free_places(w) == 0)
        return next; /* an answer makes room and wakes us */
    if (w->pacer.slots > 0) {
        int64_t at = w->pacer.next_us - w->lead_us;
        return at < next ? at : next;
    }
    int64_t at = w->closed_until_us > now_us ? w->closed_until_us : now_us;
    return at < next ? at : next;
}

void send_release_waiting(struct worker *w, const char *why) {
    for (struct flight *f; (f = flights_pop(&w->waiting));) {
        w->content_bytes -= f->body_bytes;
        flight_set_all(f, OUTCOME_RELEASE, "", why);
        flight_enter(f, FLIGHT_ANSWERED);
        settle_answered(w, f);
    }
}
