/* A refusal of SES's: its type stands in the header x-amzn-ErrorType or in the body; an answer
 * without one came from something in front of SES. Types are told apart by name. Pure; any thread.
 */
#ifndef POSTROOM_PROVIDER_SES_REFUSAL_H
#define POSTROOM_PROVIDER_SES_REFUSAL_H

#include "base/json.h"
#include "core/wire.h"

struct ses_refusal {
    char type[80];       /* "MessageRejected"; "" where the answer is not of SES's shape */
    const char *message; /* root's, or NULL */
};

/* root: the answer's body, may be NULL. */
struct ses_refusal ses_refusal_of(const struct wire_response *response, const struct json *root);

/* Do these words stand in its message? */
bool ses_refusal_says(const struct ses_refusal *r, const char *words);

/* What kinds of refusal are called, besides their own types. */
#define SES_QUOTA "quota"
#define SES_THROTTLED "throttled"
#define SES_SIGNATURE "signature"
#define SES_UNKNOWN_KEY "unknown_key"
#define SES_EXPIRED "expired"

/* One of those, or its type; NULL for what did not come from SES. */
const char *ses_refusal_kind(const struct ses_refusal *r);

#endif
