/* What a provider's answer means: one outcome per message and news about the lane.
 * The transport reports, the queue decides (core/retry.h). Plain data. */
#ifndef POSTROOM_CORE_OUTCOME_H
#define POSTROOM_CORE_OUTCOME_H

#include "base/buf.h"

#include <stdint.h>

enum outcome_kind {
    OUTCOME_SENT,      /* accepted; provider_id may be "" where the answer could not be read */
    OUTCOME_REJECTED,  /* refused for good: this message's fault */
    OUTCOME_RETRY,     /* a temporary failure of this message */
    OUTCOME_RELEASE,   /* not the message's fault and certainly not sent: back to pending */
    OUTCOME_UNCERTAIN, /* may have been sent: the answer was lost */
    OUTCOME_SOON,      /* the same request is still in flight at the provider (409 concurrent):
                          again soon with the same key; no attempt */
    OUTCOME_HELD, /* key used with other bytes (409 invalid): held as uncertain, never a new key */
};

struct outcome {
    enum outcome_kind kind;
    char code[64]; /* groupable: "rejected:invalid_to", "timeout", "provider:500" ...; "" when sent
                    */
    char reason[512]; /* a refusal reads "STATUS NAME: text"; "" when sent */
    char provider_id[128];
};

/* Why a lane cannot take mail. */
enum lane_fault {
    LANE_OK,
    LANE_RATE,  /* 429 rate: wait retry_after */
    LANE_DAILY, /* daily quota used up */
    LANE_MONTHLY,
    LANE_KEY,       /* the key is refused: an operator must act */
    LANE_SENDER,    /* the configured sender is not accepted */
    LANE_SUSPENDED, /* held or suspended by the provider */
    LANE_DOWN,      /* 5xx, no connection, lost answer: five in a row park the lane */
};

const char *lane_fault_name(enum lane_fault f);    /* "rate", "daily", "monthly", "key", ... */
enum lane_fault lane_fault_from(const char *name); /* LANE_OK where unknown or NULL */

struct lane_news {
    enum lane_fault fault;
    char text[256];         /* the fault in the provider's words: "403 invalid_api_key: ..." */
    double rate;            /* requests per second the provider allows; 0: not told */
    int64_t daily_used;     /* messages used so far; -1: not told */
    int64_t daily_limit;    /* messages a day; 0: not told, or none */
    int64_t monthly_used;   /* -1: not told */
    int64_t retry_after_ms; /* -1: not told */
};

/* Everything one answer said. */
struct reading {
    struct outcome
        *outcomes; /* one per message of the manifest, in its order; owned by the caller */
    struct lane_news lane;
    /* A definite answer closes the request: what is tried again goes in a new one with a new key.
     * Otherwise the same request (bytes and key) is made again while its key lives. */
    bool definite;
    /* The whole batch was refused because of some message in it: make smaller requests, until the
     * bad one stands alone. Its outcomes hold for none of them yet; only ever set where n > 1. */
    bool split;
    char answer[1024]; /* the provider's answer for provider_response where it is JSON, cut
                          to an object that is valid JSON; "" where there is nothing to keep */
};

#endif
