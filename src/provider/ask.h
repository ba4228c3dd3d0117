/* What the providers' answers to questions have in common: transport, status, the sender's domain.
 * Pure, as all providers are; any thread. */
#ifndef POSTROOM_PROVIDER_ASK_H
#define POSTROOM_PROVIDER_ASK_H

#include "core/findings.h"
#include "core/settings.h"
#include "core/wire.h"

#include <stddef.h>

/* A GET of base + path with "Authorization: Bearer key"; false: out of memory, or too long. */
bool ask_get(struct wire_request *out, const char *base, const char *path, const char *key,
             struct err *err);

/* Did the provider answer? If not, why not is added as "provider.reach". base_key: the key of the
 * configuration that says where it is. */
bool ask_reached(const struct wire_response *answer, const char *name, const char *base_key,
                 struct findings *out);

/* An answer that is neither good news nor about the key: the wrong address, too many requests,
 * the provider in trouble. Added as "provider.key". said: its words, "" where it has none. */
void ask_unclear(const struct wire_response *answer, const char *name, const char *base_key,
                 const char *said, struct findings *out);

/* The domain of the configured sender, in lower case; false where there is none: said as
 * "provider.domain". */
bool ask_domain(char dst[321], const struct settings *s, struct findings *out);

/* Is name a domain above domain: example.com above mail.example.com? */
bool ask_is_above(const char *name, const char *domain);

#endif
