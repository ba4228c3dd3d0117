/* "This happened": a fixed-size record, copied between threads. */
#ifndef POSTROOM_CORE_EVENT_H
#define POSTROOM_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
    EVENT_SENT,
    EVENT_FAILED,
    EVENT_ANSWER, /* the answer to a command; text is what the operator reads */
};

struct event {
    enum event_kind kind;
    int64_t at_us;   /* wall time */
    int64_t command; /* EVENT_ANSWER: the command's id */
    bool final;      /* EVENT_ANSWER: no further answer follows (else: progress) */
    char id[72];     /* message id, cut */
    char to[128];    /* bare address, cut */
    char text[256];  /* the error, or the answer */
};

#endif
