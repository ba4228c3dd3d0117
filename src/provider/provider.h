/* A provider: how messages become one request, and what its answer means.
 *
 * The contract. `build` and `read` are pure: no I/O, no clock, no log, no globals, any thread.
 *   accepts: what this provider cannot express although message_check let it pass (a tag with
 *          a blank); false ends the message as rejected, err says what to fix.
 *   build: the same manifest and settings give the same bytes, always (hash and key depend on
 *          it). The request owns copies. Secrets appear only in headers marked `secret`.
 *          Messages were accepted by message_check and `accepts` before. *out is overwritten, and
 *          empty on failure: ERR_NOMEM, or ERR_INVALID where the whole is too large or a message
 *          was not accepted after all.
 *   read:  total. Any status, any bytes, any transport end yields one outcome per message in the
 *          manifest's order, and never SENT unless the provider said so; where acceptance cannot
 *          be told it says UNCERTAIN. With manifest->attempts > 1 an answer that was given before
 *          the key was looked at (429, 401 ...) or no connection proves nothing about the earlier
 *          attempt: it reads SOON instead of RELEASE, the same request again.
 *   ask, learn: the same for what may be asked without sending anything (`postroom doctor`): is the
 *          key good, may the configured sender send, how much and how fast. `ask` makes the i-th
 *          of `questions` requests from the answers to those before it; each only looks, and costs
 *          nothing; an empty url: it does not arise, and its answer stays empty. `learn` gets all
 *          answers in that order and adds findings, called "provider.*"; what they do not tell it
 *          calls unknown. As total as read.
 *   sign:  adds what is valid now only, to what build, ask or ask_limits made: at most once per
 *          request, right before the wire. ERR_NOMEM, or ERR_INVALID where it does not fit.
 * The order of calls: check once at start; per request build, (the queue stores the manifest),
 * sign, the wire, read; for a replay build again with the same manifest: the hash must agree. */
#ifndef POSTROOM_PROVIDER_PROVIDER_H
#define POSTROOM_PROVIDER_PROVIDER_H

#include "core/findings.h"
#include "core/manifest.h"
#include "core/outcome.h"
#include "core/settings.h"
#include "core/wire.h"

struct provider {
    const char *name;      /* as in the configuration, and the lane's name */
    int batch_max;         /* messages per request; 1: no batches */
    int64_t key_life_ms;   /* how long an idempotency key is trusted; 0: none */
    double start_rate;     /* requests per second until headers tell; 0: no limit */
    int64_t quota_look_ms; /* the daily quota's window moves: when it is used up, look again after
                              so long; 0: it turns at midnight UTC */
    bool wire;             /* false: the answer is made without a network (null) */

    /* Where its requests go, and how the configuration calls that; NULL without a wire. */
    const char *base_key;
    void (*base_url)(const struct settings *s, char dst[512]);

    /* Is the configuration complete? err says which key is missing and how to set it. */
    bool (*check)(const struct settings *s, struct err *err);

    /* May this message share a request with others? */
    bool (*batchable)(const struct message *m);

    /* Can this message be expressed? code (64 bytes) is like "rejected:invalid_tag". */
    bool (*accepts)(const struct message *m, char code[64], struct err *err);

    bool (*build)(const struct settings *s, const struct manifest *m, struct wire_request *out,
                  struct err *err);

    /* NULL where a request is whole as built. wall_us: now. */
    bool (*sign)(const struct settings *s, int64_t wall_us, struct wire_request *r,
                 struct err *err);

    /* out->outcomes has room for m->n. For a provider without a wire, `response` has end
     * WIRE_ANSWERED and status 200. */
    void (*read)(const struct wire_response *response, const struct manifest *m,
                 struct reading *out);

    int questions; /* 1..QUESTIONS_MAX; without a wire none, and ask and learn are NULL */
    bool (*ask)(const struct settings *s, int i, const struct wire_response *answers,
                struct wire_request *out, struct err *err);
    void (*learn)(const struct settings *s, const struct wire_response *answers,
                  struct findings *out);

    /* Where the account's rate and quota have to be asked for: the request, to be signed, and what
     * its answer says; false: nothing, and err why. NULL where answers to mail tell, or nothing. */
    bool (*ask_limits)(const struct settings *s, struct wire_request *out, struct err *err);
    bool (*read_limits)(const struct wire_response *response, struct lane_news *news,
                        struct err *err);
};

#define QUESTIONS_MAX 8

/* NULL where there is no such provider. */
const struct provider *provider_find(const char *name);

/* "resend, sendgrid, ...": for messages. */
const char *provider_names(void);

#endif
