/* Due messages -> requests: as many together as the provider takes, the rest alone. Pure. */
#ifndef POSTROOM_WORKER_PLAN_H
#define POSTROOM_WORKER_PLAN_H

#include "core/message.h"
#include "provider/provider.h"

/* A request's content is held twice for a moment (rows and body): bounded, so that memory is. */
#define PLAN_MAX_BYTES (INT64_C(16) * 1024 * 1024)

/* A message whose claims ended this often without any outcome goes alone ... */
#define PLAN_ALONE_AFTER 2
/* ... and after so many more such claims it is taken for the cause (SPEC 2, poison). */
#define PLAN_POISON_AFTER (PLAN_ALONE_AFTER + 5)
/* A request that ends the worker each time it is made again is not made for ever; later than poison
 * is, so that what was merely on the wire beside a poisonous message is still made after it. */
#define PLAN_REPLAYS_IN_VAIN (PLAN_POISON_AFTER + 5)

/* Puts a number to each message: messages with the same number share a request, in order; numbers
 * run from 0. Returns how many requests that makes. group: n numbers. */
int plan_requests(const struct provider *p, int batch_size, const struct message *messages, int n,
                  int *group);

#endif
