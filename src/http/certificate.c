/* The key of Amazon's SNS: from the file that is configured, or fetched and kept until a message
 * names another certificate. One lock over it, held while it is fetched: who needs the same one
 * waits for it. Runs on the HTTP server's threads. */
#include "base/file.h"
#include "base/str.h"
#include "http/route.h"

#define PEM_MAX ((size_t)64 * 1024)

static struct signature_key *load(struct door *d, const char *url, struct err *err) {
    const char *file = d->settings->ses_cert_file;
    struct buf pem;
    struct signature_key *key = NULL;
    buf_init(&pem, PEM_MAX);
    if (file[0] ? file_read(file, &pem, NULL, err) : d->ports.fetch(d->settings, url, &pem, err))
        key = signature_key_certificate(buf_text(&pem), pem.len, err);
    if (!key)
        err_wrap(err, "%s", file[0] ? file : url);
    buf_free(&pem);
    return key;
}

bool certificate_check_file(struct door *d, struct err *err) {
    struct signature_key *key = d->settings->ses_cert_file[0] ? load(d, "", err) : NULL;
    bool good = key || !d->settings->ses_cert_file[0];
    signature_key_free(key);
    return good || err_wrap(err, "ses_cert_file");
}

bool certificate_holds(struct door *d, const struct sns *m, bool *holds, const char **why,
                       struct err *err) {
    pthread_mutex_lock(&d->certificate.lock);
    if (!d->certificate.key || !str_eq(d->certificate.url, m->certificate_url)) {
        struct signature_key *key = load(d, m->certificate_url, err);
        if (key) {
            signature_key_free(d->certificate.key);
            d->certificate.key = key;
            str_copy(d->certificate.url, sizeof d->certificate.url, m->certificate_url);
        } else {
            pthread_mutex_unlock(&d->certificate.lock);
            return false;
        }
    }
    *holds = sns_holds(m, d->certificate.key, why);
    pthread_mutex_unlock(&d->certificate.lock);
    return true;
}
