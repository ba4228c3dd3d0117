/* A request without a wire, and what came back: what providers build and read, and net carries.
 * Plain data with owners; no thread of its own. */
#ifndef POSTROOM_CORE_WIRE_H
#define POSTROOM_CORE_WIRE_H

#include "base/buf.h"

#include <stdint.h>

#define WIRE_MAX_HEADERS 8
#define WIRE_MAX_BODY ((size_t)64 * 1024 * 1024)
#define WIRE_MAX_ANSWER ((size_t)256 * 1024)
#define WIRE_MAX_VALUE ((size_t)8 * 1024) /* of a header: session tokens are long */

struct wire_header {
    char name[64];
    char *value; /* owned */
    bool secret; /* never logged, never hashed */
};

/* Where an SMTP dialogue stands: whose reply is waited for, or was the last. */
enum smtp_stage {
    SMTP_GREETING,
    SMTP_HELLO,
    SMTP_TLS,
    SMTP_AUTH,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BODY,    /* the mail itself, and the dot that ends it */
    SMTP_NOOP,    /* where a question has no sender */
    SMTP_NO_TLS,  /* left at HELLO: the server offers no STARTTLS */
    SMTP_NO_UTF8, /* left at HELLO: the server takes no address beyond ASCII, and there is one */
    SMTP_STAGES
};

/* The envelope of a mail that goes by SMTP; the mail itself is the request's body, its lines ended
 * by CRLF. */
struct wire_smtp {
    char sender[321];      /* bare address; "" only in a question: then NOOP ends it */
    struct buf recipients; /* bare addresses, each with '\n' behind it; owned */
    char user[256];        /* "" : no AUTH */
    char password[512];    /* secret */
    bool tls_none;
    bool utf8; /* an address is beyond ASCII: only for a server with SMTPUTF8 */
};

struct wire_request {
    char url[512]; /* https, http, smtp or smtps */
    struct wire_header headers[WIRE_MAX_HEADERS];
    int header_count;
    struct buf body; /* owned */
    struct wire_smtp smtp;
    bool get;         /* only asks: a GET without a body, else a POST; by SMTP: the dialogue up to
                         the sender, and no mail */
    bool replay_safe; /* a repetition has no second effect: it asks, or carries a key */
};

/* How far the transport came; what acceptance depends on when there is no answer. */
enum wire_end {
    WIRE_ANSWERED,  /* a complete HTTP answer, or SMTP's last reply: status is valid */
    WIRE_NOT_SENT,  /* resolve, connect or TLS failed, or it was never started: nothing left here;
                       by SMTP: the dot that ends the mail did not */
    WIRE_LOST,      /* bytes left, no complete answer came back (reset, closed, cut) */
    WIRE_TIMED_OUT, /* bytes left, no complete answer within the time */
};

struct wire_response {
    enum wire_end end;
    int status; /* HTTP status or SMTP reply code, 0 where none */
    enum smtp_stage stage;
    bool login;         /* by SMTP: AUTH was said */
    int recipient;      /* by SMTP: which of them the last RCPT named, from 0; -1: none yet */
    struct buf body;    /* owned; at most WIRE_MAX_ANSWER; by SMTP: the last reply's lines */
    bool body_cut;      /* the answer was longer */
    struct buf headers; /* owned; "name: value\n" lines, names in lower case, at most 16 KiB */
    char problem[160];  /* the transport's words where end is not WIRE_ANSWERED */
    int64_t took_ms;
};

void wire_request_init(struct wire_request *r);
void wire_request_done(struct wire_request *r);
/* A value with control bytes, too long, or one header too many: body.failed is set. */
void wire_request_header(struct wire_request *r, const char *name, const char *value, bool secret);

void wire_response_init(struct wire_response *r);
void wire_response_done(struct wire_response *r);

/* Copies the value of a header (name in lower case) to dst; false where it is absent. */
bool wire_response_header(const struct wire_response *r, const char *name, char *dst, size_t size);

#endif
