/* The lane as all workers see it: its slots, quotas, open or parked; and who works on it.
 *
 * Pacing: a slot is a point in time at which one request may start. The lane's row holds the next
 * free one; whoever moves it on owns the slots it passed. Slots are spaced a little wider than the
 * rate (LANE_SPARE), so that a request that starts some milliseconds late still leaves every
 * one-second window within the limit. Slots of a worker that dies are simply not used; those drawn
 * at a rate that has changed since are void. The worker's thread. */
#ifndef POSTROOM_DB_LANE_H
#define POSTROOM_DB_LANE_H

#include "core/outcome.h"
#include "db/db.h"

#define LANE_SPARE 0.96 /* share of the allowed rate that is used: 40 ms of a second for jitter */

struct lane_setup {
    const char *name;
    double start_rate; /* the provider's, where no rate is configured and none was learnt */
    double rate;       /* the configured one; 0: follow the provider */
    int batch_size;
    int64_t daily_quota, monthly_quota; /* 0: none */
};

/* Makes the lane's row, or brings it up to date; a lane parked for an operator's sake gets a
 * probe, because a restarted worker may bring the cure. */
bool lane_register(struct db *db, const struct lane_setup *setup, struct err *err) MUST_CHECK;

struct lane_grant {
    int slots;           /* granted; 0: parked, paused */
    int64_t first_in_us; /* the first one, from now_us on */
    int64_t now_us;      /* the database's clock when it drew them */
    int64_t spacing_us;  /* between slots; 0: no limit */
    bool probe;          /* the lane is parked: this one request is a probe */
    bool paused;
    enum lane_fault parked;
    char parked_text[256];
    int64_t parked_for_us; /* until the next probe; INT64_MAX: until an operator acts */
    double rate;
    int64_t failures;   /* of the provider in a row, as known before this grant */
    char end[48];       /* the lane's next slot after ours, as the database wrote it */
    int64_t trigger_us; /* when "process now" was last asked for; 0: never */
};

/* Draws up to `want` slots. guard_ms: how long nobody else probes after this one. */
bool lane_draw(struct db *db, const char *lane, const char *worker, int want, int64_t guard_ms,
               struct lane_grant *out, struct err *err) MUST_CHECK;

/* Hands back the last `slots` of a grant that found no mail (a probe: the probe). */
bool lane_give_back(struct db *db, const char *lane, const struct lane_grant *grant, int slots,
                    struct err *err) MUST_CHECK;

/* Messages left today and this month; INT64_MAX where there is no quota. The larger of our own
 * count and what the provider said. */
struct lane_quota {
    int64_t daily_left, monthly_left;
    int64_t
        in_flight; /* messages that workers have claimed: they may yet be sent; at most 10,000 */
    int64_t daily_limit, monthly_limit; /* 0: none */
};
bool lane_quota(struct db *db, const char *lane, struct lane_quota *out,
                struct err *err) MUST_CHECK;

/* Until the end of this transaction no other worker draws or claims near the end of a quota. */
bool lane_lock(struct db *db, const char *lane, struct err *err) MUST_CHECK;

/* What an answer said: rate, quotas used, and how the lane fares. Parks it for all workers, opens
 * it, or counts a failure; at another rate of the provider's all slots are void, and the workers
 * hear it. Writes nothing where nothing changed. */
struct lane_report {
    const struct lane_news *news;
    bool probe;             /* the request was one */
    bool had_failures;      /* the lane's row shows failures or is parked */
    double rate;            /* as now in force */
    double configured_rate; /* 0: follow the provider */
    int64_t daily_limit;    /* the daily quota to set; 0: leave it, -1: none */
    int64_t quota_look_ms;  /* a daily quota's window moves; 0: it turns at midnight UTC */
};
bool lane_report(struct db *db, const char *lane, const struct lane_report *report,
                 struct err *err) MUST_CHECK;

/* By more than the digits that a header loses. */
bool lane_rate_differs(double a, double b);
/* The provider's rate holds, not the configured one (0: none), which it may not exceed. */
bool lane_rate_is_told(double told, double configured);

/* Parks the lane until a quota's window turns, or a daily one for look_ms where that is > 0. */
bool lane_park_quota(struct db *db, const char *lane, enum lane_fault which, int64_t look_ms,
                     struct err *err) MUST_CHECK;

/* --- this worker's row -------------------------------------------------------------------------
 */

struct presence {
    const char *id, *name, *version, *lane;
    const char *state; /* starting sending idle draining stopped */
    int in_flight;
    int requests_10s, requests_1m, messages_1m, sent_1m, failed_1m, empty_60s;
    int64_t stall_ms;
};

bool presence_write(struct db *db, const struct presence *p, struct err *err) MUST_CHECK;
/* Again after each reconnect: only the first one is news for the journal. Rows of workers long gone
 * are removed. */
bool presence_arrive(struct db *db, const struct presence *p, struct err *err) MUST_CHECK;
bool presence_leave(struct db *db, const char *id, struct err *err) MUST_CHECK;

#endif
