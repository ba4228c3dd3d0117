/* One mail to send, as claimed: a row of email_messages owning its strings. */
#ifndef POSTROOM_CORE_MESSAGE_H
#define POSTROOM_CORE_MESSAGE_H

#include "base/buf.h"
#include "base/rand.h"

#include <stddef.h>
#include <stdint.h>

struct message {
    char *id;      /* opaque text */
    int64_t token; /* claim token */
    char *from;    /* NULL: the configured sender */
    char *to;      /* as written in the row */
    char *cc;      /* JSON array of strings, or NULL; so are bcc and reply_to */
    char *bcc;
    char *reply_to;
    char *subject;
    char *html; /* NULL where absent; so is text */
    char *text;
    char *headers; /* JSON as in the row, or NULL; so are attachments and tags */
    char *attachments;
    char *tags;
    char *kind;
    int priority;
    int retry_count;
    int max_attempts; /* 0: the configured number */
    int unfinished;   /* earlier claims in a row that ended without any outcome */
    int64_t bytes;    /* of all its content in the database */
    int64_t due_us;   /* wall time from which it was due, database clock */
    char *suppressed; /* why it must not be sent (db/suppress.h); NULL: nothing is known */
    char request_id[UUID_TEXT]; /* the request it is planned for */
    bool cancelled; /* cancelled while its request was open: part of the bytes all the same */
    bool settled;   /* a webhook proved it sent while its request was open: of the bytes, too */
    bool too_big;   /* bytes > MESSAGE_MAX_BYTES: content was not fetched */
};

/* Frees the strings; the struct itself belongs to whoever allocated it. */
void message_done(struct message *m);

/* The bare address of "Name <a@b>" or "a@b", without judging it much: for the log and events. */
void message_bare_address(char *dst, size_t size, const char *mailbox);

/* Appends the name of "Name <a@b>" as it is meant, without quotes and what they need escaped;
 * nothing for a bare address. */
void message_name(struct buf *name, const char *mailbox);

/* Can this be mailed at all? Checks what every provider needs: a clean, well-formed recipient
 * (and cc, bcc, reply_to, from), a clean subject, html or text, headers an object of clean strings
 * without names that carry recipients or structure, attachments well-formed base64 with names,
 * tags an object of strings, size. On failure: false, code like "rejected:invalid_to" in
 * `code` (64 bytes) and in err->text a sentence that says what to fix.
 * Columns that hold the JSON null count as absent. With ERR_NOMEM the message is not at fault:
 * `code` is then "". default_from: the configured sender or "". */
bool message_check(const struct message *m, const char *default_from, char code[64],
                   struct err *err) MUST_CHECK;

/* One mailbox: bare address or "Name <address>"; no control bytes, no line breaks; at most 320
 * bytes of address. Fills `address` (may be NULL) with the bare address. */
bool mailbox_check(const char *mailbox, char address[321], struct err *err) MUST_CHECK;

#endif
