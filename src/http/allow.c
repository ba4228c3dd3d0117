/* Who may: the token of other programs, the origins of web pages. Pure. */
#include "base/crypto.h"
#include "http/route.h"

#include <string.h>
#include <strings.h>

bool allow_token(const char *token, const char *authorization) {
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    const char *shown = authorization + 7;
    return crypto_same_secret(token, shown + strspn(shown, " "));
}

bool allow_origin(const char *origins, const char *origin) {
    size_t n = strlen(origin);
    for (const char *o = origins + strspn(origins, ", "); *o; o += strspn(o, ", ")) {
        size_t len = strcspn(o, ", ");
        if ((len == 1 && *o == '*') || (len == n && strncasecmp(o, origin, n) == 0))
            return true;
        o += len;
    }
    return false;
}
