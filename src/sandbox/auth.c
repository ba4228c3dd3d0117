/* Who may send. Any key that looks like Resend's does; some prefixes stand for accounts in trouble,
 * so that their answers can be tried: see the table. Pure; any thread. */
#include "sandbox/internal.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *prefix;
    int status;
    const char *name;
    const char *message;
} troubled[] = {
    {"re_revoked", 403, "invalid_api_key", "API key is invalid."},
    {"re_restricted", 401, "restricted_api_key", "This API key is restricted to other actions."},
    {"re_unverified", 403, "validation_error",
     "The domain is not verified. Please, add and verify your domain."},
    {"re_daily", 429, "daily_quota_exceeded", "You have reached your daily email sending quota."},
    {"re_monthly", 429, "monthly_quota_exceeded",
     "You have reached your monthly email sending quota."},
    {"re_suspended", 451, "security_error", "We may have found a security issue with the request."},
};

bool check_key(const char *authorization, struct problem *p) {
    if (str_is_blank(authorization))
        return refuse(p, 401, "missing_api_key", "Missing API key in the authorization header.");
    const char *key = authorization;
    bool bearer = strncasecmp(key, "Bearer ", 7) == 0;
    if (bearer)
        key += 7;
    if (bearer && str_is_blank(key))
        return refuse(p, 401, "missing_api_key", "Missing API key in the authorization header.");
    if (!bearer || !str_starts(key, "re_") || !key[3])
        return refuse(p, 403, "invalid_api_key", "API key is invalid.");
    for (size_t i = 0; i < sizeof troubled / sizeof troubled[0]; i++)
        if (str_starts(key, troubled[i].prefix))
            return refuse(p, troubled[i].status, troubled[i].name, "%s", troubled[i].message);
    return true;
}
