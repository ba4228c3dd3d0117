/* Lists: see flights.h. */
#include "worker/flights.h"

/* In front of *at; NULL there: at the end. */
static void hook_in(struct flights *list, struct flight **at, struct flight *f) {
    f->next = *at;
    *at = f;
    if (!f->next)
        list->last = f;
    list->n++;
}

void flights_push(struct flights *list, struct flight *f) {
    hook_in(list, list->head ? &list->last->next : &list->head, f);
}

static int priority_of(const struct flight *f) {
    return f->manifest.messages[0].priority;
}

void flights_rank(struct flights *list, struct flight *f) {
    if (list->head && priority_of(list->last) <= priority_of(f)) {
        flights_push(list, f);
        return;
    }
    struct flight **at = &list->head;
    while (*at && priority_of(*at) <= priority_of(f))
        at = &(*at)->next;
    hook_in(list, at, f);
}

struct flight *flights_pop(struct flights *list) {
    return list->head ? flights_take(list, list->head->id) : NULL;
}

struct flight *flights_take(struct flights *list, uint64_t id) {
    struct flight *before = NULL;
    for (struct flight **at = &list->head; *at; before = *at, at = &(*at)->next) {
        struct flight *f = *at;
        if (f->id != id)
            continue;
        *at = f->next;
        if (!f->next)
            list->last = before;
        f->next = NULL;
        list->n--;
        return f;
    }
    return NULL;
}
