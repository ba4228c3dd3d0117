/* Digests by libcrypto. */
#include "base/crypto.h"

#include <openssl/evp.h>

bool crypto_sha256_hex(char dst[SHA256_HEX], const void *data, size_t n) {
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[32];
    unsigned int size = 0;
    dst[0] = '\0';
    if (EVP_Digest(n ? data : "", n, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != sizeof digest) {
        return false;
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        dst[2 * i] = hex[digest[i] >> 4];
        dst[2 * i + 1] = hex[digest[i] & 15];
    }
    dst[SHA256_HEX - 1] = '\0';
    return true;
}
