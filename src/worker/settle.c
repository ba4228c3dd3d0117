/* Answers become outcomes, outcomes become rows: one transaction for all that came in a turn, and
 * only after it is committed does anybody hear of them. The worker's thread. */
#include "base/fault.h"
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

/* Cut short by our own shutdown: with a key the same request is made again by the next worker, as
 * soon as it comes, and nothing is held against the message. */
static bool excuse(const struct flight *f, const struct retry_policy *policy, struct verdict *v) {
    if (!f->cut_short || f->reading.definite || !policy->has_key)
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
            w->totals.left_in_flight++;
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

static void read_answer(struct worker *w, struct flight *f, const struct wire_response *response) {
    f->took_ms = response->took_ms;
    w->answer_ms = (w->answer_ms * 7 + response->took_ms) / 8;
    f->cut_short = w->cancelled;
    w->provider->read(response, &f->manifest, &f->reading);
    measure_request(w, f, response);
    w->lane_news = w->lane_news || f->reading.lane.fault != LANE_OK;
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
            w->flying_count--;
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
    if (!f->stored || f->cut_short)
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

static void tell_lane(struct worker *w, struct flight *f) {
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

bool settle_split(struct worker *w, struct flight *f, struct err *err) {
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

static bool split_all(struct worker *w, struct err *err) {
    struct flights rest = {0};
    bool ok = true;
    for (struct flight *f; (f = flights_pop(&w->answered));) {
        if (!f->halves || !ok) {
            flights_push(&rest, f);
            continue;
        }
        ok = settle_split(w, f, err);
        tell_lane(w, f);
        flight_free(f);
    }
    while (w->answered.head)
        flights_push(&rest, flights_pop(&w->answered));
    w->answered = rest;
    return ok;
}

/* --- verdicts -> rows
 * ------------------------------------------------------------------------------- */

static void fill_row(const struct flight *f, int i, struct finish_row *r) {
    const struct message *m = &f->manifest.messages[i];
    const struct verdict *v = &f->verdicts[i];
    bool final = str_eq(v->status, "sent") || str_eq(v->status, "failed");
    *r = (struct finish_row){
        .id = m->id,
        .token = m->token,
        .status = v->status,
        .counts = v->counts,
        .attempted = final,
        .next_ms = str_eq(v->status, "failed") ? v->next_attempt_ms : -1,
        .error_code = v->error_code,
        .error = v->error_message,
        .provider_id = f->reading.outcomes[i].provider_id,
        .answer = final ? f->reading.answer : NULL,
        .request_id = f->stored ? f->manifest.id : NULL,
        .position = f->stored ? i + 1 : 0,
        .members = f->stored ? f->manifest.n : 0,
        .ms = f->took_ms,
        .attempt = m->retry_count + 1,
    };
}

/* A request is made again when the first of its messages is; -1: it is over. */
static int64_t again_ms(const struct flight *f) {
    int64_t again = -1;
    for (int i = 0; i < f->manifest.n; i++) {
        const struct verdict *v = &f->verdicts[i];
        if (v->keep_request && !f->manifest.messages[i].settled &&
            (again < 0 || v->next_attempt_ms < again))
            again = v->next_attempt_ms < 0 ? 0 : v->next_attempt_ms;
    }
    return again;
}

static bool gather(struct worker *w, struct finish *out, struct err *err) {
    int rows = 0, requests = 0;
    for (struct flight *f = w->answered.head; f; f = f->next) {
        rows += f->manifest.n;
        requests++;
    }
    struct finish_request *q = mem_array((size_t)requests + 1, sizeof *q);
    out->rows = mem_array((size_t)rows + 1, sizeof *out->rows);
    out->requests = q;
    if (!out->rows || !q)
        return err_nomem(err);
    for (struct flight *f = w->answered.head; f; f = f->next) {
        for (int i = 0; i < f->manifest.n; i++)
            fill_row(f, i, &out->rows[out->row_count++]);
        if (f->stored)
            q[out->request_count++] = (struct finish_request){
                .id = f->manifest.id, .attempts = f->manifest.attempts, .again_ms = again_ms(f)};
    }
    return true;
}

/* What falls due by itself because of these outcomes, and what is pending again at once. */
static void look_forward(struct worker *w, const struct finish *fin) {
    int64_t now = clock_boot_us();
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < fin->row_count; i++) {
        if (str_eq(fin->rows[i].status, "pending"))
            w->hungry = true;
        if (fin->rows[i].next_ms >= 0 && fin->rows[i].next_ms < next_ms)
            next_ms = fin->rows[i].next_ms;
    }
    for (int i = 0; i < fin->request_count; i++)
        if (fin->requests[i].again_ms >= 0 && fin->requests[i].again_ms < next_ms)
            next_ms = fin->requests[i].again_ms;
    if (next_ms == INT64_MAX)
        return;
    int64_t at = now + (next_ms + 1) * USEC_PER_MS;
    w->next_due_us = at < w->next_due_us ? at : w->next_due_us;
}

static void finish_free(struct finish *fin) {
    mem_free(fin->rows);
    mem_free((void *)fin->requests);
}

/* Text from outside that the database would not take must never hold outcomes up: without it. */
static bool finish_plainly(struct worker *w, struct finish *fin, struct err *err) {
    for (int i = 0; i < fin->row_count; i++) {
        fin->rows[i].answer = NULL;
        fin->rows[i].provider_id = NULL;
        if (fin->rows[i].error && fin->rows[i].error[0])
            fin->rows[i].error = fin->rows[i].error_code;
    }
    return queue_finish(w->db, fin, err);
}

static bool finish(struct worker *w, struct finish *fin, struct err *err) {
    if (queue_finish(w->db, fin, err))
        return true;
    bool content = err->code == ERR_DB && strncmp(err->sqlstate, "22", 2) == 0;
    return content && finish_plainly(w, fin, err);
}

/* --- after the commit: the log, the screen, the figures
 * ------------------------------------------- */

static void tell_event(struct worker *w, const struct finish_row *r, const char *to) {
    bool sent = str_eq(r->status, "sent");
    struct event e = {.kind = sent ? EVENT_SENT : EVENT_FAILED, .at_us = clock_wall_us()};
    str_copy(e.id, sizeof e.id, r->id);
    str_copy(e.to, sizeof e.to, to);
    str_copy(e.text, sizeof e.text, r->error ? r->error : "");
    ring_put(w->ports.ring, &e);
}

/* By the database's clock, as the row's times are. */
static void measure_outcome(struct worker *w, const struct finish_row *r, const struct message *m) {
    if (!str_eq(r->status, "sent")) {
        metrics_count(&w->metrics.failed, r->error_code);
        return;
    }
    w->metrics.sent++;
    if (m->due_us != INT64_MIN)
        metrics_took(&w->metrics.queue_s,
                     (double)(clock_boot_us() - w->clock_offset_us - m->due_us) / 1e6);
}

/* r says how it ended, which is not always as its answer had it. */
static void tell(struct worker *w, const struct finish_row *r, const struct message *m) {
    char to[321];
    bool sent = str_eq(r->status, "sent");
    message_bare_address(to, sizeof to, m->to);
    if (sent)
        w->totals.sent++;
    else
        w->totals.failed++;
    measure_outcome(w, r, m);
    tally_add(&w->tally, sent ? TALLY_SENT : TALLY_FAILED, 1, clock_boot_us());
    log_mail(&(struct log_mail){.id = r->id,
                                .email = to,
                                .error = sent ? NULL : r->error,
                                .error_code = r->error_code,
                                .attempt = r->attempt,
                                .provider = w->provider->name,
                                .request_id = r->request_id,
                                .ms = r->ms});
    tell_event(w, r, to);
}

/* A webhook proved it sent before the answer came, or in its place. */
static void tell_settled(struct worker *w, const struct finish_row *r, const struct message *m) {
    struct finish_row sent = *r;
    sent.status = "sent";
    sent.error = NULL;
    sent.error_code = NULL;
    tell(w, &sent, m);
}

static void tell_all(struct worker *w, const struct finish *fin) {
    int k = 0;
    log_hold();
    for (struct flight *f = w->answered.head; f; f = f->next)
        for (int i = 0; i < f->manifest.n; i++, k++) {
            const struct finish_row *r = &fin->rows[k];
            if (f->manifest.messages[i].settled)
                continue; /* the webhook was told of already */
            if (r->end == FINISH_SETTLED)
                tell_settled(w, r, &f->manifest.messages[i]);
            else if (r->end == FINISH_LOST)
                log_event(LOG_WARN, "lease_lost",
                          "message %s is somebody else's now; our outcome (%s) was dropped", r->id,
                          r->status);
            else if (r->attempted)
                tell(w, r, &f->manifest.messages[i]);
        }
    log_release();
}

bool settle_write(struct worker *w, struct err *err) {
    struct finish fin = {.worker = w->id, .lane = w->provider->name};
    if (!w->answered.head)
        return true;
    fault_point("K6");
    if (!split_all(w, err))
        return false;
    bool ok = gather(w, &fin, err) && finish(w, &fin, err);
    if (ok) {
        fault_point("K7");
        tell_all(w, &fin);
        look_forward(w, &fin);
    }
    finish_free(&fin);
    if (!ok)
        return false;
    w->answered_count = 0;
    for (struct flight *f; (f = flights_pop(&w->answered));) {
        tell_lane(w, f);
        flight_free(f);
    }
    w->lane_news = false;
    return true;
}
