/* What a provider tells later of the mail it took over: delivered, bounced, complained ... One
 * webhook's events together, with the addresses that must not be mailed any more because of them.
 *
 * Plain data; every text is one line of valid UTF-8 ("" where it was not told). Made by one thread,
 * then only read; who must keep it while others may let it go holds a reference. */
#ifndef POSTROOM_CORE_DELIVERY_H
#define POSTROOM_CORE_DELIVERY_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>

enum delivery_kind {
    DELIVERY_ACCEPTED, /* the provider has it: nothing is known of the recipient yet */
    DELIVERY_DELAYED,
    DELIVERY_DELIVERED,
    DELIVERY_FAILED, /* the provider gave it up itself: suppressed, rejected, dropped */
    DELIVERY_BOUNCED,
    DELIVERY_COMPLAINED,
    DELIVERY_UNSUBSCRIBED, /* this one and the next say nothing of this mail's delivery */
    DELIVERY_RESUBSCRIBED,
};

/* "accepted", "delayed", "delivered", "failed" ...: the column `delivery` and postroom.events. */
const char *delivery_kind_name(enum delivery_kind k);

enum bounce_type {
    BOUNCE_NONE, /* it is no bounce */
    BOUNCE_TRANSIENT,
    BOUNCE_UNDETERMINED,
    BOUNCE_PERMANENT,
};

const char *bounce_type_name(enum bounce_type t); /* NULL: no bounce */

/* A message has one state of delivery, that of the highest rank it was ever told: events come in
 * any order and never move it back. A bounce that is not for good stands below `delivered`: it is
 * what an automatic reply to a delivered mail looks like. */
int delivery_rank(enum delivery_kind k, enum bounce_type t);

#define DELIVERY_ID_MAX 257 /* with its NUL */

struct delivery_event {
    char event_id[DELIVERY_ID_MAX];   /* the provider's: the same event may come again */
    char message_id[DELIVERY_ID_MAX]; /* ours, as the mail carried it; "" : it did not */
    char provider_id[DELIVERY_ID_MAX];
    enum delivery_kind kind;
    enum bounce_type bounce;
    int64_t at_us; /* wall time at the provider; 0: not told */
    char recipient[321];
    char detail[400]; /* why, in the provider's words */
};

/* An address that must not be mailed any more, or may be again. */
struct delivery_mark {
    int event; /* its place in events[] */
    char email[321];
    bool marketing;   /* such mail only; else none at all */
    char reason[64];  /* "bounced", "complained", "suppressed", "unsubscribed", or the same with a
                         list of the provider's behind it: "unsubscribed (group 7)" */
    bool of_the_mail; /* the mail's recipient: it is meant only where the mail had no other */
    bool lifts;       /* what was done by the same provider for this very reason is undone */
};

struct delivery_news {
    const char *provider;
    struct delivery_event *events;
    int count, room;
    struct delivery_mark *marks;
    int mark_count, mark_room;
    int ignored; /* events that say nothing to us (opened, clicked) or make no sense */
    _Atomic int holders;
};

struct delivery_news *delivery_new(const char *provider, struct err *err); /* one holder */
void delivery_hold(struct delivery_news *n);
void delivery_drop(struct delivery_news *n); /* the last one frees it; NULL is fine */

/* A further one, zeroed; NULL: out of memory. Valid until the next. */
struct delivery_event *delivery_add(struct delivery_news *n);
struct delivery_mark *delivery_mark_add(struct delivery_news *n);

#endif
