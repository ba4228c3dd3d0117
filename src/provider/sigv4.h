/* AWS Signature Version 4: what proves to AWS who asks, made for one request at one time. Pure; any
 * thread. */
#ifndef POSTROOM_PROVIDER_SIGV4_H
#define POSTROOM_PROVIDER_SIGV4_H

#include "core/wire.h"

struct sigv4 {
    const char *key_id;
    const char *secret;
    const char *token; /* "" where the credentials are not temporary */
    const char *region;
    const char *service;
};

/* Adds Host, X-Amz-Date, X-Amz-Security-Token where there is a token, and Authorization; signs
 * these, and Content-Type where the request has one. The URL has no query. wall_us: now; AWS takes
 * it for some minutes. false: out of memory, or a header does not fit. */
bool sigv4_sign(struct wire_request *r, const struct sigv4 *who, int64_t wall_us,
                struct err *err) MUST_CHECK;

#endif
