/* Mail for the slots at hand: claimed urgent first, built, stored. The worker's thread.
 *
 * Two ways. While there is a backlog slots are drawn ahead and filled. When the queue was dry, the
 * slot and the claim are one transaction that is rolled back where there is no mail, so that
 * looking costs the lane nothing and many idle workers do not use up each other's slots. */
#include "base/fault.h"
#include "base/mem.h"
#include "worker/internal.h"
#include "worker/plan.h"

#define CLAIM_MAX 1000                  /* rows per claim: one statement stays short */
#define FULL_LOOK_US (5 * USEC_PER_SEC) /* the whole queue, past its floors */
#define FULL_LOOK_CHEAP_US (10 * USEC_PER_MS)
#define FLOOR_LAG_US (10 * USEC_PER_SEC) /* mail of transactions that commit this late is seen */
#define LEAD_MIN_US (8 * USEC_PER_MS)
#define LEAD_MAX_US (100 * USEC_PER_MS)

/* What one look at the queue brought. */
struct haul {
    struct message *messages;
    int n;
    bool more;        /* there may be more due */
    int64_t asked_us; /* boot: leases count from here */
};

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

/* Stores the requests of fresh flights in one commit; where that fails they are given up, and
 * their messages go back to pending with the next write that works. */
static bool store(struct worker *w, struct flights *fresh, struct err *err) {
    int n = 0;
    const struct manifest **list = mem_array((size_t)fresh->n + 1, sizeof *list);
    if (!list)
        return err_nomem(err);
    for (struct flight *f = fresh->head; f; f = f->next)
        list[n++] = &f->manifest;
    bool ok = n == 0 || request_store(w->db, w->id, list, n, w->settings->lease_ms, NULL, err);
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

static bool ask(struct worker *w, int requests, struct haul *h, struct err *err) {
    int64_t room;
    int max_rank;
    if (!slots_quota(w, &room, &max_rank, err))
        return false;
    /* what is in flight may leave something of the quota over */
    h->more = room == 0 && w->quota.daily_left > 0 && w->quota.monthly_left > 0;
    h->asked_us = clock_boot_us();
    bool full = start_floors_anew(w, h->asked_us);
    struct queue_ask ask = {.worker = w->id,
                            .rows = rows_wanted(w, requests, room),
                            .per_request = w->batch,
                            .max_bytes = PLAN_MAX_BYTES,
                            .lease_ms = w->settings->lease_ms,
                            .max_rank = max_rank,
                            .floor = w->floor};
    if (ask.rows > 0 && !queue_claim(w->db, &ask, &h->messages, &h->n, &h->more, err))
        return false;
    if (full)
        w->full_look_cost_us = clock_boot_us() - h->asked_us;
    return true;
}

static void throw_back(struct haul *h) {
    for (int i = 0; i < h->n; i++)
        message_done(&h->messages[i]);
    mem_free(h->messages);
    *h = (struct haul){0};
}

/* The claim is committed: requests of it, stored, waiting for their slots. */
static bool take_in(struct worker *w, struct haul *h, struct err *err) {
    struct flights fresh = {0};
    w->hungry = h->more;
    w->dry = !h->more;
    if (h->n > 0 && !w->options.once) /* a single run must leave nothing behind its floors */
        raise_floors(w, h->messages, h->n);
    slots_quota_used(w, h->n);
    if (h->n > 0)
        fault_point("K2");
    bool built = h->n == 0 ||
                 build_flights(w, h->messages, h->n, send_lease_us(w, h->asked_us), &fresh, err);
    bool stored = store(w, &fresh, err);
    return built && stored && (w->hungry || look_ahead(w, err));
}

/* Near the end of a quota look and claim are one transaction, so that workers take turns. */
static bool ask_alone(struct worker *w, int requests, struct haul *h, struct err *err) {
    if (!slots_quota_is_near(w))
        return ask(w, requests, h, err);
    if (!db_begin(w->db, err))
        return false;
    if (ask(w, requests, h, err) && db_commit(w->db, err))
        return true;
    db_rollback(w->db);
    throw_back(h);
    return false;
}

/* Longer at once, shorter little by little: a slot that is missed is lost to all, one that is
 * waited for costs nothing but that more urgent mail of that moment takes the next. */
static void note_lead(struct worker *w, int64_t took_us) {
    int64_t lead = took_us * 3 / 2 + LEAD_MIN_US;
    if (lead < w->lead_us)
        lead = (w->lead_us * 31 + lead) / 32;
    w->lead_us = lead < LEAD_MIN_US ? LEAD_MIN_US : lead > LEAD_MAX_US ? LEAD_MAX_US : lead;
}

void fetch_was_late(struct worker *w) {
    int64_t lead = w->lead_us + w->lead_us / 4;
    w->lead_us = lead > LEAD_MAX_US ? LEAD_MAX_US : lead;
}

static bool fetch_fresh(struct worker *w, int requests, bool *found, struct err *err) {
    struct haul haul = {0};
    int64_t before = clock_boot_us();
    fault_point("K1");
    if (!ask_alone(w, requests, &haul, err))
        return false;
    *found = haul.n > 0;
    bool ok = take_in(w, &haul, err);
    if (ok && *found)
        note_lead(w, clock_boot_us() - before);
    return ok;
}

bool fetch_mail(struct worker *w, int requests, bool *found, struct err *err) {
    *found = false;
    if (w->replays && !replay_one(w, found, err))
        return false;
    if (*found || !w->hungry)
        return true;
    db_set_meanwhile(w->db, (struct db_meanwhile){net_fd(w->net), send_meanwhile, w});
    bool ok = fetch_fresh(w, requests, found, err);
    db_set_meanwhile(w->db, (struct db_meanwhile){.fd = -1});
    return ok;
}

/* Within the transaction: a slot, and if it is at hand, mail for it. */
static bool look(struct worker *w, struct haul *h, bool *looked, bool *found, struct err *err) {
    if (!slots_draw(w, 1, err))
        return false;
    if (w->pacer.slots == 0)
        return true;
    if (slots_at_hand(w) == 0) { /* others use the lane: wait in line, if there is mail */
        *looked = true;
        w->dry = false;
        w->closed_until_us = w->replays ? w->pacer.next_us - w->lead_us : 0;
        return queue_is_due(w->db, found, err);
    }
    if (w->replays && !replay_one(w, found, err))
        return false;
    if (*found || !w->hungry)
        return true;
    if (!ask(w, 1, h, err))
        return false;
    *looked = true;
    *found = h->n > 0;
    return *found || look_ahead(w, err);
}

/* Flights younger than `last`. */
static void drop_younger(struct worker *w, struct flights *list, uint64_t last) {
    struct flights rest = {0};
    for (struct flight *f; (f = flights_pop(list));) {
        if (f->id <= last) {
            flights_push(&rest, f);
            continue;
        }
        if (f->state == FLIGHT_ANSWERED)
            w->answered_count -= f->manifest.n;
        else
            w->content_bytes -= f->body_bytes;
        flight_free(f);
    }
    *list = rest;
}

/* What the transaction brought does not exist: neither its claims and tokens nor what became of a
 * request taken over in it. */
static void drop_uncommitted(struct worker *w, struct haul *h, uint64_t last) {
    throw_back(h);
    slots_forget(w);
    drop_younger(w, &w->waiting, last);
    drop_younger(w, &w->answered, last);
}

bool fetch_cold(struct worker *w, bool *found, struct err *err) {
    struct haul haul = {0};
    uint64_t last = w->last_id;
    bool looked = false;
    *found = false;
    if (!db_begin(w->db, err))
        return false;
    bool ok = look(w, &haul, &looked, found, err);
    if (!ok || !*found) {
        db_rollback(w->db);
        drop_uncommitted(w, &haul, last);
        w->hungry = w->hungry && !(ok && looked);
        w->dry = true;
        return ok;
    }
    fault_point("K1");
    if (db_commit(w->db, err))
        return haul.n == 0 || take_in(w, &haul, err);
    drop_uncommitted(w, &haul, last);
    *found = false;
    return false;
}
