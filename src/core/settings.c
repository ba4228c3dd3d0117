/* SPEC's names of the columns, in the order of enum column. */
#include "core/settings.h"

#include <stddef.h>

const char *column_name(enum column c) {
    static const char *const names[COLUMN_COUNT] = {
        [COL_ID] = "id",
        [COL_FROM_EMAIL] = "from_email",
        [COL_TO_EMAIL] = "to_email",
        [COL_CC] = "cc",
        [COL_BCC] = "bcc",
        [COL_REPLY_TO] = "reply_to",
        [COL_SUBJECT] = "subject",
        [COL_HTML] = "html",
        [COL_TEXT] = "text",
        [COL_HEADERS] = "headers",
        [COL_ATTACHMENTS] = "attachments",
        [COL_TAGS] = "tags",
        [COL_KIND] = "kind",
        [COL_PRIORITY] = "priority",
        [COL_SCHEDULED_AT] = "scheduled_at",
        [COL_MAX_ATTEMPTS] = "max_attempts",
        [COL_DEDUPE_KEY] = "dedupe_key",
        [COL_STATUS] = "status",
        [COL_CREATED_AT] = "created_at",
        [COL_UPDATED_AT] = "updated_at",
        [COL_SENT_AT] = "sent_at",
        [COL_FAILED_AT] = "failed_at",
        [COL_LAST_RETRY_AT] = "last_retry_at",
        [COL_NEXT_ATTEMPT_AT] = "next_attempt_at",
        [COL_RETRY_COUNT] = "retry_count",
        [COL_ERROR_CODE] = "error_code",
        [COL_ERROR_MESSAGE] = "error_message",
        [COL_PROVIDER] = "provider",
        [COL_PROVIDER_MESSAGE_ID] = "provider_message_id",
        [COL_PROVIDER_RESPONSE] = "provider_response",
        [COL_DELIVERY] = "delivery",
        [COL_DELIVERY_AT] = "delivery_at",
        [COL_DELIVERED_AT] = "delivered_at",
        [COL_BOUNCED_AT] = "bounced_at",
        [COL_COMPLAINED_AT] = "complained_at",
        [COL_BOUNCE_TYPE] = "bounce_type",
        [COL_CLAIMED_BY] = "claimed_by",
        [COL_CLAIM_TOKEN] = "claim_token",
        [COL_LEASE_EXPIRES_AT] = "lease_expires_at",
        [COL_REQUEST_ID] = "request_id",
        [COL_UNFINISHED_CLAIMS] = "unfinished_claims",
    };
    return c < COLUMN_COUNT ? names[c] : NULL;
}
