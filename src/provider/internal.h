/* What the files of this folder share: the descriptors the registry lists. */
#ifndef POSTROOM_PROVIDER_INTERNAL_H
#define POSTROOM_PROVIDER_INTERNAL_H

#include "provider/provider.h"

extern const struct provider provider_resend;
extern const struct provider provider_null;

/* resend_read.c */
void resend_read(const struct wire_response *response, const struct manifest *m,
                 struct reading *out);

#endif
