/* Where postroom connects to: base URLs as configured, and the addresses their names turn out to
 * have. A name that resolves to loopback or link-local addresses is a trick (or a mistake) unless
 * the URL itself says loopback. Pure; any thread. */
#include "net/internal.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define URL_MAX 480 /* a path is still to come, and the whole fits a wire request */

/* --- addresses ------------------------------------------------------------------------------- */

enum place {
    PLACE_ANYWHERE,
    PLACE_LOOPBACK,
    PLACE_LINK_LOCAL /* where clouds keep their metadata */
};

static enum place place_v4(const unsigned char *b) {
    if (b[0] == 127 || b[0] == 0) { /* 0.0.0.0 reaches this host, too */
        return PLACE_LOOPBACK;
    }
    return b[0] == 169 && b[1] == 254 ? PLACE_LINK_LOCAL : PLACE_ANYWHERE;
}

static enum place place_v6(const struct in6_addr *a) {
    if (IN6_IS_ADDR_V4MAPPED(a)) {
        return place_v4(a->s6_addr + 12);
    }
    if (IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a)) {
        return PLACE_LOOPBACK;
    }
    return IN6_IS_ADDR_LINKLOCAL(a) ? PLACE_LINK_LOCAL : PLACE_ANYWHERE;
}

bool url_allows_address(const struct sockaddr *address, bool loopback) {
    enum place place = PLACE_LINK_LOCAL; /* no internet address at all: no */
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        place = place_v4((const unsigned char *)&v4.sin_addr);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        place = place_v6(&v6.sin6_addr);
    }
    return place == PLACE_ANYWHERE || (place == PLACE_LOOPBACK && loopback);
}

/* --- URLs ------------------------------------------------------------------------------------ */

/* As curl hands hosts out: lower case, "127.1" written in full, IPv6 in brackets. */
static bool host_is_loopback(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    char bare[64];
    if (str_eq(host, "localhost")) {
        return true;
    }
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ((const unsigned char *)&v4)[0] == 127;
    }
    size_t n = strlen(host);
    if (n < 3 || n - 2 >= sizeof bare || host[0] != '[' || host[n - 1] != ']') {
        return false;
    }
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Copies a part of the URL, "" where it has none. */
static void part(CURLU *url, CURLUPart what, char *dst, size_t size) {
    char *text = NULL;
    dst[0] = '\0';
    if (curl_url_get(url, what, &text, 0) == CURLUE_OK) {
        str_copy(dst, size, text);
    }
    curl_free(text);
}

static bool has_part(CURLU *url, CURLUPart what) {
    char *text = NULL;
    bool has = curl_url_get(url, what, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

bool url_names_loopback(const char *text) {
    char host[256];
    CURLU *url = curl_url();
    bool yes = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
    if (yes) {
        part(url, CURLUPART_HOST, host, sizeof host);
        yes = host_is_loopback(host);
    }
    curl_url_cleanup(url);
    return yes;
}

static bool check_parts(CURLU *url, struct err *err) {
    char scheme[16];
    char host[256];
    part(url, CURLUPART_SCHEME, scheme, sizeof scheme);
    part(url, CURLUPART_HOST, host, sizeof host);
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
        return err_set(err, ERR_USAGE, "no user or password may stand in it");
    }
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT)) {
        return err_set(err, ERR_USAGE, "nothing may stand behind a ? or # in it");
    }
    if (host[0] == '\0') {
        return err_set(err, ERR_USAGE, "it names no host");
    }
    if (str_eq(scheme, "https") || (str_eq(scheme, "http") && host_is_loopback(host))) {
        return true;
    }
    return err_set(err, ERR_USAGE,
                   "it must begin with https:// (plain http:// is for localhost only)");
}

bool net_check_url(const char *text, struct err *err) {
    if (!str_is_clean(text) || strpbrk(text, " \"<>\\^`{|}") || strstr(text, "///") ||
        strlen(text) > URL_MAX) {
        return err_set(err, ERR_USAGE, "it is no URL: blanks or characters that none has");
    }
    CURLU *url = curl_url();
    if (!url) {
        return err_nomem(err);
    }
    CURLUcode rc = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    bool ok = rc == CURLUE_OK ? check_parts(url, err)
                              : err_set(err, ERR_USAGE, "it is no URL: %s", curl_url_strerror(rc));
    curl_url_cleanup(url);
    return ok;
}
