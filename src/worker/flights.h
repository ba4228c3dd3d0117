/* Lists of flights, in order. All zero: an empty one; it may be moved by assignment. */
#ifndef POSTROOM_WORKER_FLIGHTS_H
#define POSTROOM_WORKER_FLIGHTS_H

#include "worker/flight.h"

struct flights {
    struct flight *head; /* linked by `next` */
    struct flight *last; /* where head is not NULL */
    int n;
};

void flights_push(struct flights *list, struct flight *f); /* at the end */
/* Urgent mail first, behind what has the same priority. */
void flights_rank(struct flights *list, struct flight *f);
struct flight *flights_pop(struct flights *list);               /* the first; NULL: none */
struct flight *flights_take(struct flights *list, uint64_t id); /* that one; NULL: not there */

#endif
