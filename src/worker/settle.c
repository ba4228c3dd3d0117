/* Answers become outcomes, and what they tell of the lane is told it. finish.c writes them down.
 * The worker's thread. */
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"

#include <string.h>

#define FIGURES_EVERY_US (2 * USEC_PER_SEC) /* quota figures of answers are written this often */

/* --- answer -> verdicts
 * --------------------------------------------------------------------------- */

static struct retry_policy policy_for(const struct worker *w, const struct flight *f,
                                      const struct message *m) {
    const struct settings *s = w->settings;
    return (struct retry_policy){
        .max_attempts = m->max_attempts > 0 ? m->max_attempts : s->max_attempts,
        .backoff_min_ms = s->backoff_min_ms,
        .backoff_max_ms = s->backoff_max_ms,
        .on_uncertain = s->on_uncertain,
        .has_key = f->manifest.key[0] && f->manifest.age_ms < w->provider->key_life_ms,
    };
}

/* What was cancelled meanwhile stays so, unless it turns out to be sent. */
static void keep_cancelled(const struct message *m, struct verdict *v) {
    if (!m->cancelled || str_eq(v->status, "sent"))
        return;
    v->status = "cancelled";
    v->counts = false;
    v->next_attempt_ms = -1;
}

/* That no answer came is our doing, not the provider's. */
static bool is_our_doing(const struct flight *f) {
    return f->cut_short || f->overslept;
}

/* With a key the same request is then made again, by the next worker if we shut down, as soon as it
 * comes, and nothing is held against the message. */
static bool excuse(const struct flight *f, const struct retry_policy *policy, struct verdict *v) {
    if (!is_our_doing(f) || f->reading.definite || !policy->has_key)
        return false;
    *v = (struct verdict){.status = "pending", .next_attempt_ms = 0, .keep_request = true};
    return true;
}

static void decide(struct worker *w, struct flight *f) {
    double jitter = rand_between(&w->rand, 0.5, 1.5);
    for (int i = 0; i < f->manifest.n; i++) {
        const struct message *m = &f->manifest.messages[i];
        struct retry_policy policy = policy_for(w, f, m);
        struct verdict *v = &f->verdicts[i];
        if (excuse(f, &policy, v))
            w->totals.left_in_flight += f->cut_short;
        else
            retry_decide(&f->reading.outcomes[i], f->reading.definite, m->retry_count,
                         f->reading.lane.retry_after_ms, &policy, jitter, v);
        keep_cancelled(m, v);
    }
}

void settle_answered(struct worker *w, struct flight *f) {
    f->halves = f->reading.split && f->manifest.n > 1;
    if (!f->halves)
        decide(w, f);
    flights_push(&w->answered, f);
    w->answered_count += f->manifest.n;
}

static void measure_request(struct worker *w, const struct flight *f,
                            const struct wire_response *response) {
    char status[16] = "lost";
    if (response->end == WIRE_ANSWERED)
        str_format(status, sizeof status, "%d", response->status);
    else if (response->end != WIRE_LOST)
        str_copy(status, sizeof status, response->end == WIRE_TIMED_OUT ? "timeout" : "not_sent");
    metrics_count(&w->metrics.requests, status);
    metrics_took(&w->metrics.request_s, (double)response->took_ms / 1e3);
    if (f->reading.lane.fault == LANE_RATE)
        w->metrics.throttled++;
}

/* A lease is over before an answer is given up only where this process stood still (Ctrl-Z, a
 * suspended machine), or the database that would renew it is away. */
static void note_overslept(struct flight *f, struct wire_response *response) {
    if (f->cut_short || response->end == WIRE_ANSWERED || clock_boot_us() < f->deadline_us)
        return;
    f->overslept = true;
    str_copy(response->problem, sizeof response->problem, "no answer before its lease was over");
}

/* What every worker must know before it sends more. */
static bool is_news(const struct worker *w, const struct flight *f) {
    const struct lane_news *news = &f->reading.lane;
    bool rate = lane_rate_is_told(news->rate, w->settings->rate) &&
                lane_rate_differs(news->rate, w->grant.rate);
    return !is_our_doing(f) && (news->fault != LANE_OK || rate);
}

static void read_answer(struct worker *w, struct flight *f, struct wire_response *response) {
    f->took_ms = response->took_ms;
    w->answer_ms = (w->answer_ms * 7 + response->took_ms) / 8;
    f->cut_short = w->cancelled;
    note_overslept(f, response);
    w->provider->read(response, &f->manifest, &f->reading);
    measure_request(w, f, response);
    w->lane_news = w->lane_news || is_news(w, f);
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
}

void settle_reap(struct worker *w) {
    struct wire_response response;
    uint64_t id;
    while (net_reap(w->net, &id, &response)) {
        struct flight *f = flights_take(&w->flying, id);
        if (!f)
            limits_answered(w, id, &response);
        if (f) {
            w->content_bytes -= f->body_bytes;
            read_answer(w, f, &response);
        }
        wire_response_done(&response);
    }
}

void settle_without_wire(struct worker *w, struct flight *f) {
    struct wire_response response;
    wire_response_init(&response);
    response.end = WIRE_ANSWERED;
    response.status = 200;
    w->content_bytes -= f->body_bytes;
    read_answer(w, f, &response);
    wire_response_done(&response);
}

