/* (outcome, how often it failed so far, policy, jitter) -> what the row becomes. Pure. */
#ifndef POSTROOM_CORE_RETRY_H
#define POSTROOM_CORE_RETRY_H

#include "core/outcome.h"
#include "core/settings.h"

struct verdict {
    const char *status;      /* "sent", "failed" or "pending" */
    bool counts;             /* retry_count + 1 */
    int64_t next_attempt_ms; /* from now; -1: null (final, or back to pending) */
    char error_code[64];     /* "" when sent or released */
    char error_message[600];
    bool keep_request; /* the request stays open and is made again as it is */
};

struct retry_policy {
    int max_attempts; /* the row's own where it has one */
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    enum on_uncertain on_uncertain;
    bool has_key; /* the provider honours an idempotency key, and this one still lives */
};

/* retry_count: failures so far, this one not counted. jitter: 0.5 .. 1.5. retry_after_ms: -1 or
 * what the provider asked for, which wins over the back-off. definite: see struct reading. */
void retry_decide(const struct outcome *o, bool definite, int retry_count, int64_t retry_after_ms,
                  const struct retry_policy *policy, double jitter, struct verdict *out);

/* min * 2^(retry_count), capped at max, times jitter, never above max. */
int64_t retry_backoff_ms(int retry_count, const struct retry_policy *policy, double jitter);

#endif
