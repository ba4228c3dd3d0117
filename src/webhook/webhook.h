/* Webhooks of the providers: from a request as it came to what it tells, after a check of who made
 * it. Pure functions of bytes, secrets and the time; what is fetched or written is others' work.
 * The formats are documented in docs of the three: Svix (Resend), SendGrid's signed event webhook,
 * and Amazon SNS around SES's notifications. Any thread. */
#ifndef POSTROOM_WEBHOOK_WEBHOOK_H
#define POSTROOM_WEBHOOK_WEBHOOK_H

#include "base/json.h"
#include "base/signature.h"
#include "core/delivery.h"
#include "core/settings.h"

#include <stddef.h>

/* A body that no provider's event comes near; the HTTP door takes no longer one. */
#define WEBHOOK_BODY_MAX ((size_t)1024 * 1024)

struct webhook_request {
    const char *body; /* as it came, byte by byte: signatures are over that */
    size_t body_len;
    const char *(*header)(const void *self, const char *name); /* NULL: it has none */
    const void *self;
    int64_t now_us; /* wall time */
};

/* Are the secrets that are set of the right form? ERR_USAGE names the one that is not. */
bool webhook_check_settings(const struct settings *s, struct err *err) MUST_CHECK;

/* --- who made it: false with a word in *why is a forgery, or a mistake that looks like one -------
 */

/* Svix: any signature of its list by any of these secrets ("whsec_...", several with commas or
 * blanks between), made within 300 s. */
bool webhook_svix_holds(const char *secrets, const struct webhook_request *r,
                        const char **why) MUST_CHECK;

/* SendGrid: any of these keys. Its time is part of what is signed, but not judged: what could not
 * be delivered is sent again for a day. */
bool webhook_sendgrid_holds(const char *keys, const struct webhook_request *r,
                            const char **why) MUST_CHECK;

/* --- what it tells ------------------------------------------------------------------------------
 * Of a body that was signed. NULL: it is no JSON of that kind (ERR_INVALID), or out of memory.
 * Events that are none, or none of ours, are counted as ignored. */
struct delivery_news *webhook_resend_read(const struct webhook_request *r, struct err *err);
struct delivery_news *webhook_sendgrid_read(const struct webhook_request *r, struct err *err);

/* --- Amazon SNS ---------------------------------------------------------------------------------
 */

enum sns_type {
    SNS_NOTIFICATION,
    SNS_SUBSCRIBE,   /* subscribe_url is to be fetched to confirm it */
    SNS_UNSUBSCRIBE, /* somebody ended the subscription */
};

struct sns {
    enum sns_type type;
    struct json *envelope;
    const char *topic;
    const char *certificate_url; /* whose host is Amazon's SNS */
    const char *subscribe_url;   /* the same; "" unless it is SNS_SUBSCRIBE */
};

/* Takes the envelope apart and checks all that needs no key: its topic is one of these (commas or
 * blanks between), its URLs lead to Amazon. sns_done in any case. */
bool sns_open(struct sns *m, const char *topics, const struct webhook_request *r,
              const char **why) MUST_CHECK;
bool sns_holds(const struct sns *m, const struct signature_key *key, const char **why) MUST_CHECK;
void sns_done(struct sns *m);

/* An SNS_NOTIFICATION's events, as above. */
struct delivery_news *webhook_ses_read(const struct sns *m, struct err *err);

#endif
