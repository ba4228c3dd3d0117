/* What the readers of events share. Private to src/webhook. */
#ifndef POSTROOM_WEBHOOK_INTERNAL_H
#define POSTROOM_WEBHOOK_INTERNAL_H

#include "core/message.h"
#include "webhook/webhook.h"

/* The next of a list with commas or blanks between; 0: that was the last. */
size_t list_next(const char **at);

/* --- the form of what is configured (ERR_USAGE) --- */
bool svix_check_secrets(const char *secrets, struct err *err) MUST_CHECK;
bool sendgrid_check_keys(const char *keys, struct err *err) MUST_CHECK;
bool sns_check_topics(const char *topics, struct err *err) MUST_CHECK;

/* --- values of events --- */

/* An id as it is, or, where it is missing or longer than we keep, the digest of all of `whole`. */
bool read_event_id(char dst[DELIVERY_ID_MAX], const char *id, const struct json *whole) MUST_CHECK;

/* Our id out of a tag's value, which may be "hex-" and the id's bytes. */
void read_tag(char dst[DELIVERY_ID_MAX], const char *value);

/* ... and out of the Message-ID of a mail that postroom made itself. */
void read_message_id(char dst[DELIVERY_ID_MAX], const char *value);

/* ISO 8601, or seconds since 1970; 0 where it makes no sense. */
int64_t read_time(const struct json *v);

/* Does this diagnosis speak of the sender's policy (5.7.x)? Then the address is not at fault. */
bool is_policy(const char *diagnosis);

/* Appends to the detail, ": " between. */
void add_detail(struct delivery_event *e, const char *text);

/* That event's address must not be mailed any more; false: out of memory. */
bool mark(struct delivery_news *n, const char *email, const char *reason,
          bool of_the_mail) MUST_CHECK;

/* It left (comes: came back to) a list of the provider's; group as in the event, NULL: all of them.
 * false: out of memory. */
bool mark_group(struct delivery_news *n, const char *email, const struct json *group,
                bool comes) MUST_CHECK;

#endif
