/* What has to be done now and then: heartbeat, leases, sweep, quotas, and what the screen and
 * metrics show of this worker. The worker's thread. */
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"

#include <string.h>

#define BEAT_BUSY_US USEC_PER_SEC
#define BEAT_IDLE_US (5 * USEC_PER_SEC)
#define HORIZON_EVERY_US (30 * USEC_PER_SEC)
#define HISTORY_EVERY_US (60 * USEC_PER_SEC)
#define HISTORY_REFUSED_US (3600 * USEC_PER_SEC)
#define HISTORY_SOON_US (USEC_PER_SEC / 2) /* 4,000 rows a second: more than any lane makes */
#define HORIZON_OLD_MS INT64_C(240000)     /* so that it is said before 5 minutes are over */

static const char *state_of(const struct worker *w) {
    if (w->drained)
        return "draining";
    return w->dry && !worker_in_flight(w) ? "idle" : "sending";
}

static int messages_in(const struct flights *list) {
    int n = 0;
    for (const struct flight *f = list->head; f; f = f->next)
        n += f->manifest.n;
    return n;
}

/* Handed to the network and not yet written. */
static int messages_under_way(const struct worker *w) {
    return messages_in(&w->flying) + messages_in(&w->answered) + messages_in(&w->writing.flights);
}

static struct presence presence_of(const struct worker *w) {
    int64_t now = clock_boot_us();
    const struct tally *t = &w->tally;
    return (struct presence){
        .id = w->id,
        .name = w->settings->worker_name,
        .version = POSTROOM_VERSION,
        .lane = w->provider->name,
        .state = state_of(w),
        .in_flight = messages_under_way(w),
        .requests_10s = tally_sum(t, TALLY_REQUESTS, 10, now),
        .requests_1m = tally_sum(t, TALLY_REQUESTS, 60, now),
        .messages_1m = tally_sum(t, TALLY_MESSAGES, 60, now),
        .sent_1m = tally_sum(t, TALLY_SENT, 60, now),
        .failed_1m = tally_sum(t, TALLY_FAILED, 60, now),
        .empty_60s = tally_sum(t, TALLY_EMPTY, 60, now),
        .stall_ms = w->stall_us / USEC_PER_MS,
    };
}

/* First words to a database: the lane's row, ours, the quotas. Again after each reconnect. */
bool upkeep_arrive(struct worker *w, struct err *err) {
    struct presence p = presence_of(w);
    struct lane_setup lane = {.name = w->provider->name,
                              .start_rate = w->provider->start_rate,
                              .rate = w->settings->rate,
                              .batch_size = w->batch,
                              .daily_quota = limits_daily(w),
                              .monthly_quota = w->settings->monthly_quota};
    return lane_register(w->db, &lane, err) && presence_arrive(w->db, &p, err) &&
           kept_database(w->db, w->database, err) && attend_arrive(w, err) &&
           lane_quota(w->db, w->provider->name, &w->quota, err);
}

static bool beat(struct worker *w, int64_t now, struct err *err) {
    struct presence p = presence_of(w);
    bool busy = worker_in_flight(w) || !w->dry;
    w->idle_beats = busy ? 0 : w->idle_beats + 1;
    if (w->idle_beats == 2) /* what the last messages needed is all let go by now */
        mem_give_back();
    w->beat_us = now + (busy ? BEAT_BUSY_US : BEAT_IDLE_US);
    return presence_write(w->db, &p, err);
}

/* What is in our hands, by request: a claim whose answer was lost is not, and must run out. What is
 * just being written is left alone: that ends sooner than its lease, and two that write the same
 * rows in different orders would wait for each other. */
static bool renew_held(struct worker *w, struct err *err) {
    struct flights *lists[] = {&w->waiting, &w->flying, &w->answered};
    int n = 0;
    for (int i = 0; i < 3; i++)
        for (const struct flight *f = lists[i]->head; f; f = f->next)
            n++;
    const char **ids = mem_array((size_t)n + 1, sizeof *ids);
    if (!ids)
        return err_nomem(err);
    n = 0;
    for (int i = 0; i < 3; i++)
        for (const struct flight *f = lists[i]->head; f; f = f->next)
            if (f->stored)
                ids[n++] = f->manifest.id;
    bool ok = n == 0 || queue_renew(w->db, w->id, ids, n, w->settings->lease_ms, err);
    mem_free(ids);
    return ok;
}

