/* Outcomes become rows: one transaction for all that came in a turn, and only after it is committed
 * does anybody hear of them. While a backlog lasts it runs beside the loop (scribe.h), which claims
 * the next mail meanwhile; what comes in then is written with the next one. The worker's thread. */
#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"
#include "worker/scribe.h"

#include <string.h>

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

static bool gather(const struct flights *list, struct finish *out, struct err *err) {
    int rows = 0;
    for (struct flight *f = list->head; f; f = f->next)
        rows += f->manifest.n;
    struct finish_request *q = mem_array((size_t)list->n + 1, sizeof *q);
    out->rows = mem_array((size_t)rows + 1, sizeof *out->rows);
    out->requests = q;
    if (!out->rows || !q)
        return err_nomem(err);
    for (struct flight *f = list->head; f; f = f->next) {
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

static bool write_here(struct worker *w, struct finish *fin, struct err *err) {
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

static void tell_all(struct worker *w) {
    const struct finish *fin = &w->writing.rows;
    int k = 0;
    log_hold();
    for (struct flight *f = w->writing.flights.head; f; f = f->next)
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

/* --- one write after the other -----------------------------------------------------------------
 */

static void forget_rows(struct worker *w) {
    mem_free(w->writing.rows.rows);
    mem_free((void *)w->writing.rows.requests);
    w->writing.rows = (struct finish){0};
}

/* All that is answered is to be written. */
static bool take_up(struct worker *w, struct err *err) {
    w->writing.rows = (struct finish){.worker = w->id, .lane = w->provider->name};
    if (!gather(&w->answered, &w->writing.rows, err)) {
        forget_rows(w);
        return false;
    }
    w->writing.flights = w->answered;
    w->answered = (struct flights){0};
    w->answered_count = 0;
    return true;
}

static void wrote(struct worker *w) {
    fault_point("K7");
    tell_all(w);
    look_forward(w, &w->writing.rows);
    forget_rows(w);
    for (struct flight *f; (f = flights_pop(&w->writing.flights));) {
        settle_tell_lane(w, f);
        flight_free(f);
    }
}

/* To be written once more, before what came meanwhile. */
static void put_back(struct worker *w) {
    struct flights later = w->answered;
    forget_rows(w);
    w->answered = w->writing.flights;
    w->writing.flights = (struct flights){0};
    for (struct flight *f; (f = flights_pop(&later));)
        flights_push(&w->answered, f);
    w->answered_count = 0;
    for (const struct flight *f = w->answered.head; f; f = f->next)
        w->answered_count += f->manifest.n;
}

/* What became of the write beside; false: it failed. */
static bool look_beside(struct worker *w, struct err *why) {
    enum scribe_end end = scribe_ended(w->scribe, why);
    if (end == SCRIBE_WROTE)
        wrote(w);
    if (end == SCRIBE_FAILED)
        put_back(w);
    return end != SCRIBE_FAILED;
}

/* Only what is of no consequence to anything that is sent meanwhile, and only where there is more
 * to claim. */
static bool may_go_beside(struct worker *w) {
    return w->hungry && !w->dry && !w->drained && !w->options.once && !w->lane_news &&
           !w->lane_troubled && !slots_quota_is_near(w) && scribe_is_ready(w->scribe);
}

bool finish_write(struct worker *w, struct err *err) {
    struct err why = {0};
    bool beside = look_beside(w, &why);
    if (!beside)
        log_event(LOG_INFO, "written_again",
                  "the second session failed (%s): its outcomes go over the first", why.text);
    if (w->writing.flights.head || !w->answered.head)
        return true; /* the scribe wakes us */
    fault_point("K6");
    if (!settle_split_all(w, err) || !take_up(w, err))
        return false;
    if (beside && may_go_beside(w)) {
        scribe_write(w->scribe, &w->writing.rows);
        return true;
    }
    if (!write_here(w, &w->writing.rows, err)) {
        put_back(w);
        return false;
    }
    wrote(w);
    w->lane_news = false;
    return true;
}

void finish_give_up(struct worker *w) {
    struct err why = {0};
    scribe_stop(w->scribe);
    (void)look_beside(w, &why);
}
