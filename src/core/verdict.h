/* Does mail flow, why not, what to do: the one word and three sentences every operator sees.
 *
 * A pure function of the published document, judged at the moment it was published, so that all
 * windows, plain `watch` and `status` say the same; only whether the document is too old depends on
 * who looks, when. Any thread. */
#ifndef POSTROOM_CORE_VERDICT_H
#define POSTROOM_CORE_VERDICT_H

#include "core/snapshot.h"

/* In the order in which they are asked: the first that holds is the state. */
enum mail_state {
    STATE_NO_DATA,
    STATE_PAUSED,
    STATE_STALLED,
    STATE_PARKED,
    STATE_QUOTA,
    STATE_FAILING,
    STATE_THROTTLED,
    STATE_SLOW,
    STATE_IDLE,
    STATE_FLOWING,
    STATE_COUNT
};

const char *state_name(enum mail_state state); /* "NO DATA", "PAUSED", ... */

/* Texts may hold words from outside: whoever shows them cleans them. */
struct state_row {
    enum mail_state state;
    char figure[24];        /* "61%" beside FAILING where only a word has room; or "" */
    char sentence[320];     /* what is so */
    char sentence_more[96]; /* appended where the row has room for all of it */
    char brief[160];        /* the sentence for less than 80 columns */
    char why[400];          /* "" where nothing is wrong */
    char why_more[80];
    char why_brief[320];
    char todo[200]; /* the keys that help */
};

/* s: NULL where nothing was read yet. now_us: the database's clock. FAILING, THROTTLED and SLOW
 * stay 30 s after their rule last held (s->held_us). */
void verdict_of(const struct snapshot *s, int64_t now_us, struct state_row *out);

/* When each of those rules last held, by what one window has seen; -1: never. */
struct verdict_held {
    bool known; /* false: it has seen nothing yet */
    int64_t us[HELD_STATES];
};

/* For the next document: what this one was told and what it shows itself. */
void verdict_note(const struct snapshot *s, struct verdict_held *out);

/* What a person may do about a parked lane: its name, the reason word and the provider's text, and
 * what makes it try again: a key or a command. */
void parked_todo(char *dst, size_t size, const char *lane, const char *reason, const char *text,
                 const char *again);

/* Workers heard of in the last 30 s. */
int snapshot_workers_up(const struct snapshot *s, int64_t now_us);

/* The lane to show where there is room for one: a parked one, then the fullest; NULL: none. */
const struct snap_lane *snapshot_worst_lane(const struct snapshot *s);

#endif
