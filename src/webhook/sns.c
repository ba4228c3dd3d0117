/* Amazon SNS: an envelope of texts, signed with the key of a certificate that it names itself. That
 * proves something only because the certificate must lie at Amazon's and the topic must be ours:
 * anybody can have a topic of his own and sign with the very same key. */
#include "webhook/internal.h"

#include "base/base64.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define SIGNATURE_MAX 1024
#define HOST_MAX 128

/* https://sns.REGION.amazonaws.com[.cn]/, and nothing that could make it another host: no user, no
 * port. The rest of the URL, or NULL. */
static const char *after_host(const char *url) {
    char host[HOST_MAX];
    const char *at = url;
    if (!url || !str_starts(url, "https://sns.") || !str_is_clean(url))
        return NULL;
    at += strlen("https://");
    size_t n = strcspn(at, "/?#\\");
    if (at[n] != '/' ||
        !str_format(host, sizeof host, "%.*s", (int)(n < HOST_MAX ? n : HOST_MAX), at))
        return NULL;
    const char *region = host + strlen("sns.");
    size_t letters = 0;
    while (isalnum((unsigned char)region[letters]) || region[letters] == '-')
        letters++;
    bool amazon =
        str_eq(region + letters, ".amazonaws.com") || str_eq(region + letters, ".amazonaws.com.cn");
    return letters >= 3 && amazon ? at + n : NULL;
}

static bool is_certificate_url(const char *url) {
    const char *path = after_host(url);
    size_t n = path ? strlen(path) : 0;
    return n > 5 && strcspn(path, "?#") == n && str_eq(path + n - 4, ".pem") && n + HOST_MAX < 500;
}

static bool is_allowed(const char *topics, const char *topic) {
    for (size_t n; (n = list_next(&topics)) > 0; topics += n)
        if (strlen(topic) == n && strncmp(topics, topic, n) == 0)
            return true;
    return false;
}

static bool read_type(struct sns *m, const char *type) {
    static const char *const names[] = {[SNS_NOTIFICATION] = "Notification",
                                        [SNS_SUBSCRIBE] = "SubscriptionConfirmation",
                                        [SNS_UNSUBSCRIBE] = "UnsubscribeConfirmation"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(type, names[i])) {
            m->type = (enum sns_type)i;
            return true;
        }
    return false;
}

bool sns_open(struct sns *m, const char *topics, const struct webhook_request *r,
              const char **why) {
    struct err ignored;
    const char *told = r->header(r->self, "x-amz-sns-topic-arn");
    *m = (struct sns){.subscribe_url = ""};
    *why = "its topic is none of ses_topic_arn";
    if (told && !is_allowed(topics, told))
        return false; /* not worth reading */
    *why = "it is no signed SNS message; with raw message delivery there is no signature: switch "
           "that off";
    m->envelope = json_parse(r->body, r->body_len, WEBHOOK_BODY_MAX, &ignored);
    m->topic = json_get_text(m->envelope, "TopicArn");
    m->certificate_url = json_get_text(m->envelope, "SigningCertURL");
    if (!m->topic || !json_get_text(m->envelope, "Signature") ||
        !read_type(m, json_get_text(m->envelope, "Type")))
        return false;
    *why = "its topic is none of ses_topic_arn";
    if (!is_allowed(topics, m->topic))
        return false;
    *why = "its certificate does not lie at Amazon's SNS";
    if (!is_certificate_url(m->certificate_url))
        return false;
    if (m->type == SNS_SUBSCRIBE)
        m->subscribe_url = json_get_text(m->envelope, "SubscribeURL");
    *why = "its SubscribeURL does not lead to Amazon's SNS";
    return m->type != SNS_SUBSCRIBE ||
           (after_host(m->subscribe_url) && strlen(m->subscribe_url) < 2000);
}

/* --- the signature ---------------------------------------------------------------------------- */

/* What is signed: these members, each with its name, in this order. */
static const char *const of_notification[] = {"Message",  "MessageId", "Subject", "Timestamp",
                                              "TopicArn", "Type",      NULL};
static const char *const of_confirmation[] = {"Message", "MessageId", "SubscribeURL", "Timestamp",
                                              "Token",   "TopicArn",  "Type",         NULL};

static bool key_holds(const struct sns *m, const struct signature_key *key, struct buf *content,
                      struct buf *signature) {
    const char *version = json_get_text(m->envelope, "SignatureVersion");
    const char *text = json_get_text(m->envelope, "Signature");
    enum signature_digest digest = str_eq(version, "2") ? SIGNATURE_SHA256 : SIGNATURE_SHA1;
    if (!str_eq(version, "1") && !str_eq(version, "2"))
        return false;
    return !content->failed && base64_decode(signature, text, strlen(text)) &&
           signature_holds(key, digest, buf_text(signature), signature->len, buf_text(content),
                           content->len);
}

bool sns_holds(const struct sns *m, const struct signature_key *key, const char **why) {
    struct buf content, signature;
    const char *const *names = m->type == SNS_SUBSCRIBE ? of_confirmation : of_notification;
    buf_init(&content, 2 * WEBHOOK_BODY_MAX);
    buf_init(&signature, SIGNATURE_MAX);
    for (; *names; names++) {
        const char *value = json_get_text(m->envelope, *names);
        if (value)
            buf_printf(&content, "%s\n%s\n", *names, value);
    }
    bool holds = key_holds(m, key, &content, &signature);
    buf_free(&content);
    buf_free(&signature);
    *why = "its signature does not hold";
    return holds;
}

void sns_done(struct sns *m) {
    json_free(m->envelope);
    m->envelope = NULL;
}

bool sns_check_topics(const char *topics, struct err *err) {
    for (size_t n; (n = list_next(&topics)) > 0; topics += n)
        if (n < 12 || (strncmp(topics, "arn:aws", 7) != 0) || !memmem(topics, n, ":sns:", 5))
            return err_set(err, ERR_USAGE,
                           "ses_topic_arn: allowed are ARNs of SNS topics, arn:aws:sns:REGION:"
                           "ACCOUNT:NAME, with commas between");
    return true;
}
