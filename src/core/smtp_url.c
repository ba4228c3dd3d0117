/* From left to right, each part cut off the rest. Pure; any thread. */
#include "core/smtp_url.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

static bool refuse(struct err *err, const char *what) {
    return err_set(
        err, ERR_USAGE,
        "%s; allowed is smtp://USER:PASSWORD@HOST:PORT (STARTTLS, unless ?tls=none stands "
        "behind it) or smtps://...",
        what);
}

/* --- parts ----------------------------------------------------------------------------------- */

static int hex(char c) {
    const char *digits = "0123456789abcdef", *at;
    char low = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
    at = low ? strchr(digits, low) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* n bytes with %XX undone; false: they do not fit, or are no text of one line. */
static bool decode(char *dst, size_t size, const char *s, size_t n) {
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '%') {
            if (i + 2 >= n || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
                return false;
            c = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
            i += 2;
        }
        if (c == '\0' || used + 1 >= size)
            return false;
        dst[used++] = c;
    }
    dst[used] = '\0';
    return str_is_clean(dst);
}

static bool take_user(struct smtp_url *u, const char *s, size_t n, struct err *err) {
    const char *colon = memchr(s, ':', n);
    size_t user = colon ? (size_t)(colon - s) : n;
    if (!colon || user == 0 || user + 1 == n)
        return refuse(err, "before the @ stand a user and, behind a colon, a password");
    if (!decode(u->user, sizeof u->user, s, user) ||
        !decode(u->password, sizeof u->password, colon + 1, n - user - 1))
        return refuse(err,
                      "the user or password is too long, or has a % that is not followed by two "
                      "hexadecimal digits (a % itself is written %25)");
    return true;
}

static bool take_host(struct smtp_url *u, const char *s, size_t n, struct err *err) {
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *bracket = n > 0 && s[0] == '[' ? memchr(s, ']', n) : NULL;
    size_t host = bracket ? (size_t)(bracket - s) + 1 : strspn(s, name);
    int64_t port = u->tls_at_once ? 465 : 587;
    char digits[8];
    if (host == 0 || host > n || host >= sizeof u->host)
        return refuse(err, "it names no host");
    str_format(u->host, sizeof u->host, "%.*s", (int)host, s);
    if (bracket && u->host[1 + strspn(u->host + 1, "0123456789abcdefABCDEF:.")] != ']')
        return refuse(err, "it names no host");
    if (host < n && (s[host] != ':' || n - host - 1 >= sizeof digits))
        return refuse(err, "behind the host stands at most a port");
    if (host < n) {
        str_format(digits, sizeof digits, "%.*s", (int)(n - host - 1), s + host + 1);
        if (!str_to_int64(digits, &port) || port < 1 || port > 65535)
            return refuse(err, "the port is none");
    }
    u->port = (int)port;
    return true;
}

static bool take_hello(struct smtp_url *u, const char *s, size_t n, struct err *err) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[]:";
    if (strspn(s, allowed) < n || n >= sizeof u->hello)
        return refuse(err, "behind the / stands at most the name to say hello with");
    str_format(u->hello, sizeof u->hello, "%.*s", (int)n, s);
    return true;
}

static bool take_query(struct smtp_url *u, const char *query, struct err *err) {
    u->tls_none = str_eq(query, "tls=none");
    if (*query == '\0' || str_eq(query, "tls=required") || (u->tls_none && !u->tls_at_once))
        return true;
    return refuse(err, u->tls_none ? "smtps without TLS makes no sense"
                                   : "behind the ? stands at most tls=none");
}

/* --- all ------------------------------------------------------------------------------------- */

bool smtp_url_is_local(const struct smtp_url *u) {
    return strcasecmp(u->host, "localhost") == 0 || str_starts(u->host, "127.") ||
           str_eq(u->host, "[::1]");
}

bool smtp_url_parse(struct smtp_url *u, const char *text, struct err *err) {
    *u = (struct smtp_url){.tls_at_once = str_starts(text, "smtps://")};
    if (!u->tls_at_once && !str_starts(text, "smtp://"))
        return refuse(err, "it is no SMTP URL");
    if (!str_is_clean(text) || strpbrk(text, " \"<>\\"))
        return refuse(err, "it holds blanks or characters that no URL has");
    const char *rest = strstr(text, "://") + 3;
    const char *query = strchr(rest, '?');
    size_t n = query ? (size_t)(query - rest) : strlen(rest);
    size_t place = strcspn(rest, "/?");
    size_t at = place;
    while (at > 0 && rest[at - 1] != '@')
        at--;
    const char *path = rest + place + (place < n);
    if ((at > 0 && !take_user(u, rest, at - 1, err)) || !take_host(u, rest + at, place - at, err) ||
        !take_hello(u, path, n - (size_t)(path - rest), err) ||
        !take_query(u, query ? query + 1 : "", err))
        return false;
    if (u->tls_none && u->user[0] && !smtp_url_is_local(u))
        return err_set(err, ERR_USAGE,
                       "with tls=none the password would cross the network in the clear: leave one "
                       "of them out");
    return true;
}
