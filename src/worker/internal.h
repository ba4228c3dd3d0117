/* What the files of src/worker share: the engine's state, owned by its one thread. */
#ifndef POSTROOM_WORKER_INTERNAL_H
#define POSTROOM_WORKER_INTERNAL_H

#include "base/clock.h"
#include "base/rand.h"
#include "db/history.h"
#include "db/horizon.h"
#include "db/kept.h"
#include "db/lane.h"
#include "db/listen.h"
#include "db/queue.h"
#include "db/request.h"
#include "net/net.h"
#include "provider/provider.h"
#include "worker/attend.h"
#include "worker/flights.h"
#include "worker/pacer.h"
#include "worker/tally.h"
#include "worker/trouble.h"
#include "worker/worker.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker {
    const struct settings *settings;
    const struct provider *provider;
    struct worker_options options;
    struct worker_ports ports;
    pthread_t thread;
    struct wake wake;
    _Atomic bool ended;
    struct worker_totals totals;

    struct db *db;
    struct listener *listener;
    struct trouble trouble; /* with the database */
    struct net *net;
    struct scribe *scribe;
    struct rand rand;
    char id[160];                 /* "mail01/2211/1f0c9a7e": what claimed_by holds */
    int batch;                    /* messages per request */
    char database[KEPT_DATABASE]; /* which one it is: outcomes kept in a file belong to it */

    struct flights waiting;  /* stored, until a slot comes */
    struct flights flying;   /* handed to net */
    struct flights answered; /* outcomes to be written */
    struct writing {
        struct flights flights;
        struct finish rows; /* theirs; the scribe's while it writes */
    } writing;              /* being written */
    int answered_count;     /* messages */
    int64_t content_bytes;  /* of bodies waiting and flying */
    int64_t answer_ms;      /* how long answers take, of late; at first: long */
    uint64_t last_id;

    struct pacer pacer;
    int64_t clock_offset_us;     /* boot clock less the database's, as the fastest answers told */
    int64_t clock_told_us;       /* when they last did; 0: never */
    struct lane_grant grant;     /* as last drawn */
    enum lane_fault told_parked; /* as last said in the log */
    bool probe_at_hand;          /* the slot we hold is a parked lane's probe */
    int64_t closed_until_us;     /* boot: no draw before (parked, paused); 0: may draw */
    bool hungry;                 /* there may be mail due */
    bool replays;                /* there may be open requests due */
    int64_t lead_us; /* claiming and storing take about this long: begin so much earlier */
    struct queue_floor floor;
    int64_t full_look_us; /* when the queue was last looked at from its very start */
    int64_t full_look_cost_us;
    struct lane_quota quota;
    int64_t next_due_us; /* boot: something scheduled falls due; INT64_MAX: unknown */
    bool dry;            /* the last look found nothing due */

    struct attend attend;
    int64_t poll_us, beat_us, renew_us; /* boot: when each is next */
    int idle_beats;                     /* in a row */
    int64_t alive_us;                   /* boot: when the next sign of life is due */
    int64_t horizon_look_us;            /* boot: when old transactions are looked for next */
    struct horizon horizon;             /* the one that was told */
    int64_t history_us;                 /* when old history is let go next */
    struct history_place history;
    int64_t report_us;   /* when quota figures were last written */
    int64_t limits_us;   /* boot: when the account's limits are asked for next */
    uint64_t limits_id;  /* that question is under way; 0: none is */
    double told_rate;    /* as last told there; 0: never */
    int64_t told_daily;  /* the daily limit; 0: none */
    int64_t told_used;   /* of it, with what was sent since; -1: never told */
    bool limits_failed;  /* so was said */
    bool lane_troubled;  /* the lane's row shows failures */
    char lane_text[120]; /* the last of them, in the provider's words */
    bool lane_news;      /* an answer told of trouble: nothing is sent before the lane knows */
    bool drained;        /* the drain has begun */
    bool cancelled;      /* ... and its deadline has passed */
    struct tally tally;
    struct metrics metrics;
    int64_t stall_us;
    bool schema_old; /* the database is there, but not as this version needs it */
};