/* Leases at a third of their life, and with that what others left behind. */
static bool renew(struct worker *w, int64_t now, struct err *err) {
    int64_t lease_us = w->settings->lease_ms * USEC_PER_MS;
    w->renew_us = now + lease_us / 3;
    if (!renew_held(w, err))
        return false;
    int64_t after = clock_boot_us(); /* what was over by then may not have been renewed */
    struct flights *lists[] = {&w->waiting, &w->flying, &w->answered};
    for (int i = 0; i < 3; i++)
        for (struct flight *f = lists[i]->head; f; f = f->next)
            if (f->deadline_us > after && f->deadline_us != INT64_MAX)
                f->deadline_us = send_lease_us(w, now);
    return true;
}

/* The safety net below NOTIFY: everything is looked at again. */
static bool poll_now(struct worker *w, int64_t now, struct err *err) {
    int64_t swept = 0;
    w->poll_us = now + w->settings->poll_interval_ms * USEC_PER_MS;
    w->hungry = true;
    w->replays = true;
    if (!request_hurry(w->db, err) || !queue_sweep(w->db, &swept, err))
        return false;
    if (swept > 0)
        log_event(LOG_INFO, "swept", "%lld messages of workers that are gone are pending again",
                  (long long)swept);
    return lane_quota(w->db, w->provider->name, &w->quota, err);
}

static void tell_horizon(const struct horizon *h) {
    char since[48] = "";
    if (h->since_us > 0) {
        str_copy(since, sizeof since, " since ");
        clock_format_utc(since + strlen(since), sizeof since - strlen(since), h->since_us);
    }
    if (h->what[0])
        log_event(LOG_WARN, "old_transaction",
                  "%s%s: that keeps dead rows in the queue and slows it down; %s", h->what, since,
                  h->remedy);
    else
        log_event(LOG_INFO, "old_transaction", "nothing keeps dead rows in the queue any more");
}

/* Somebody's forgotten transaction or slot makes every claim slower: said once, by name, and when
 * it is over. Trouble with asking is no trouble of the mail's. */
static void watch_horizon(struct worker *w, int64_t now) {
    struct err err = {0};
    struct horizon h;
    if (now < w->horizon_look_us)
        return;
    w->horizon_look_us = now + HORIZON_EVERY_US;
    if (!horizon_holder(w->db, HORIZON_OLD_MS, &h, &err) ||
        (str_eq(h.what, w->horizon.what) && h.since_us == w->horizon.since_us))
        return;
    w->horizon = h;
    tell_horizon(&h);
}

/* A small step now and then; the next one soon where there is more. Trouble with it is no trouble
 * of the mail's. */
static void prune_history(struct worker *w, int64_t now) {
    struct err err = {0};
    bool more = false;
    if (now < w->history_us || w->drained)
        return;
    w->history_us = now + HISTORY_EVERY_US;
    if (!history_prune(w->db, w->settings->history_ms, &w->history, &more, &err) &&
        err.code != ERR_AWAY) {
        w->history_us = now + HISTORY_REFUSED_US;
        log_event(LOG_WARN, "history", "old history cannot be deleted: %s", err.text);
    }
    if (more)
        w->history_us = now + HISTORY_SOON_US;
}

bool upkeep_run(struct worker *w, struct err *err) {
    int64_t now = clock_boot_us();
    if (now >= w->beat_us && !beat(w, now, err))
        return false;
    if (now >= w->renew_us && !renew(w, now, err))
        return false;
    if (now >= w->poll_us && !poll_now(w, now, err))
        return false;
    if (now >= w->next_due_us) {
        w->next_due_us = INT64_MAX;
        w->hungry = true;
        w->replays = true;
    }
    limits_ask(w, now);
    watch_horizon(w, now);
    prune_history(w, now);
    return attend_run(w, err);
}

int64_t upkeep_next_us(const struct worker *w) {
    int64_t next = w->beat_us < w->renew_us ? w->beat_us : w->renew_us;
    int64_t listen = listener_next_us(w->listener), attend = attend_next_us(w);
    next = listen < next ? listen : next;
    next = attend < next ? attend : next;
    next = w->history_us < next ? w->history_us : next;
    return next < w->poll_us ? next : w->poll_us;
}

void upkeep_gauges(struct worker *w, const char *trouble) {
    struct gauges g = {.worker_here = true,
                       .in_flight = messages_under_way(w),
                       .sent = w->totals.sent,
                       .failed = w->totals.failed,
                       .stall_us = w->stall_us,
                       .database_away = !db_is_open(w->db),
                       .schema_old = w->schema_old,
                       .drain_deadline_us = life_deadline_us(w->ports.life)};
    str_copy(g.worker_name, sizeof g.worker_name, w->settings->worker_name);
    str_copy(g.trouble, sizeof g.trouble, trouble);
    board_set_gauges(w->ports.board, &g);
    board_set_metrics(w->ports.board, &w->metrics);
}
