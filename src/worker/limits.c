/* The account's rate and quota, where the provider has to be asked for them (SES): at the start and
 * then once a minute. An answer that does not come changes nothing. The worker's thread. */
#include "worker/internal.h"

#define ASK_EVERY_US (60 * USEC_PER_SEC)
#define ASK_SOON_US (5 * USEC_PER_SEC)

/* The smaller of what was configured and what was told. */
int64_t limits_daily(const struct worker *w) {
    int64_t own = w->settings->daily_quota, told = w->told_daily;
    return own == 0 || (told > 0 && told < own) ? told : own;
}

static bool submit(struct worker *w, struct wire_request *r, int64_t now_us, struct err *err) {
    int64_t deadline_us = now_us + w->settings->request_timeout_ms * USEC_PER_MS;
    w->limits_id = ++w->last_id;
    return net_submit(w->net, w->limits_id, r, 0, deadline_us, err);
}

void limits_ask(struct worker *w, int64_t now_us) {
    struct wire_request r;
    struct err err = {0};
    if (!w->provider->ask_limits || w->drained || w->limits_id || now_us < w->limits_us)
        return;
    w->limits_us = now_us + ASK_EVERY_US;
    if (!w->provider->ask_limits(w->settings, &r, &err))
        return;
    if (!send_sign(w, &r)) {
        wire_request_done(&r);
        return;
    }
    if (!submit(w, &r, now_us, &err)) {
        w->limits_id = 0;
        log_event(LOG_ERROR, "limits", "%s", err.text);
    }
}

/* Said once until it works again: without the right to ask, it would be said each minute. */
static void complain(struct worker *w, const struct err *err) {
    if (!w->limits_failed)
        log_event(LOG_WARN, "limits", "%s", err->text);
    w->limits_failed = true;
}

static void take_over(struct worker *w, const struct lane_news *news, struct err *err) {
    w->told_daily = news->daily_limit;
    w->told_rate = news->rate;
    w->told_used = news->daily_used;
    int64_t limit = limits_daily(w);
    struct lane_report report = {.news = news,
                                 .rate = w->grant.rate,
                                 .configured_rate = w->settings->rate,
                                 .daily_limit = limit > 0 ? limit : -1};
    if (!lane_report(w->db, w->provider->name, &report, err) ||
        !lane_quota(w->db, w->provider->name, &w->quota, err))
        w->limits_us = clock_boot_us() + ASK_SOON_US; /* the database is away */
}

void limits_tell(struct worker *w, const struct flight *f, struct lane_news *news) {
    if (w->told_rate > 0)
        news->rate = w->told_rate;
    if (w->told_used < 0)
        return;
    for (int i = 0; i < f->manifest.n; i++)
        w->told_used += f->reading.outcomes[i].kind == OUTCOME_SENT;
    news->daily_used = w->told_used;
}

bool limits_answered(struct worker *w, uint64_t id, const struct wire_response *response) {
    struct lane_news news;
    struct err err = {0};
    if (id == 0 || id != w->limits_id)
        return false;
    w->limits_id = 0;
    if (w->cancelled)
        return true;
    if (!w->provider->read_limits(response, &news, &err)) {
        complain(w, &err);
        return true;
    }
    w->limits_failed = false;
    take_over(w, &news, &err);
    return true;
}
