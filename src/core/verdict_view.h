/* What the rules of the state row share: the facts they look at and the writers' common words.
 * Pure; inside core only. */
#ifndef POSTROOM_CORE_VERDICT_VIEW_H
#define POSTROOM_CORE_VERDICT_VIEW_H

#include "base/clock.h"
#include "core/figures.h"
#include "core/verdict.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)

struct view {
    const struct snapshot *s;
    int64_t now_us;               /* when it was published: for all alike */
    int64_t looked_at_us;         /* the database's time now */
    const struct snap_lane *lane; /* the worst one, or NULL */
};

const struct snap_queue_row *view_row(const struct view *v, int which);
struct figure view_count(const struct view *v, int which);
int64_t view_age(const struct view *v, int64_t at_us); /* -1: unknown */

/* The first error of the list: how many, since when, its words. */
void view_first_error(const struct view *v, struct state_row *out);

/* Open, with rate and quotas to spare? */
bool lane_has_room(const struct snap_lane *l);

/* The states that are a lane's. */
bool parked_holds(const struct view *v);
void parked_write(const struct view *v, struct state_row *out);
bool quota_holds(const struct view *v);
void quota_write(const struct view *v, struct state_row *out);
bool throttled_holds(const struct view *v);
void throttled_write(const struct view *v, struct state_row *out);

#endif
