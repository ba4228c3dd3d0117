/* Open requests, made again: whose worker is gone, or whose answer was none. With a living key the
 * same bytes go out under the same key; otherwise what became of them stays unknown and is held.
 * The worker's thread. */
#include "base/mem.h"
#include "base/str.h"
#include "worker/internal.h"
#include "worker/plan.h"

/* It cannot be made again as it was, so nothing tells whether it had its effect: on_uncertain
 * decides, as for a provider without keys. */
static void settle_unknown(struct worker *w, struct flight *f, const char *why) {
    char reason[300];
    str_format(reason, sizeof reason, "uncertain: maybe sent, the answer was lost (%s)", why);
    f->manifest.key[0] = '\0';
    flight_set_all(f, OUTCOME_UNCERTAIN, "uncertain", reason);
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

/* Every worker that took it up ended without any outcome. */
static bool is_in_vain(const struct flight *f) {
    for (int i = 0; i < f->manifest.n; i++)
        if (f->manifest.messages[i].unfinished < PLAN_REPLAYS_IN_VAIN)
            return false;
    return f->manifest.n > 0;
}

/* Nothing is left to be found out: webhooks told of every member. */
static bool is_settled(const struct flight *f) {
    for (int i = 0; i < f->manifest.n; i++)
        if (!f->manifest.messages[i].settled)
            return false;
    return f->manifest.n > 0;
}

static void close_request(struct worker *w, struct flight *f) {
    flight_set_all(f, OUTCOME_RELEASE, "", "");
    flight_enter(f, FLIGHT_ANSWERED);
    settle_answered(w, f);
}

static bool revive(struct worker *w, struct flight *f, enum request_state state, struct err *err) {
    struct err why = {0};
    if (is_settled(f)) {
        close_request(w, f);
    } else if (f->manifest.key[0] == '\0') {
        settle_unknown(w, f, "the worker ended before it came");
    } else if (f->manifest.age_ms > w->provider->key_life_ms) {
        settle_unknown(w, f, "its key is too old to ask again");
    } else if (is_in_vain(f)) {
        settle_unknown(w, f, "the worker ended each time it was made; look at its content");
    } else if (state == REQUEST_BROKEN) {
        settle_unknown(w, f, "a message of that request was deleted or taken out");
    } else if (build_body(w, f, &why)) {
        log_event(LOG_INFO, "request_again", "%s, %d message%s, the same bytes and key",
                  f->manifest.id, f->manifest.n, f->manifest.n == 1 ? "" : "s");
        send_wait(w, f);
    } else if (why.code == ERR_NOMEM) {
        flight_free(f); /* its lease brings it back */
        return err_nomem(err);
    } else {
        settle_unknown(w, f, why.text);
    }
    return true;
}

/* After we stood still for longer than a lease our own requests look as if their worker were gone.
 * Their answers are about to be read and written: only then do we look for others'. */
static bool has_overdue(const struct worker *w) {
    const struct flights *lists[] = {&w->waiting, &w->flying, &w->answered, &w->writing.flights};
    int64_t now = clock_boot_us();
    for (int i = 0; i < 4; i++)
        for (const struct flight *f = lists[i]->head; f; f = f->next)
            if (f->deadline_us <= now)
                return true;
    return false;
}

bool replay_one(struct worker *w, bool *found, struct err *err) {
    enum request_state state;
    struct manifest m;
    int64_t asked_us = clock_boot_us();
    *found = false;
    if (has_overdue(w))
        return true;
    if (!request_take(w->db, w->id, w->provider->name, w->settings->lease_ms, &state, &m, err))
        return false;
    *found = state != REQUEST_NONE;
    if (state == REQUEST_NONE) {
        w->replays = false;
        return true;
    }
    struct flight *f = flight_of(w, &m, send_lease_us(w, asked_us));
    if (!f) {
        manifest_done(&m);
        return err_nomem(err);
    }
    return revive(w, f, state, err);
}
