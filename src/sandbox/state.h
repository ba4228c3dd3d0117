/* The sandbox's shared state, and what its HTTP files (sandbox.c, send.c) call of each other. */
#ifndef POSTROOM_SANDBOX_STATE_H
#define POSTROOM_SANDBOX_STATE_H

#include "http/server.h"
#include "sandbox/internal.h"
#include "sandbox/sandbox.h"

#include <pthread.h>

/* Since the start. */
struct counts {
    int64_t requests;   /* sending requests within the rate */
    int64_t limited;    /* refused with 429 */
    int64_t replayed;   /* answered from an idempotency key */
    int64_t failed;     /* failed on purpose */
    int64_t accepted;   /* mails */
    int64_t recipients; /* of those mails: what the quota headers show */
};

struct sandbox {
    struct sandbox_options options;
    struct http_server *http;
    pthread_mutex_t lock; /* over everything below; a leaf, never held while waiting */
    struct store *store;
    struct keys *keys;
    struct rate rate;
    struct counts counts;
    struct rand dice;
    bool lose_next; /* the next failure loses an answer instead of refusing */
};

/* sandbox.c */
void answer_json(struct http_response *out, int status);
void answer_problem(struct http_response *out, const struct problem *p);

/* domains.c */
void domains_serve(struct sandbox *s, const struct http_request *in, struct http_response *out);
bool domain_may_send(const struct sandbox_options *o, const char *domain);

/* send.c: POST /emails and /emails/batch, once key and rate allowed it. */
void send_serve(struct sandbox *s, const struct http_request *in, struct http_response *out);

#endif
