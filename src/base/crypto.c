/* Digests and MACs by libcrypto. */
#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define DIGEST 32

static bool sha256(unsigned char digest[DIGEST], const void *data, size_t n) {
    unsigned int size = 0;
    return EVP_Digest(n ? data : "", n, digest, &size, EVP_sha256(), NULL) == 1 && size == DIGEST;
}

void crypto_hex(char *dst, const unsigned char *bytes, size_t n) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = hex[bytes[i] >> 4];
        dst[2 * i + 1] = hex[bytes[i] & 15];
    }
    dst[2 * n] = '\0';
}

bool crypto_sha256_hex(char dst[SHA256_HEX], const void *data, size_t n) {
    unsigned char digest[DIGEST];
    dst[0] = '\0';
    if (!sha256(digest, data, n))
        return false;
    crypto_hex(dst, digest, sizeof digest);
    return true;
}

bool crypto_hmac(unsigned char dst[HMAC_BYTES], const void *key, size_t key_len, const void *data,
                 size_t n) {
    unsigned int size = 0;
    return HMAC(EVP_sha256(), key_len ? key : "", (int)key_len, n ? data : (const void *)"", n, dst,
                &size) != NULL &&
           size == HMAC_BYTES;
}

/* Digests have one length and no order that a guess could approach. */
bool crypto_same_secret(const char *a, const char *b) {
    unsigned char da[DIGEST], db[DIGEST];
    return sha256(da, a, strlen(a)) && sha256(db, b, strlen(b)) &&
           CRYPTO_memcmp(da, db, DIGEST) == 0;
}
