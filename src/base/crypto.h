/* The only user of libcrypto. Pure; any thread. */
#ifndef POSTROOM_BASE_CRYPTO_H
#define POSTROOM_BASE_CRYPTO_H

#include "base/err.h"

#include <stddef.h>

#define SHA256_HEX 65 /* 64 characters and a NUL */

bool crypto_sha256_hex(char dst[SHA256_HEX], const void *data, size_t n) MUST_CHECK;

/* HMAC-SHA-256 (RFC 2104). */
#define HMAC_BYTES 32
bool crypto_hmac(unsigned char dst[HMAC_BYTES], const void *key, size_t key_len, const void *data,
                 size_t n) MUST_CHECK;

/* Bytes as lower-case hexadecimal; dst has room for 2 * n + 1. */
void crypto_hex(char *dst, const unsigned char *bytes, size_t n);

/* Are these two secrets one? How long it takes tells nothing of where they differ. */
bool crypto_same_secret(const char *a, const char *b);

#endif
