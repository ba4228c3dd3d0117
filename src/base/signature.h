/* Is this signed by whom it claims to be? Signatures with public keys, by libcrypto. Pure; any
 * thread. Signatures are bytes, not base64. */
#ifndef POSTROOM_BASE_SIGNATURE_H
#define POSTROOM_BASE_SIGNATURE_H

#include "base/err.h"

#include <stddef.h>

struct signature_key;

/* A public key of an elliptic curve as SubjectPublicKeyInfo in DER. NULL: it is none. */
struct signature_key *signature_key_der(const void *der, size_t n, struct err *err) MUST_CHECK;

/* The RSA key of the first certificate in a PEM text, whoever issued it. NULL: there is none. */
struct signature_key *signature_key_certificate(const char *pem, size_t n,
                                                struct err *err) MUST_CHECK;

void signature_key_free(struct signature_key *key); /* NULL is fine */

enum signature_digest {
    SIGNATURE_SHA1,
    SIGNATURE_SHA256
};

/* Is `signature` this key's over data? ECDSA's is DER, RSA's PKCS #1 v1.5. */
bool signature_holds(const struct signature_key *key, enum signature_digest digest,
                     const void *signature, size_t signature_len, const void *data,
                     size_t n) MUST_CHECK;

#endif
