/* The secrets as they are configured. */
#include "webhook/internal.h"

bool webhook_check_settings(const struct settings *s, struct err *err) {
    return svix_check_secrets(s->resend_webhook_secret, err) &&
           sendgrid_check_keys(s->sendgrid_webhook_public_key, err) &&
           sns_check_topics(s->ses_topic_arn, err);
}
