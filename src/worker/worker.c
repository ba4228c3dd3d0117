/* Starting and joining the engine's thread. Called by main; the thread itself is loop.c. */
#include "worker/worker.h"

#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"
#include "worker/keep.h"
#include "worker/scribe.h"

#include <string.h>
#include <unistd.h>

static void name_self(struct worker *w) {
    char uuid[UUID_TEXT];
    rand_uuid(uuid);
    str_format(w->id, sizeof w->id, "%s/%d/%.8s", w->settings->worker_name, (int)getpid(), uuid);
}

static void set_out(struct worker *w) {
    int64_t now = clock_boot_us();
    const struct settings *s = w->settings;
    w->batch = s->batch_size < w->provider->batch_max ? s->batch_size : w->provider->batch_max;
    w->lead_us = 50 * USEC_PER_MS; /* not known yet */
    w->answer_ms = 1000;
    w->next_due_us = INT64_MAX;
    w->hungry = w->replays = true;
    w->told_used = -1;
    w->dry = true;
    w->renew_us = now + s->lease_ms * USEC_PER_MS / 3;
    w->grant.rate = s->rate > 0 ? s->rate : w->provider->start_rate;
    w->quota = (struct lane_quota){.daily_left = INT64_MAX, .monthly_left = INT64_MAX};
    for (int i = 0; i < QUEUE_RANKS; i++)
        w->floor.due_us[i] = INT64_MIN;
    metrics_init(&w->metrics, w->provider->name);
    rand_seed_random(&w->rand);
    name_self(w);
}

static bool find_provider(struct worker *w, struct err *err) {
    w->provider = provider_find(w->settings->provider);
    if (!w->provider)
        return err_set(err, ERR_USAGE, "provider \"%s\" is unknown: choose one of %s",
                       w->settings->provider, provider_names());
    const struct provider *p = w->provider;
    char url[512];
    if (!p->check(w->settings, err))
        return false;
    if (!p->base_url)
        return true;
    p->base_url(w->settings, url);
    return net_check_url(url, err) || err_wrap(err, "%s", p->base_key);
}

static void discard(struct worker *w) {
    scribe_free(w->scribe);
    net_stop(w->net);
    listener_free(w->listener);
    db_free(w->db);
    wake_close(&w->wake);
    mem_free(w);
}

static bool start(struct worker *w, struct err *err) {
    if (!wake_open(&w->wake, err) || !find_provider(w, err))
        return false;
    set_out(w);
    w->db = db_new(w->settings, DB_WORKER, err);
    w->listener = w->db ? listener_new(w->settings, err) : NULL;
    if (!w->listener || !db_open(w->db, err) || !upkeep_arrive(w, err))
        return false;
    w->net = net_start(w->settings, err);
    w->scribe = w->net ? scribe_start(w->settings, &w->wake, err) : NULL;
    if (!w->scribe)
        return false;
    keep_restore(w);
    int rc = pthread_create(&w->thread, NULL, worker_loop, w);
    return rc == 0 || err_set(err, ERR_IO, "cannot start a thread: %s", strerror(rc));
}

struct worker *worker_start(const struct settings *s, const struct worker_options *options,
                            const struct worker_ports *ports, struct err *err) {
    struct worker *w = mem_alloc(sizeof *w);
    if (!w) {
        err_nomem(err);
        return NULL;
    }
    w->settings = s;
    w->options = *options;
    w->ports = *ports;
    w->wake.fd = -1;
    if (start(w, err))
        return w;
    discard(w);
    return NULL;
}

void worker_nudge(struct worker *w) {
    wake_up(&w->wake);
}

void worker_abort(struct worker *w) {
    db_abort(w->db);
    scribe_abort(w->scribe);
    wake_up(&w->wake);
}

bool worker_has_ended(const struct worker *w) {
    return atomic_load(&w->ended);
}

void worker_join(struct worker *w, struct worker_totals *totals) {
    pthread_join(w->thread, NULL);
    if (totals)
        *totals = w->totals;
    discard(w);
}
