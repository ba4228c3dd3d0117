/* A message as RFC 5322 and MIME bytes: what SMTP carries, SES takes raw, `show --raw` prints.
 *
 * The same message and context give the same bytes, always. A reader gets back what the row says,
 * character by character, with these agreements:
 *   - bodies: each line break (CRLF, CR, LF) is one, and the last line has one too; all else,
 *     blanks at line ends, dots, "From ", U+2028, arrives as it is. A blank body beside the other
 *     is none.
 *   - texts are taken as they are: a subject that looks like an encoded-word reads as it looks.
 *   - attachments of a composite type (message/..., multipart/...) may not be base64, so they are
 *     called application/octet-stream.
 *   - bcc is in no header: its recipients stand in the envelope alone (mime_recipients).
 * Every line ends with CRLF, none has more than 998 bytes, and beyond ASCII there are none unless
 * utf8_addresses is set. A dot at a line's start is doubled by whoever speaks SMTP, not here.
 * Pure; any thread. */
#ifndef POSTROOM_CORE_MIME_H
#define POSTROOM_CORE_MIME_H

#include "base/buf.h"
#include "core/message.h"

/* What is not in the row. */
struct mime_context {
    const char *from;    /* sender of messages that name none; NULL or "": there is none */
    const char *origin;  /* what tells this database's messages from another's; NULL or "" : none */
    int64_t date_us;     /* wall time for Date, years 1900 to 9999 */
    bool utf8_addresses; /* the server takes SMTPUTF8; else an address beyond ASCII is refused: its
                            local part cannot be written otherwise, and its domain would have to
                            come in its xn-- form, which is not made here */
};

/* For a message that message_check accepts, into out (cleared first; left empty on failure).
 * ERR_INVALID: it cannot be written as a mail, or not within out's maximum. */
bool mime_build(const struct message *m, const struct mime_context *c, struct buf *out,
                struct err *err) MUST_CHECK;

/* The Message-ID without its <>: postroom.ID.ORIGIN@domain, the domain the sender's, each byte of
 * the id that is no letter, digit, '-' or '_' as =XX, an id of more than 100 bytes as its SHA-256,
 * of the origin's letters and digits the first twelve. So every send of one message carries the
 * same one, while its sender stays, and two databases that count their ids alike never do: a
 * mailbox keeps only the first of two mails with one Message-ID. false: no sender, or one that
 * cannot be mailed from. */
#define MIME_MESSAGE_ID 640 /* bytes, with its NUL */
bool mime_message_id(const struct message *m, const struct mime_context *c,
                     char dst[MIME_MESSAGE_ID], struct err *err) MUST_CHECK;

/* The envelope's sender, as a bare address. */
bool mime_sender(const struct message *m, const struct mime_context *c, char address[321],
                 struct err *err) MUST_CHECK;

/* The envelope's recipients (to, cc, bcc) as bare addresses, each with a '\n' behind it, appended
 * to out. */
bool mime_recipients(const struct message *m, bool utf8_addresses, struct buf *out,
                     struct err *err) MUST_CHECK;

#endif
