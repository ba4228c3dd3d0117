/* What providers tell later, written: each event once, to the message it is about; what proves that
 * a message was taken settles it, whatever state it is in; and the addresses not to mail any more.
 * Called by the thread that owns the struct db. */
#ifndef POSTROOM_DB_DELIVERY_H
#define POSTROOM_DB_DELIVERY_H

#include "core/delivery.h"
#include "db/db.h"

struct delivery_totals {
    int recorded;   /* new events of messages of ours */
    int duplicates; /* known already: nothing was changed */
    int foreign;    /* of mail that is not in the table: nothing was changed */
};

/* One that was recorded; valid during the call. */
struct delivery_done {
    const struct delivery_event *event;
    const char *id;  /* the message's */
    const char *to;  /* as its row has it */
    bool settled;    /* it is `sent` now and was not before */
    bool claimed;    /* ... while a worker has it, which will tell of it, too */
    bool suppressed; /* its address is not mailed any more */
};
typedef void delivery_done_fn(void *ctx, const struct delivery_done *d);

/* On disk when it returns; done is called after each commit. A failure in between leaves what was
 * recorded before; the same news may be written again. */
bool delivery_write(struct db *db, const struct delivery_news *n, delivery_done_fn *done, void *ctx,
                    struct delivery_totals *out, struct err *err) MUST_CHECK;

#endif
