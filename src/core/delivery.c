/* Names and ranks of delivery, and the two lists that grow. See delivery.h for threads. */
#include "core/delivery.h"

#include "base/mem.h"

#include <string.h>

const char *delivery_kind_name(enum delivery_kind k) {
    static const char *const names[] = {
        [DELIVERY_ACCEPTED] = "accepted",         [DELIVERY_DELAYED] = "delayed",
        [DELIVERY_DELIVERED] = "delivered",       [DELIVERY_FAILED] = "failed",
        [DELIVERY_BOUNCED] = "bounced",           [DELIVERY_COMPLAINED] = "complained",
        [DELIVERY_UNSUBSCRIBED] = "unsubscribed", [DELIVERY_RESUBSCRIBED] = "resubscribed",
    };
    return names[k];
}

const char *bounce_type_name(enum bounce_type t) {
    static const char *const names[] = {
        [BOUNCE_NONE] = NULL,
        [BOUNCE_TRANSIENT] = "transient",
        [BOUNCE_UNDETERMINED] = "undetermined",
        [BOUNCE_PERMANENT] = "permanent",
    };
    return names[t];
}

/* db/delivery.c says the same of a row. */
int delivery_rank(enum delivery_kind k, enum bounce_type t) {
    static const int ranks[] = {
        [DELIVERY_ACCEPTED] = 0,     [DELIVERY_DELAYED] = 1,      [DELIVERY_DELIVERED] = 3,
        [DELIVERY_FAILED] = 4,       [DELIVERY_BOUNCED] = 5,      [DELIVERY_COMPLAINED] = 6,
        [DELIVERY_UNSUBSCRIBED] = 0, [DELIVERY_RESUBSCRIBED] = 0,
    };
    return k == DELIVERY_BOUNCED && t == BOUNCE_TRANSIENT ? 2 : ranks[k];
}

struct delivery_news *delivery_new(const char *provider, struct err *err) {
    struct delivery_news *n = mem_alloc(sizeof *n);
    if (!n) {
        err_nomem(err);
        return NULL;
    }
    n->provider = provider;
    atomic_store(&n->holders, 1);
    return n;
}

void delivery_hold(struct delivery_news *n) {
    atomic_fetch_add(&n->holders, 1);
}

void delivery_drop(struct delivery_news *n) {
    if (!n || atomic_fetch_sub(&n->holders, 1) > 1)
        return;
    mem_free(n->events);
    mem_free(n->marks);
    mem_free(n);
}

/* Room for one more of `size` bytes: the list, or NULL. */
static void *grow(void *list, int count, int *room, size_t size) {
    if (count < *room)
        return list;
    int more = *room ? *room * 2 : 4;
    void *bigger = mem_resize(list, (size_t)more * size);
    if (bigger)
        *room = more;
    return bigger;
}

struct delivery_event *delivery_add(struct delivery_news *n) {
    struct delivery_event *list = grow(n->events, n->count, &n->room, sizeof *list);
    if (!list)
        return NULL;
    n->events = list;
    return memset(&list[n->count++], 0, sizeof *list);
}

struct delivery_mark *delivery_mark_add(struct delivery_news *n) {
    struct delivery_mark *list = grow(n->marks, n->mark_count, &n->mark_room, sizeof *list);
    if (!list)
        return NULL;
    n->marks = list;
    return memset(&list[n->mark_count++], 0, sizeof *list);
}
