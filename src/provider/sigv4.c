/* See sigv4.h; the steps are those of AWS's "Create a signed request". Host is set as a header of
 * our own, so that what is signed is what is sent. Pure; any thread. */
#include "provider/sigv4.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TEXT_MAX ((size_t)64 * 1024)

/* What is signed, in the order that the signature wants: by name. */
static const char *const signed_names[] = {"content-type", "host", "x-amz-date",
                                           "x-amz-security-token"};
#define SIGNED (sizeof signed_names / sizeof signed_names[0])

/* --- the URL --------------------------------------------------------------------------------- */

struct place {
    char host[256]; /* with its port, where it is not the scheme's own */
    const char *path;
};

static bool find_place(struct place *p, const char *url) {
    bool tls = str_starts(url, "https://");
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n = strcspn(host, "/");
    const char *usual = tls ? ":443" : ":80";
    size_t tail = strlen(usual);
    p->path = host[n] ? host + n : "/";
    if (n > tail && memcmp(host + n - tail, usual, tail) == 0) {
        n -= tail;
    }
    return n > 0 && str_format(p->host, sizeof p->host, "%.*s", (int)n, host);
}

/* Encoded once more, as every service but S3 has it. */
static void add_path(struct buf *out, const char *path) {
    static const char safe[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    for (; *path; path++) {
        if (strchr(safe, *path)) {
            buf_addc(out, *path);
        } else {
            buf_printf(out, "%%%02X", (unsigned char)*path);
        }
    }
}

/* --- canonical request ----------------------------------------------------------------------- */

static const char *header_value(const struct wire_request *r, const char *name) {
    for (int i = 0; i < r->header_count; i++) {
        if (strcasecmp(r->headers[i].name, name) == 0) {
            return r->headers[i].value;
        }
    }
    return NULL;
}

/* "content-type;host;x-amz-date" */
static void add_names(struct buf *out, const struct wire_request *r) {
    const char *between = "";
    for (size_t i = 0; i < SIGNED; i++) {
        if (header_value(r, signed_names[i])) {
            buf_printf(out, "%s%s", between, signed_names[i]);
            between = ";";
        }
    }
}

static bool add_canonical(struct buf *out, const struct wire_request *r, const char *path) {
    char hash[SHA256_HEX];
    buf_puts(out, r->get ? "GET\n" : "POST\n");
    add_path(out, path);
    buf_puts(out, "\n\n");
    for (size_t i = 0; i < SIGNED; i++) {
        const char *value = header_value(r, signed_names[i]);
        if (value) {
            buf_printf(out, "%s:%s\n", signed_names[i], value);
        }
    }
    buf_puts(out, "\n");
    add_names(out, r);
    bool ok = crypto_sha256_hex(hash, buf_text(&r->body), r->body.len);
    buf_printf(out, "\n%s", hash);
    return ok && !out->failed;
}

/* --- signature ------------------------------------------------------------------------------- */

static bool mac(unsigned char key[HMAC_BYTES], const char *text) {
    return crypto_hmac(key, key, HMAC_BYTES, text, strlen(text));
}

/* day: "20261126" */
static bool make_key(unsigned char key[HMAC_BYTES], const struct sigv4 *who, const char *day) {
    struct buf secret;
    buf_init(&secret, TEXT_MAX);
    buf_printf(&secret, "AWS4%s", who->secret);
    bool ok = !secret.failed && crypto_hmac(key, buf_text(&secret), secret.len, day, strlen(day)) &&
              mac(key, who->region) && mac(key, who->service) && mac(key, "aws4_request");
    if (secret.data) {
        explicit_bzero(secret.data, secret.len);
    }
    buf_free(&secret);
    return ok;
}

static bool make_signature(char hex[2 * HMAC_BYTES + 1], const struct sigv4 *who, const char *time,
                           const char *scope, const struct buf *canonical) {
    unsigned char key[HMAC_BYTES];
    char day[9], hash[SHA256_HEX], text[512];
    str_copy(day, sizeof day, time);
    bool ok = crypto_sha256_hex(hash, buf_text(canonical), canonical->len) &&
              str_format(text, sizeof text, ALGORITHM "\n%s\n%s\n%s", time, scope, hash) &&
              make_key(key, who, day) && mac(key, text);
    crypto_hex(hex, key, sizeof key);
    explicit_bzero(key, sizeof key);
    return ok;
}

/* "20261126T065201Z" */
static void format_time(char time[17], int64_t wall_us) {
    char iso[32];
    clock_format_utc(iso, sizeof iso, wall_us);
    str_format(time, 17, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 11, iso + 14,
               iso + 17);
}

static bool add_authorization(struct wire_request *r, const struct sigv4 *who, const char *time,
                              const char *path) {
    char scope[200], signature[2 * HMAC_BYTES + 1];
    struct buf canonical, value;
    buf_init(&canonical, TEXT_MAX);
    buf_init(&value, WIRE_MAX_VALUE);
    bool ok = str_format(scope, sizeof scope, "%.8s/%s/%s/aws4_request", time, who->region,
                         who->service) &&
              add_canonical(&canonical, r, path) &&
              make_signature(signature, who, time, scope, &canonical);
    buf_printf(&value, ALGORITHM " Credential=%s/%s, SignedHeaders=", who->key_id, scope);
    add_names(&value, r);
    buf_printf(&value, ", Signature=%s", signature);
    ok = ok && !value.failed;
    wire_request_header(r, "Authorization", ok ? buf_text(&value) : "", true);
    if (canonical.data) { /* the token is in it */
        explicit_bzero(canonical.data, canonical.len);
    }
    buf_free(&canonical);
    buf_free(&value);
    return ok && !r->body.failed;
}

bool sigv4_sign(struct wire_request *r, const struct sigv4 *who, int64_t wall_us, struct err *err) {
    char time[17];
    struct place place;
    format_time(time, wall_us);
    if (!find_place(&place, r->url)) {
        return err_set(err, ERR_INVALID, "the URL has no host, or one too long");
    }
    wire_request_header(r, "Host", place.host, false);
    wire_request_header(r, "X-Amz-Date", time, false);
    if (who->token[0]) {
        wire_request_header(r, "X-Amz-Security-Token", who->token, true);
    }
    return add_authorization(r, who, time, place.path) || err_nomem(err);
}
