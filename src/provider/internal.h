/* What the files of this folder share: the descriptors the registry lists. */
#ifndef POSTROOM_PROVIDER_INTERNAL_H
#define POSTROOM_PROVIDER_INTERNAL_H

#include "provider/provider.h"

extern const struct provider provider_resend;
extern const struct provider provider_sendgrid;
extern const struct provider provider_null;

/* resend_read.c */
void resend_read(const struct wire_response *response, const struct manifest *m,
                 struct reading *out);

/* sendgrid_accept.c */
bool sendgrid_accepts(const struct message *m, char code[64], struct err *err);

/* sendgrid_read.c */
void sendgrid_read(const struct wire_response *response, const struct manifest *m,
                   struct reading *out);

#endif
