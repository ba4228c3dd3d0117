/* An account of bytes. See budget.h. */
#include "ui/budget.h"

#include "base/clock.h"
#include "ui/layout.h"

#define SAVED_MOST 50.0 /* bytes: a quiet hour must not pay for a flood */

/* Bytes; what is spent at once may overdraw the account by a whole list. */
static const struct earning { double per_s, per_event; } narrow = {325, 6}, wide = {300, 14};

void budget_earn(struct budget *b, int64_t boot_us, uint64_t events, int cols) {
    const struct earning *e = cols >= WHOLE_ID_COLS ? &wide : &narrow;
    double seconds = (double)(boot_us - b->at_us) / (double)USEC_PER_SEC;
    if (b->at_us > 0)
        b->left += seconds * e->per_s + (double)(events - b->events) * e->per_event;
    b->at_us = boot_us;
    b->events = events;
    if (b->left > SAVED_MOST)
        b->left = SAVED_MOST;
}

void budget_spend(struct budget *b, size_t bytes) {
    b->left -= (double)bytes;
}

bool budget_allows(const struct budget *b) {
    return b->left >= 0;
}
