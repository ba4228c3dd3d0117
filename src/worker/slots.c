/* Slots of the lane: drawn from the database, given back where they found no mail; and what the
 * quotas leave. The worker's thread. */
#include "worker/internal.h"

/* Messages left below which each claim looks at what all others sent and have in flight: more than
 * they can claim between two looks every few seconds. */
#define QUOTA_NEAR 20000
#define SOON_MS 5                             /* PACER_LATE_US is longer: none is missed for it */
#define IN_FLIGHT_WAIT_US (200 * USEC_PER_MS) /* for answers that may leave something over */

int slots_free_places(const struct worker *w) {
    int n = w->settings->concurrency - w->flying.n;
    return n > 0 ? n : 0;
}

static void close_until(struct worker *w, int64_t for_us, int64_t now_us) {
    int64_t cap = w->settings->poll_interval_ms * USEC_PER_MS;
    w->closed_until_us = now_us + (for_us < cap ? for_us : cap) + USEC_PER_MS;
}

/* What holds the mail back, told once when it changes, not at every look. */
static void tell_changes(struct worker *w, const struct lane_grant *before) {
    const struct lane_grant *g = &w->grant;
    if (g->paused != before->paused)
        log_event(LOG_INFO, g->paused ? "paused" : "resumed", "by an operator");
    enum lane_fault was = w->told_parked;
    if (g->probe || g->parked == LANE_RATE || g->parked == was)
        return;
    w->told_parked = g->parked;
    if (g->parked != LANE_OK)
        log_event(LOG_WARN, "lane_parked", "%s: %s (%s)", w->provider->name,
                  lane_fault_name(g->parked), g->parked_text);
    else
        log_event(LOG_INFO, "lane_open", "%s (was parked: %s)", w->provider->name,
                  lane_fault_name(was));
}

/* The first slot on our clock. A slow answer must not shift the slots it brings, or they crowd
 * those of the next: so the offset between the clocks is taken from the fastest answers, follows a
 * drift of 1 in 1,000, and is taken anew where a clock was set. */
static int64_t first_slot_us(struct worker *w, int64_t now_us) {
    int64_t sample = now_us - w->grant.now_us;
    int64_t offset = w->clock_offset_us + (now_us - w->clock_told_us) / 1000;
    if (w->clock_told_us == 0 || sample < offset || sample > offset + USEC_PER_SEC)
        offset = sample;
    w->clock_offset_us = offset;
    w->clock_told_us = now_us;
    return w->grant.now_us + w->grant.first_in_us + offset;
}

/* A draw is a commit: of a fast lane as many slots as will find a place within a few milliseconds,
 * because one that is missed is lost to all. */
static int places_soon(const struct worker *w) {
    int free = slots_free_places(w), slots = (int)(w->grant.rate * SOON_MS / 1e3);
    int64_t answers =
        w->settings->concurrency * (int64_t)SOON_MS / (w->answer_ms ? w->answer_ms : 1);
    int64_t soon = free + answers < slots ? free + answers : slots;
    return soon > free ? (int)soon : free;
}

bool slots_draw(struct worker *w, int most, struct err *err) {
    struct lane_grant before = w->grant;
    bool known = w->grant.now_us != 0; /* a rate not seen yet may be low: one slot then */
    int want = known ? pacer_want(w->grant.rate, places_soon(w)) : 1;
    int64_t guard = w->settings->request_timeout_ms + 5000;
    want = want > most ? most : want < 1 ? 1 : want;
    if (!lane_draw(w->db, w->provider->name, w->id, want, guard, &w->grant, err))
        return false;
    int64_t now_us = clock_boot_us();
    tell_changes(w, &before);
    w->probe_at_hand = w->grant.probe;
    w->lane_troubled = w->grant.failures > 0 || w->grant.parked != LANE_OK || w->grant.probe;
    if (w->grant.slots > 0)
        pacer_grant(&w->pacer, w->grant.slots, first_slot_us(w, now_us), w->grant.spacing_us);
    else
        close_until(w, w->grant.paused ? INT64_MAX / 4 : w->grant.parked_for_us, now_us);
    return true;
}

int slots_at_hand(struct worker *w) {
    int64_t now = clock_boot_us();
    int drawn = w->pacer.slots;
    if (!w->probe_at_hand) /* a probe keeps no pace, and the next one is far off */
        pacer_drop_missed(&w->pacer, now);
    if (w->pacer.slots < drawn)
        fetch_was_late(w);
    int n = pacer_count(&w->pacer, now + w->lead_us, slots_free_places(w));
    if (n == 0 && w->pacer.slots > 0 && !w->dry)
        tally_mark(&w->tally, TALLY_EMPTY, now);
    return n;
}

void slots_forget(struct worker *w) {
    pacer_clear(&w->pacer);
    w->probe_at_hand = false;
}

bool slots_give_back(struct worker *w, struct err *err) {
    int unused = w->pacer.slots;
    bool worth = unused > 0 && (w->grant.spacing_us > 0 || w->probe_at_hand);
    slots_forget(w);
    return !worth || lane_give_back(w->db, w->provider->name, &w->grant, unused, err);
}

/* --- quotas -------------------------------------------------------------------------------------
 */

static int64_t reserve_of(const struct worker *w, int64_t limit) {
    return (int64_t)((double)limit * w->settings->quota_reserve);
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

bool slots_quota_is_near(const struct worker *w) {
    return smaller(w->quota.daily_left, w->quota.monthly_left) < QUOTA_NEAR;
}

/* Nothing may be claimed now: parked until the window turns, or until what is in flight is told. */
static bool nothing_left(struct worker *w, int64_t left, struct err *err) {
    const struct lane_quota *q = &w->quota;
    int64_t wait_us = left > 0 ? IN_FLIGHT_WAIT_US : w->settings->poll_interval_ms * USEC_PER_MS;
    w->closed_until_us = clock_boot_us() + wait_us;
    return left > 0 ||
           lane_park_quota(w->db, w->provider->name, q->daily_left <= 0 ? LANE_DAILY : LANE_MONTHLY,
                           w->provider->quota_look_ms, err);
}

/* Near the end what others send and have in flight counts, and claims go one after the other. */
bool slots_quota(struct worker *w, int64_t *room, int *max_rank, struct err *err) {
    struct lane_quota *q = &w->quota;
    *max_rank = QUEUE_RANKS - 1;
    bool near = slots_quota_is_near(w);
    if (near &&
        !(lane_lock(w->db, w->provider->name, err) && lane_quota(w->db, w->provider->name, q, err)))
        return false;
    int64_t left = smaller(q->daily_left, q->monthly_left);
    int64_t in_flight = near ? q->in_flight : 0; /* else it is taken off at each claim */
    int64_t bulk = smaller(q->daily_left - reserve_of(w, q->daily_limit),
                           q->monthly_left - reserve_of(w, q->monthly_limit));
    *room = left == INT64_MAX ? left : left - in_flight;
    if (left == INT64_MAX)
        return true;
    if (bulk - in_flight > 0)
        *room = bulk - in_flight;
    else
        *max_rank = 2;
    if (*room > 0)
        return true;
    *room = 0;
    return nothing_left(w, left, err);
}

void slots_quota_used(struct worker *w, int64_t n) {
    if (w->quota.daily_left != INT64_MAX)
        w->quota.daily_left -= n;
    if (w->quota.monthly_left != INT64_MAX)
        w->quota.monthly_left -= n;
}
