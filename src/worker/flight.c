/* One request under way. */
#include "worker/flight.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>

static const bool ALLOWED[FLIGHT_STATES][FLIGHT_STATES] = {
    [FLIGHT_PLANNED] = {[FLIGHT_STORED] = true, [FLIGHT_ANSWERED] = true},
    [FLIGHT_STORED] = {[FLIGHT_ON_WIRE] = true, [FLIGHT_ANSWERED] = true},
    [FLIGHT_ON_WIRE] = {[FLIGHT_ANSWERED] = true},
};

const char *flight_state_name(enum flight_state s) {
    static const char *const NAMES[] = {"planned", "stored", "on wire", "answered"};
    return NAMES[s];
}

bool flight_may(enum flight_state from, enum flight_state to) {
    return ALLOWED[from][to];
}

void flight_enter(struct flight *f, enum flight_state to) {
    if (!flight_may(f->state, to)) {
        log_event(LOG_ERROR, "invariant", "request %s went from %s to %s", f->manifest.id,
                  flight_state_name(f->state), flight_state_name(to));
        abort();
    }
    f->state = to;
}

struct flight *flight_new(uint64_t id, int messages) {
    struct flight *f = mem_alloc(sizeof *f);
    if (!f)
        return NULL;
    f->id = id;
    wire_request_init(&f->wire);
    f->manifest.messages = mem_array((size_t)messages, sizeof(struct message));
    f->reading.outcomes = mem_array((size_t)messages, sizeof(struct outcome));
    f->verdicts = mem_array((size_t)messages, sizeof(struct verdict));
    if (f->manifest.messages && f->reading.outcomes && f->verdicts)
        return f;
    flight_free(f);
    return NULL;
}

void flight_free(struct flight *f) {
    if (!f)
        return;
    manifest_done(&f->manifest);
    wire_request_done(&f->wire);
    mem_free(f->reading.outcomes);
    mem_free(f->verdicts);
    mem_free(f);
}

void flight_set_unsent(struct flight *f) {
    bool first = f->manifest.attempts <= 1;
    flight_set_all(f, first ? OUTCOME_RELEASE : OUTCOME_SOON, "", "");
    f->reading.definite = first;
}

void flight_set_all(struct flight *f, enum outcome_kind kind, const char *code,
                    const char *reason) {
    f->reading.definite = true;
    f->reading.lane =
        (struct lane_news){.daily_used = -1, .monthly_used = -1, .retry_after_ms = -1};
    for (int i = 0; i < f->manifest.n; i++) {
        struct outcome *o = &f->reading.outcomes[i];
        *o = (struct outcome){.kind = kind};
        str_copy(o->code, sizeof o->code, code);
        str_copy(o->reason, sizeof o->reason, reason);
    }
}
