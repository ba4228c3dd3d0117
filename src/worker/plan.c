/* Packing: see plan.h. One request is open at a time for those that may share it. */
#include "worker/plan.h"

static bool goes_alone(const struct provider *p, const struct message *m) {
    return m->unfinished >= PLAN_ALONE_AFTER || !p->batchable(m);
}

int plan_requests(const struct provider *p, int batch_size, const struct message *messages, int n,
                  int *group) {
    int limit = batch_size < p->batch_max ? batch_size : p->batch_max;
    int count = 0, open = -1, members = 0;
    int64_t bytes = 0;
    for (int i = 0; i < n; i++) {
        if (limit <= 1 || goes_alone(p, &messages[i])) {
            group[i] = count++;
            continue;
        }
        bool fits = open >= 0 && members < limit && bytes + messages[i].bytes <= PLAN_MAX_BYTES;
        if (!fits) {
            open = count++;
            members = 0;
            bytes = 0;
        }
        group[i] = open;
        members++;
        bytes += messages[i].bytes;
    }
    return count;
}
