/* Trouble with the database, whichever: it is away, or refuses statements. How long to leave it
 * alone before the next try, and which lines of the log would only repeat others. Pure: time and
 * chance are arguments. */
#ifndef POSTROOM_WORKER_TROUBLE_H
#define POSTROOM_WORKER_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TROUBLE_KINDS 4 /* remembered at once */

struct trouble {
    int64_t since_us; /* 0: all is well */
    int64_t wait_us;
    int64_t again_us; /* not before */
    bool told;        /* somebody was told of it, and will want to hear of its end */
    struct {
        uint64_t hash;
        int64_t at_us;
    } said[TROUBLE_KINDS]; /* by their text, also of earlier trouble */
};

/* One more failed try, or one that begins; `chance` within 0 .. 1. Waits grow from 0.2 s to 3.2 s,
 * a quarter more or less, so that it is found well within 5 s and workers do not come at once. */
void trouble_wait(struct trouble *t, int64_t now_us, double chance);

/* Is this worth a line? The same text again only after half a minute. */
bool trouble_tell(struct trouble *t, const char *text, int64_t now_us);

/* Something worked. true: say so; *lasted_us is how long it did not. */
bool trouble_over(struct trouble *t, int64_t now_us, int64_t *lasted_us);

#endif
