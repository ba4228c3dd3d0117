/* A request's frozen content: which messages in which order, the hash of its bytes, its key. */
#ifndef POSTROOM_CORE_MANIFEST_H
#define POSTROOM_CORE_MANIFEST_H

#include "base/crypto.h"
#include "base/rand.h"
#include "core/message.h"

struct manifest {
    char id[UUID_TEXT]; /* the request's id, made once; the idempotency key is derived from it */
    char key[80];       /* "" where the provider has none */
    char hash[SHA256_HEX];
    char lane[32];
    char sender[320]; /* the configured `from` when it was frozen: part of the bytes */
    char origin[40]; /* the database's name, and the wall time when it was frozen, for mails that */
    int64_t made_us; /*  say so; not stored: what is made again goes to a provider with keys */
    int attempts;    /* times it was put on the wire, the present one included: > 1 means that
                        an earlier answer is missing, so that a 429 or a refused connection
                        now proves nothing about the mail */
    int64_t age_ms;  /* since it was first stored, by the database's clock, when loaded */
    bool batch;      /* sent as a batch call (even with one message) */
    int n;
    struct message *messages; /* owned, n of them, in wire order */
};

void manifest_done(struct manifest *m); /* frees the messages */

#endif
