/* What one message waits for, and until when: the answer of `postroom why`.
 *
 * A pure function of one look at the database (db/why.h fills struct why), so that every case can
 * be tested without one. Times are wall microseconds of the database's clock, -1 = unknown or
 * none. Texts may hold words from outside: whoever shows them cleans them. Any thread. */
#ifndef POSTROOM_CORE_WHY_H
#define POSTROOM_CORE_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pause, of all workers or of one. */
struct why_pause {
    bool holds;
    char worker[64]; /* its name; "" for all */
    char by[64];
    char reason[200];
    int64_t since_us;
};

struct why {
    int64_t now_us;
    bool window; /* asked in a window, which shows the error elsewhere and has keys for commands */

    /* the row */
    char status[32];
    char error_code[64];
    char error[300];
    char delivery[32];    /* what webhooks told; "" : nothing */
    char bounce_type[16]; /* transient undetermined permanent */
    char told[400];       /* the words of the event that says so */
    char suppressed[321]; /* a recipient's address that is not mailed any more; "" : none */
    char suppressed_why[200];
    int64_t delivery_us, suppressed_us;
    int64_t sent_us, updated_us;
    int rank; /* its priority, within 0..9 */
    int retry_count, max_attempts;
    int unfinished; /* claims in a row without any outcome, the present one included */
    bool retrying;  /* failed, and tried again by itself */

    /* its claim, and its request where one is open */
    char worker[64];
    int64_t lease_us; /* of the request while that is on the wire, else of the claim */
    bool request_open;
    bool on_wire;              /* open, and with a worker */
    int64_t request_stored_us; /* when it was first made */
    int request_attempts;

    /* when it may go: the request's next time, the next attempt, or since when it is due */
    bool due;
    int64_t go_us;
    int64_t behind; /* due messages that go before it; -1: not counted */
    bool behind_capped;

    /* those who could send it */
    struct why_pause all_paused;
    int workers_up, workers_paused;
    int64_t heard_us;               /* the last heartbeat */
    struct why_pause worker_paused; /* the last pause of one of them */

    /* the lane that could take it; name "" : no worker has one */
    char lane[32];
    char parked_reason[16]; /* "" : open; else as lane_fault_name() */
    char parked_text[256];
    int64_t parked_until_us; /* -1 while parked: until somebody acts */
    int64_t next_slot_us;
    int64_t spacing_us; /* between requests; 0: no limit */
    int batch_size;
    int64_t daily_left, monthly_left; /* INT64_MAX: no quota */
    int64_t daily_limit, monthly_limit;
    double quota_reserve; /* share of them kept for ranks 0 to 2 */
    int64_t day_ends_us, month_ends_us;
};

struct why_answer {
    const char *state; /* one word, for scripts: see why_of */
    int64_t until_us;  /* when that ends, as far as it is known; -1: it is not */
    char text[1200];   /* the sentence */
};

/* state: sent cancelled failed uncertain poison suppressed; claimed sending abandoned; scheduled
 * retrying request; paused stopped parked quota token; foreign (a status postroom does not act on).
 */
void why_of(const struct why *w, struct why_answer *out);

#endif
