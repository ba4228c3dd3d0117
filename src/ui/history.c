/* The last events of this window, in a circle. */
#include "ui/history.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BATCH 64

struct history *history_new(struct err *err) {
    struct history *h = mem_alloc(sizeof *h);
    if (h == NULL)
        err_nomem(err);
    else
        h->end = 1;
    return h;
}

struct history *history_copy(const struct history *h, struct err *err) {
    struct history *copy = history_new(err);
    if (copy != NULL)
        memcpy(copy, h, sizeof *copy);
    return copy;
}

void history_free(struct history *h) {
    mem_free(h);
}

void history_put(struct history *h, const struct event *e) {
    h->events[h->end++ % HISTORY_EVENTS] = *e;
    if (h->count < HISTORY_EVENTS)
        h->count++;
}

void history_note(struct history *h, int64_t at_us, const char *fmt, ...) {
    struct event e = {.kind = EVENT_ANSWER, .at_us = at_us};
    va_list args;
    va_start(args, fmt);
    vsnprintf(e.text, sizeof e.text, fmt, args);
    va_end(args);
    history_put(h, &e);
}

uint64_t history_first(const struct history *h) {
    return h->end - (uint64_t)h->count;
}

const struct event *history_get(const struct history *h, uint64_t number) {
    if (number < history_first(h) || number >= h->end)
        return NULL;
    return &h->events[number % HISTORY_EVENTS];
}

uint64_t history_top(const struct history *h, uint64_t end, int rows) {
    uint64_t first = history_first(h);
    if (end == 0)
        end = h->end;
    return end > first + (uint64_t)rows ? end - (uint64_t)rows : first;
}

void history_load(struct history *h, const struct snapshot *s) {
    for (int i = 0; i < s->event_count; i++) {
        const struct snap_event *from = &s->events[i];
        struct event e = {.kind = from->failed ? EVENT_FAILED : EVENT_SENT, .at_us = from->at_us};
        str_copy(e.id, sizeof e.id, from->id);
        str_copy(e.to, sizeof e.to, from->to);
        str_copy(e.text, sizeof e.text, from->error);
        history_put(h, &e);
    }
}

void history_take(struct history *h, struct ring *ring, int crowd, int64_t now_us,
                  struct event *answer, bool *answered) {
    struct event batch[BATCH];
    uint64_t lost_now, folded = 0;
    size_t n, taken = 0;
    *answered = false;
    do {
        n = ring_take(ring, batch, BATCH, &lost_now);
        if (lost_now > 0)
            history_note(h, now_us, "%s%llu not shown", "… ", (unsigned long long)lost_now);
        for (size_t i = 0; i < n; i++, taken++) {
            if (batch[i].kind == EVENT_ANSWER) {
                *answer = batch[i];
                *answered = true;
            } else if (batch[i].kind == EVENT_SENT && taken >= (size_t)crowd) {
                folded++;
            } else {
                history_put(h, &batch[i]);
            }
        }
    } while (n == BATCH);
    if (folded > 0)
        history_note(h, now_us, "+%llu processed", (unsigned long long)folded);
}
