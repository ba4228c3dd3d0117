/* A mailbox of a row ("a@b" or "Name <a@b>"), as headers and envelopes have it. Pure; any thread.
 */
#ifndef POSTROOM_CORE_MIME_MAILBOX_H
#define POSTROOM_CORE_MIME_MAILBOX_H

#include "core/mime_header.h"

/* The bare address, if it can be mailed to. Beyond ASCII only with utf8 (a server that takes
 * SMTPUTF8): a local part cannot be written otherwise, and a domain would have to come in its xn--
 * form, which is not made here. */
bool mime_address(const char *mailbox, bool utf8, char address[321], struct err *err) MUST_CHECK;

/* The mailbox into a header, and `after` directly behind it. */
bool mime_mailbox(struct mime_header *h, const char *mailbox, const char *after, bool utf8,
                  char address[321], struct err *err) MUST_CHECK;

#endif
