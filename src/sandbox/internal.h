/* What the sandbox's files share. The pure parts (check, keys, rate, store) take the time as an
 * argument and do no locking; sandbox.c calls those with a state under its lock. */
#ifndef POSTROOM_SANDBOX_INTERNAL_H
#define POSTROOM_SANDBOX_INTERNAL_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/rand.h"

/* --- check.c: what Resend refuses in a mail ------------------------------------------------- */

#define BATCH_MAX 100
#define RECIPIENTS_MAX 50

struct problem {
    int status;
    const char *name;
    char message[256];
};

/* Fills p and returns false, like err_set. */
bool refuse(struct problem *p, int status, const char *name, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* One mail of POST /emails or, with in_batch, of POST /emails/batch. */
bool check_mail(const struct json *mail, bool in_batch, struct problem *p) MUST_CHECK;

/* To, cc and bcc of a mail that check_mail accepted. */
int count_recipients(const struct json *mail);

/* The bare address inside "a@b" or "Name <a@b>"; false where it is none. */
bool parse_mailbox(const char *mailbox, char address[321]);

/* --- auth.c: who may send ------------------------------------------------------------------- */

/* authorization: the header or NULL. */
bool check_key(const char *authorization, struct problem *p) MUST_CHECK;

/* --- keys.c: idempotency keys --------------------------------------------------------------- */

enum key_state {
    KEY_NEW,       /* now in flight: keys_finish or keys_forget must follow */
    KEY_REPLAY,    /* the first answer was copied to `answer` */
    KEY_DIFFERENT, /* used before with another payload */
    KEY_IN_FLIGHT, /* the first request has no answer yet */
    KEY_NO_MEMORY,
};

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *k);
enum key_state keys_begin(struct keys *k, const char *key, const char hash[SHA256_HEX],
                          int64_t now_us, struct buf *answer);
void keys_finish(struct keys *k, const char *key, const char *answer);
void keys_forget(struct keys *k, const char *key); /* refused: the key is free again */

/* --- rate.c: so many requests within any second --------------------------------------------- */

struct rate {
    int limit;
    int64_t *taken; /* ring of the newest `limit` times */
    int next;
    int count;
};

bool rate_init(struct rate *r, int limit) MUST_CHECK;
void rate_free(struct rate *r);
bool rate_take(struct rate *r, int64_t now_us);
int rate_remaining(const struct rate *r, int64_t now_us);
/* Whole seconds until the oldest leaves the window, at least 1. */
int rate_reset_s(const struct rate *r, int64_t now_us);

/* --- store.c: the mails that were accepted -------------------------------------------------- */

#define STORE_MAX_MAILS 10000
#define STORE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define KEPT_BODY_MAX ((size_t)64 * 1024) /* of html and of text each */

/* A mail as it is kept and shown: two JSON objects, so that lists need not carry bodies. */
struct kept {
    char id[UUID_TEXT];
    char *head; /* id, recipients, subject, last_event, tags ... */
    char *body; /* html, text, headers, attachments by name and size */
};

/* Makes a kept mail of one that check_mail accepted; false when out of memory. */
bool kept_make(struct kept *m, const struct json *mail, int64_t wall_us) MUST_CHECK;
void kept_done(struct kept *m);

struct store;

struct store *store_new(size_t max_mails, size_t max_bytes);
void store_free(struct store *s);
/* Takes the mail over; the oldest make room. */
void store_add(struct store *s, struct kept *m);
int store_count(const struct store *s);
/* One mail in Resend's shape; false: not (or no longer) here. */
bool store_print(const struct store *s, const char *id, struct buf *out);
/* Resend's list, newest first: at most `limit` older than `after` or newer than `before` (ids, may
 * be NULL). */
void store_list(const struct store *s, int limit, const char *after, const char *before,
                struct buf *out);

#endif
