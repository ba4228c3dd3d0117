/* A reply of an SMTP server: taken apart, and what it means by the command it answers, its code and
 * its enhanced code (RFC 3463), whoever wants to know it: a mail, or a question. Pure. */
#ifndef POSTROOM_PROVIDER_SMTP_REPLY_H
#define POSTROOM_PROVIDER_SMTP_REPLY_H

#include "core/outcome.h"
#include "core/wire.h"

#include <stddef.h>

struct smtp_reply {
    int code;
    char enhanced[16]; /* "5.1.1"; "" where there is none */
    char text[400];    /* its lines as one, without the codes */
};

/* A row of the table: replies, and what they mean. */
struct smtp_rule {
    unsigned stages; /* bits by enum smtp_stage */
    int from, to;
    const char *enhanced; /* its beginning, or NULL: whatever it is */
    const char *words;    /* in the reply, or NULL */
    enum outcome_kind kind;
    enum lane_fault fault;
    const char *code; /* NULL: "provider:CODE" */
    const char *hint; /* for the operator, or NULL */
};

/* lines: "550-5.1.1 No such\n550 5.1.1 user\n" */
void smtp_reply_read(struct smtp_reply *r, int code, const char *lines);

/* NULL: no such refusal exists. */
const struct smtp_rule *smtp_rule_of(enum smtp_stage stage, const struct smtp_reply *r);

/* "550 5.1.1: No such user"; without an enhanced code the command stands in its place. */
void smtp_reply_said(const struct smtp_reply *r, enum smtp_stage stage, char *dst, size_t size);

#endif