/* --- slots.c: slots of the lane, and what the quotas leave --- */
int slots_free_places(const struct worker *w);
/* Draws up to `most`; none where the lane is parked or paused (closed_until_us says how long). */
bool slots_draw(struct worker *w, int most, struct err *err);
int slots_at_hand(struct worker *w); /* that may be used now */
void slots_forget(struct worker *w);
bool slots_give_back(struct worker *w, struct err *err);
/* How many messages the quotas leave, and up to which rank of mail. Parks the lane at their end. */
bool slots_quota_is_near(const struct worker *w); /* then the claim is one transaction with it */
bool slots_quota(struct worker *w, int64_t *room, int *max_rank, struct err *err);
void slots_quota_used(struct worker *w, int64_t n);

/* --- fetch.c: mail for them --- */
bool fetch_mail(struct worker *w, int requests, bool *found, struct err *err);
void fetch_was_late(struct worker *w); /* slots were missed: begin earlier */
bool fetch_cold(struct worker *w, bool *found, struct err *err); /* with the slot for it */

/* --- replay.c: an open request made again --- */
bool replay_one(struct worker *w, bool *found, struct err *err);

/* --- send.c: off it goes --- */
bool send_waiting(struct worker *w, struct err *err); /* what is stored and has its place */
bool send_due(struct worker *w, struct err *err);
void send_wait(struct worker *w, struct flight *f); /* it is stored now: until a slot comes */
int64_t send_lease_us(const struct worker *w, int64_t asked_us); /* how long we trust a lease */
int64_t send_next_us(const struct worker *w, int64_t now_us);    /* when it wants to run again */
void send_release_waiting(struct worker *w);
/* While the database is busy with a claim (the argument is the worker): what is stored already
 * takes the places that answers make free. */
void send_meanwhile(void *worker);
bool send_sign(const struct worker *w, struct wire_request *r); /* false: said in the log */

/* --- build.c: claimed messages -> flights with bodies --- */
/* Takes the messages over. Flights that can be sent are pushed to `out`, those that cannot (bad
 * message, poison) are answered at once and pushed to w->answered. false: out of memory; what
 * could not be placed is left to its lease. */
bool build_flights(struct worker *w, struct message *messages, int n, int64_t deadline_us,
                   struct flights *out, struct err *err);
/* The body of one whose messages are in place; ERR_INVALID: cannot be expressed. */
bool build_body(struct worker *w, struct flight *f, struct err *err);

/* --- settle.c: answers -> outcomes, and what they tell of the lane --- */
void settle_reap(struct worker *w);
void settle_without_wire(struct worker *w, struct flight *f); /* the provider answers itself */
void settle_answered(struct worker *w, struct flight *f);     /* its reading is filled */
void settle_tell_lane(struct worker *w, struct flight *f);
bool settle_split_all(struct worker *w, struct err *err); /* what was refused as a whole */

/* --- finish.c: outcomes -> rows --- */
/* Begins to write what is answered, and sees what came of what was being written. */
bool finish_write(struct worker *w, struct err *err);
/* The end: what is still being written is answered again, unless it just came through. */
void finish_give_up(struct worker *w);

/* --- upkeep.c: heartbeat, leases, sweep --- */
bool upkeep_arrive(struct worker *w, struct err *err);
bool upkeep_run(struct worker *w, struct err *err);
int64_t upkeep_next_us(const struct worker *w);
void upkeep_gauges(struct worker *w, const char *trouble);

/* --- limits.c: the account's rate and quota, where they have to be asked for --- */
void limits_ask(struct worker *w, int64_t now_us);
bool limits_answered(struct worker *w, uint64_t id, const struct wire_response *response);
int64_t limits_daily(const struct worker *w); /* the quota in force; 0: none */
/* What an answer to mail would say if it told them. */
void limits_tell(struct worker *w, const struct flight *f, struct lane_news *news);

/* --- loop.c --- */
void *worker_loop(void *arg);
bool worker_in_flight(const struct worker *w);

#endif
