/* One request under way, from the plan to its written outcome. flight_enter is the only door
 * between its states. The worker's thread. */
#ifndef POSTROOM_WORKER_FLIGHT_H
#define POSTROOM_WORKER_FLIGHT_H

#include "core/manifest.h"
#include "core/outcome.h"
#include "core/retry.h"
#include "core/wire.h"

enum flight_state {
    FLIGHT_PLANNED,  /* its messages are claimed */
    FLIGHT_STORED,   /* its manifest is in the database, on disk */
    FLIGHT_ON_WIRE,  /* handed to net: the mail may be on its way */
    FLIGHT_ANSWERED, /* outcomes are known, not yet written */
    FLIGHT_STATES
};

struct flight {
    uint64_t id;
    enum flight_state state;
    struct manifest manifest; /* contents of messages are dropped once the body is built */
    struct wire_request wire;
    int64_t deadline_us; /* boot time by which its lease, as we know it, is over */
    int64_t body_bytes;  /* of the body, while it waits or flies */
    int64_t took_ms;
    bool probe;     /* the parked lane's one request */
    bool stored;    /* the database knows the request */
    bool halves;    /* refused as a whole: its messages go again in two smaller ones */
    bool cut_short; /* given up at shutdown: nothing to hold against anybody */
    bool overslept; /* no answer came while it was ours, we stood still: the same */

    struct reading reading;
    struct verdict *verdicts; /* one per message, once answered */
    struct flight *next;
};

struct flight *flight_new(uint64_t id, int messages); /* room for its messages; NULL: no memory */
void flight_free(struct flight *f);

void flight_enter(struct flight *f, enum flight_state to);
const char *flight_state_name(enum flight_state s);
bool flight_may(enum flight_state from, enum flight_state to);

/* Every message the same outcome, without an answer: definite unless said otherwise later. */
void flight_set_all(struct flight *f, enum outcome_kind kind, const char *code, const char *reason);

/* This attempt was never handed to the network: back to pending. One made again stays the request
 * it is, because that says nothing about the attempts before. */
void flight_set_unsent(struct flight *f);

#endif
