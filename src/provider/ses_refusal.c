/* See ses_refusal.h. */
#include "provider/ses_refusal.h"

#include "base/str.h"

#include <string.h>

/* "com.amazonaws.ses#MessageRejected:http://..." -> "MessageRejected" */
static void take_type(char dst[80], const char *text) {
    const char *hash = text ? strrchr(text, '#') : NULL;
    text = hash ? hash + 1 : text ? text : "";
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
    str_format(dst, 80, "%.*s", n < 80 ? (int)n : 0, text);
}

struct ses_refusal ses_refusal_of(const struct wire_response *response, const struct json *root) {
    struct ses_refusal r = {.message = json_get_text(root, "message")};
    char header[200];
    if (wire_response_header(response, "x-amzn-errortype", header, sizeof header)) {
        take_type(r.type, header);
    }
    if (!r.type[0]) {
        take_type(r.type, json_get_text(root, "__type"));
    }
    if (!r.type[0]) {
        take_type(r.type, json_get_text(root, "code"));
    }
    if (!r.message) {
        r.message = json_get_text(root, "Message");
    }
    return r;
}

static bool is_among(const char *type, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (str_eq(type, names[i])) {
            return true;
        }
    }
    return false;
}

bool ses_refusal_says(const struct ses_refusal *r, const char *words) {
    return r->message && strcasestr(r->message, words);
}

const char *ses_refusal_kind(const struct ses_refusal *r) {
    static const char *const throttled[] = {"TooManyRequestsException",  "Throttling",
                                            "ThrottlingException",       "RequestThrottled",
                                            "RequestThrottledException", "LimitExceededException"};
    static const char *const signature[] = {"SignatureDoesNotMatch",
                                            "InvalidSignatureException",
                                            "RequestTimeTooSkewed",
                                            "RequestExpired",
                                            "IncompleteSignature",
                                            "IncompleteSignatureException",
                                            "MissingAuthenticationTokenException"};
    static const char *const unknown[] = {"UnrecognizedClientException", "InvalidClientTokenId"};
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException"};
#define AMONG(list) is_among(r->type, list, sizeof list / sizeof list[0])
    if (!r->type[0]) {
        return NULL;
    }
    return ses_refusal_says(r, "daily message quota exceeded") ? SES_QUOTA
           : AMONG(throttled)                                  ? SES_THROTTLED
           : AMONG(signature)                                  ? SES_SIGNATURE
           : AMONG(unknown)                                    ? SES_UNKNOWN_KEY
           : AMONG(expired)                                    ? SES_EXPIRED
                                                               : r->type;
#undef AMONG
}
