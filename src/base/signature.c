/* Public keys and what they signed. libcrypto leaves its reasons in a queue of the thread, which is
 * emptied here: a forged signature is no error of ours. */
#include "base/signature.h"

#include "base/mem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct signature_key {
    EVP_PKEY *key;
};

static struct signature_key *own(EVP_PKEY *key, int kind, const char *what, struct err *err) {
    struct signature_key *k = NULL;
    ERR_clear_error();
    if (key && EVP_PKEY_get_base_id(key) == kind) {
        k = mem_alloc(sizeof *k);
        if (!k)
            err_nomem(err);
    } else {
        err_set(err, ERR_INVALID, "%s", what);
    }
    if (k)
        k->key = key;
    else
        EVP_PKEY_free(key);
    return k;
}

struct signature_key *signature_key_der(const void *der, size_t n, struct err *err) {
    const unsigned char *at = der;
    EVP_PKEY *key = n <= LONG_MAX ? d2i_PUBKEY(NULL, &at, (long)n) : NULL;
    return own(key, EVP_PKEY_EC, "no public key of an elliptic curve", err);
}

struct signature_key *signature_key_certificate(const char *pem, size_t n, struct err *err) {
    BIO *in = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    BIO_free(in);
    return own(key, EVP_PKEY_RSA, "no certificate (PEM) with an RSA key", err);
}

void signature_key_free(struct signature_key *key) {
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    mem_free(key);
}

bool signature_holds(const struct signature_key *key, enum signature_digest digest,
                     const void *signature, size_t signature_len, const void *data, size_t n) {
    const EVP_MD *md = digest == SIGNATURE_SHA1 ? EVP_sha1() : EVP_sha256();
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool holds = c && EVP_DigestVerifyInit(c, NULL, md, NULL, key->key) == 1 &&
                 EVP_DigestVerify(c, signature, signature_len, (const unsigned char *)data, n) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return holds;
}
