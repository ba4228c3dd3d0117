/* An operation whose every allocation is made to fail in turn. */
#ifndef POSTROOM_TESTS_OOM_H
#define POSTROOM_TESTS_OOM_H

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* Stops the whole run: a broken promise is no test result to go on from. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* From here to oom_disarm allocations count, and the one under test fails. Called once per run. */
void oom_arm(void);
void oom_disarm(void);

struct operation {
    const char *name;
    /* Prepares, arms, acts, disarms, checks and frees. True: the result was whole. False: err
     * says why not. */
    bool (*run)(struct err *err);
    bool survives; /* may do without the memory: then true is fine although one failed */
};

extern const struct operation operations[];
extern const int operation_count;

#endif
