/* What HTTP providers have in common: a table of what answers mean, the transport's ends, and the
 * headers about rates and waiting. Pure, as all providers are; any thread. */
#ifndef POSTROOM_PROVIDER_COMMON_H
#define POSTROOM_PROVIDER_COMMON_H

#include "base/json.h"
#include "core/manifest.h"
#include "core/outcome.h"
#include "core/wire.h"

#include <stddef.h>

/* A row of the table: statuses and a name, and what they mean. The first row that fits counts. */
struct answer_rule {
    int from;
    int to;
    const char *name; /* an error's name, RULE_OWN, RULE_FOREIGN, or NULL: whatever it is */
    enum outcome_kind kind;
    enum lane_fault fault;
    bool definite;
    const char *code; /* NULL: "provider:STATUS" */
    const char *hint; /* for the operator, or NULL */
};

#define RULE_OWN "+"     /* any name: the answer has the provider's own shape */
#define RULE_FOREIGN "-" /* it has not: a gateway or another server spoke */

/* name: the error's name, NULL where the answer is not of the provider's shape. Where no row of
 * `rules` fits, the defaults for any HTTP provider are asked; never NULL. */
const struct answer_rule *common_rule(const struct answer_rule *rules, size_t count, int status,
                                      const char *name);

/* Is this an API key? name: "RESEND_API_KEY". */
bool common_check_key(const char *name, const char *key, struct err *err);

/* The header "Authorization: Bearer KEY"; body.failed is set where it does not fit. */
void common_bearer(struct wire_request *out, const char *key);

/* Does the base URL leave room for a path? Whether it is one, net says. usual: the default. */
bool common_check_base(const char *name, const char *url, const char *usual, struct err *err);

/* Gives every message the rule's outcome and the lane its fault. said: "STATUS NAME: text". */
void common_apply(const struct answer_rule *rule, int status, const char *said,
                  const struct manifest *m, struct reading *out);

/* Nothing known yet: what the lane's headers say stays "not told". Leaves outcomes alone. */
void common_begin(struct reading *out);

/* Every message alike. */
void common_all(struct reading *out, const struct manifest *m, enum outcome_kind kind,
                const char *code, const char *reason);

/* Reads a transport that ended without an answer; end is not WIRE_ANSWERED. */
void common_no_answer(const struct wire_response *response, const struct manifest *m,
                      struct reading *out);

/* The last word: on a second attempt nothing is released on what proves nothing about the first
 * (see provider.h). */
void common_end(const struct manifest *m, struct reading *out);

/* The same where nothing can be asked twice. The worker makes such a request only once; had there
 * been an earlier attempt, nothing but an acceptance would tell what became of it. */
void common_doubt(const struct manifest *m, struct reading *out);

/* The sender was refused: a row's own is the row's fault, the configured one stays the lane's. */
void common_blame_sender(const struct manifest *m, struct reading *out);

/* A 4xx is there, but not the memory to read whose fault it is: certainly not sent, so again. */
void common_read_later(const struct manifest *m, struct reading *out);

/* Keeps the answer for provider_response, where it is a small object. */
void common_keep_answer(const struct json *root, struct reading *out);

/* When the answer was given by the provider's clock (its Date), in seconds since 1970; -1 where
 * that cannot be read. */
int64_t common_answered_at(const struct wire_response *response);

/* Retry-After in seconds, at most a day; -1 where absent or a date (no clock here, and none of the
 * providers sends one). */
int64_t common_retry_after_ms(const struct wire_response *response);

/* A header that holds a whole number >= 0; -1 otherwise. */
int64_t common_header_count(const struct wire_response *response, const char *name);

/* Requests per second by the ratelimit-policy and ratelimit-limit headers; 0: not told. */
double common_rate(const struct wire_response *response);

/* Takes an id over where it is printable ASCII that fits; "" otherwise. */
void common_provider_id(char dst[128], const char *id);

#endif
