/* Asleep or awake. Asleep, the worker is woken by a NOTIFY with each INSERT. That is quick, but
 * PostgreSQL lets transactions that notify commit only one after the other. So under a stream of
 * mail or with a backlog the worker is awake: it looks by itself every few milliseconds, and nobody
 * has to notify it. While it is paused it is neither: out.
 *
 * No mail falls between: having said that it sleeps, it goes on looking until every transaction
 * that ran at that moment, and may have believed it awake, has ended.
 * The worker's thread. */
#ifndef POSTROOM_WORKER_ATTEND_H
#define POSTROOM_WORKER_ATTEND_H

#include "db/attention.h"

struct worker;

struct attend {
    bool awake;
    bool out;               /* paused: no mail is for it */
    bool roused;            /* notes come thick and fast */
    int64_t said_us;        /* when it was last said which */
    int64_t look_us;        /* awake: when to look next */
    int64_t settle_us;      /* just asleep: when to look next; INT64_MAX: settled */
    int64_t settle_wait_us; /* ... and how long after that */
    int64_t settle_end_us;  /* ... and until when: somebody's transaction may last for days */
    struct attention_mark mark;
    int64_t window_us, window_notes; /* when the counted window began, and the count before */
};

bool attend_arrive(struct worker *w, struct err *err) MUST_CHECK; /* asleep, on a new connection */
void attend_heard(struct worker *w, int64_t notes);               /* notes of mail, ever */
bool attend_run(struct worker *w, struct err *err) MUST_CHECK;    /* each turn */
int64_t attend_next_us(const struct worker *w);

#endif