/* --- the lane hears of it
 * ------------------------------------------------------------------------- */

/* Told what the lane's rate is; true where that is another one than before. */
static bool follow_rate(struct worker *w, double told) {
    double own = w->settings->rate, before = w->grant.rate;
    bool is_told = lane_rate_is_told(told, own);
    if (told > 0)
        w->grant.rate = is_told ? told : own;
    return is_told && lane_rate_differs(told, before);
}

static bool report(struct worker *w, struct flight *f, struct err *err) {
    struct lane_news *news = &f->reading.lane;
    int64_t now = clock_boot_us();
    if (!f->stored || is_our_doing(f))
        return true;
    limits_tell(w, f, news);
    bool exact = w->told_used >= 0 && slots_quota_is_near(w);
    if (news->fault == LANE_OK && !exact && now - w->report_us < FIGURES_EVERY_US)
        news->daily_used = news->monthly_used = -1;
    else
        w->report_us = now;
    struct lane_report r = {.news = news,
                            .probe = f->probe,
                            .had_failures = w->lane_troubled,
                            .rate = w->grant.rate,
                            .configured_rate = w->settings->rate,
                            .quota_look_ms = w->provider->quota_look_ms};
    if (!lane_report(w->db, w->provider->name, &r, err))
        return false;
    bool paced_anew = follow_rate(w, news->rate);
    w->lane_troubled = news->fault != LANE_OK;
    str_copy(w->lane_text, sizeof w->lane_text, news->text);
    if (news->fault != LANE_OK || paced_anew) /* slots drawn before are void */
        pacer_clear(&w->pacer);
    f->probe = false;
    return true;
}

void settle_tell_lane(struct worker *w, struct flight *f) {
    struct err err = {0};
    if (!report(w, f, &err) && err.code != ERR_AWAY) /* that is told elsewhere */
        log_event(LOG_WARN, "lane", "%s", err.text);
}

/* --- a refused batch goes again in halves
 * ----------------------------------------------------------- */

static struct flight *half_of(struct worker *w, struct flight *f, int from, int to) {
    struct flight *h = flight_new(++w->last_id, to - from);
    if (!h)
        return NULL;
    h->deadline_us = f->deadline_us;
    h->stored = true;
    str_copy(h->manifest.lane, sizeof h->manifest.lane, f->manifest.lane);
    str_copy(h->manifest.sender, sizeof h->manifest.sender, f->manifest.sender);
    rand_uuid(h->manifest.id);
    if (w->provider->key_life_ms > 0)
        str_format(h->manifest.key, sizeof h->manifest.key, "postroom/%s", h->manifest.id);
    h->manifest.attempts = 1;
    h->manifest.batch = to - from > 1;
    for (int i = from; i < to; i++) {
        h->manifest.messages[h->manifest.n++] = f->manifest.messages[i];
        memset(&f->manifest.messages[i], 0, sizeof f->manifest.messages[i]);
    }
    return h;
}

static bool prepare(struct worker *w, struct flight *h, struct err *err) {
    return queue_reload(w->db, h->manifest.messages, h->manifest.n, err) && build_body(w, h, err);
}

/* Its messages are let go: whatever kept the halves from being made, nothing of them was sent. */
static void let_go(struct worker *w, struct flight *h, const struct manifest *answered) {
    str_copy(h->manifest.id, sizeof h->manifest.id, answered->id); /* that request is over */
    h->manifest.attempts = answered->attempts;
    flight_set_all(h, OUTCOME_RELEASE, "", "");
    flight_enter(h, FLIGHT_ANSWERED);
    settle_answered(w, h);
}

static bool split(struct worker *w, struct flight *f, struct err *err) {
    int n = f->manifest.n;
    struct flight *a = half_of(w, f, 0, n / 2);
    struct flight *b = a ? half_of(w, f, n / 2, n) : NULL;
    if (!a || !b) { /* what was moved is left to its lease */
        flight_free(a);
        return err_nomem(err);
    }
    const struct manifest *both[] = {&a->manifest, &b->manifest};
    bool ok = prepare(w, a, err) && prepare(w, b, err) &&
              request_store(w->db, w->id, both, 2, w->settings->lease_ms, &f->manifest, err);
    struct flight *halves[] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (!ok) {
            let_go(w, halves[i], &f->manifest);
            continue;
        }
        send_wait(w, halves[i]);
    }
    if (ok)
        log_event(LOG_INFO, "request_split",
                  "%s was refused as a whole; %d messages go again in two", f->manifest.id, n);
    return ok;
}

bool settle_split_all(struct worker *w, struct err *err) {
    struct flights rest = {0};
    bool ok = true;
    for (struct flight *f; (f = flights_pop(&w->answered));) {
        if (!f->halves || !ok) {
            flights_push(&rest, f);
            continue;
        }
        ok = split(w, f, err);
        settle_tell_lane(w, f);
        flight_free(f);
    }
    while (w->answered.head)
        flights_push(&rest, flights_pop(&w->answered));
    w->answered = rest;
    return ok;
}
