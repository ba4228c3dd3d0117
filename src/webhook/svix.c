/* The signature that Resend makes (Svix, "Standard Webhooks"): an HMAC over id, time and body. */
#include "webhook/internal.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"

#include <string.h>

#define TOLERANCE_S 300
#define KEY_MAX 256
#define PREFIX "whsec_"
#define VERSION "v1,"

/* Both names are in use. */
static const char *header(const struct webhook_request *r, const char *svix, const char *standard) {
    const char *value = r->header(r->self, svix);
    return value ? value : r->header(r->self, standard);
}

/* The bytes of one secret. */
static bool decode_key(struct buf *key, const char *secret, size_t n) {
    size_t prefix = strlen(PREFIX);
    if (n > prefix && strncmp(secret, PREFIX, prefix) == 0) {
        secret += prefix;
        n -= prefix;
    }
    buf_clear(key);
    return base64_decode(key, secret, n) && key->len > 0;
}

/* Is any signature of the list this one? Other versions than v1 are left aside. */
static bool is_listed(const char *list, const char *expected) {
    bool found = false;
    char one[256];
    for (size_t n; (n = strcspn(list + strspn(list, " "), " ")) > 0;) {
        list += strspn(list, " ");
        str_format(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one), list);
        if (str_starts(one, VERSION) && crypto_same_secret(one + strlen(VERSION), expected))
            found = true;
        list += n;
    }
    return found;
}

static bool sign(struct buf *out, const struct buf *key, const struct buf *content) {
    unsigned char mac[HMAC_BYTES];
    buf_clear(out);
    if (!crypto_hmac(mac, buf_text(key), key->len, buf_text(content), content->len))
        return false;
    base64_add(out, mac, sizeof mac);
    return !out->failed;
}

static bool any_holds(const char *secrets, const struct buf *content, const char *list) {
    struct buf key, mac;
    bool found = false;
    buf_init(&key, KEY_MAX);
    buf_init(&mac, 64);
    for (size_t n; (n = list_next(&secrets)) > 0; secrets += n)
        if (decode_key(&key, secrets, n) && sign(&mac, &key, content) &&
            is_listed(list, buf_text(&mac)))
            found = true;
    if (key.data)
        explicit_bzero(key.data, key.cap);
    buf_free(&key);
    buf_free(&mac);
    return found;
}

static bool is_timely(const char *stamp, int64_t now_us) {
    int64_t s;
    if (!str_to_int64(stamp, &s))
        return false;
    int64_t now_s = now_us / USEC_PER_SEC;
    return s >= now_s - TOLERANCE_S && s <= now_s + TOLERANCE_S;
}

bool webhook_svix_holds(const char *secrets, const struct webhook_request *r, const char **why) {
    const char *id = header(r, "svix-id", "webhook-id");
    const char *stamp = header(r, "svix-timestamp", "webhook-timestamp");
    const char *list = header(r, "svix-signature", "webhook-signature");
    struct buf content;
    *why = "it is not signed: svix-id, svix-timestamp and svix-signature are asked for";
    if (!id || !id[0] || !stamp || !list)
        return false;
    buf_init(&content, WEBHOOK_BODY_MAX + 64 * 1024);
    buf_printf(&content, "%s.%s.", id, stamp);
    buf_add(&content, r->body, r->body_len);
    bool holds = !content.failed && any_holds(secrets, &content, list);
    buf_free(&content);
    *why = "its signature is by no secret of resend_webhook_secret";
    if (!holds)
        return false;
    *why = "it was signed more than 300 s ago, or in the future; is this machine's clock right?";
    return is_timely(stamp, r->now_us);
}

/* Of the right form: each can be decoded. */
bool svix_check_secrets(const char *secrets, struct err *err) {
    struct buf key;
    bool good = true;
    buf_init(&key, KEY_MAX);
    for (size_t n; good && (n = list_next(&secrets)) > 0; secrets += n)
        good = decode_key(&key, secrets, n);
    if (key.data)
        explicit_bzero(key.data, key.cap);
    buf_free(&key);
    return good || err_set(err, ERR_USAGE,
                           "resend_webhook_secret: allowed is what Resend shows beside the "
                           "webhook, whsec_ and base64; while it is being changed, both with a "
                           "comma between");
}
