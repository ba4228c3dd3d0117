/* What the database says that metrics show: one picture of all workers, lanes and messages. Plain
 * data, copied between threads. */
#ifndef POSTROOM_CORE_STANDING_H
#define POSTROOM_CORE_STANDING_H

#include "core/outcome.h"

#define STANDING_LANES 8

struct standing_lane {
    char provider[32];
    enum lane_fault parked;                 /* LANE_OK: open */
    double allowed, used;                   /* requests per second; allowed 0: no limit */
    int64_t daily_allowed, monthly_allowed; /* messages; 0: no quota */
    int64_t daily_used, monthly_used;
};

struct standing {
    int64_t pending, processing, failed, cancelled; /* counted up to a cap */
    int64_t sent;                                   /* ever, by all workers */
    double oldest_due_s;                            /* 0: nothing is due */
    bool paused;                                    /* all workers are, or this process's own */
    int64_t workers;                                /* heard of within 30 s */
    struct standing_lane lanes[STANDING_LANES];
    int lane_count;
};

#endif
