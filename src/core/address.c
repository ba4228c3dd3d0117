/* Is this one mailbox? Pragmatic RFC 5321/5322 with UTF-8: what providers take in practice, and
 * nothing that could be read as a second recipient or a second line. Pure; any thread. */
#include "base/str.h"
#include "core/message.h"

#include <arpa/inet.h>
#include <string.h>

#define LOCAL_MAX 64
#define DOMAIN_MAX 255
#define LABEL_MAX 63

/* The '<' that opens the address of "Name <a@b>"; NULL for a bare address. Quotes hide it. */
static const char *opening_bracket(const char *s, size_t n) {
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && quoted) {
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (s[i] == '<' && !quoted) {
            return s + i;
        }
    }
    return NULL;
}

static void trim(const char **s, size_t *n) {
    while (*n > 0 && **s == ' ') {
        (*s)++;
        (*n)--;
    }
    while (*n > 0 && (*s)[*n - 1] == ' ') {
        (*n)--;
    }
}

void message_bare_address(char *dst, size_t size, const char *mailbox) {
    const char *s = mailbox ? mailbox : "";
    size_t n = strlen(s);
    const char *open = opening_bracket(s, n);
    if (open) {
        s = open + 1;
        n = strcspn(s, ">");
    }
    trim(&s, &n);
    str_format(dst, size, "%.*s", (int)(n < INT32_MAX ? n : INT32_MAX), s);
}

void message_name(struct buf *name, const char *mailbox) {
    const char *s = mailbox ? mailbox : "";
    const char *open = opening_bracket(s, strlen(s));
    size_t n = open ? (size_t)(open - s) : 0;
    bool quoted = false;
    trim(&s, &n);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && s[i] == '\\' && i + 1 < n) {
            i++;
        }
        buf_addc(name, s[i]);
    }
}

/* --- the address ----------------------------------------------------------------------------- */

static bool is_alnum(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Letters beyond ASCII are fine, blanks and what acts without showing are not. */
static bool has_hidden(const char *s, size_t n) {
    while (n > 0) {
        uint32_t cp;
        size_t len = str_utf8_next(s, n, &cp);
        if (len == 0 || str_is_hidden(cp) || cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200a) ||
            cp == 0x202f || cp == 0x205f || cp == 0x3000) {
            return true;
        }
        s += len;
        n -= len;
    }
    return false;
}

static bool is_quoted_local(const char *s, size_t n) {
    if (n < 3 || s[0] != '"' || s[n - 1] != '"') {
        return false;
    }
    if (memchr(s, '<', n) || memchr(s, '>', n)) {
        return false; /* some would read a second address there */
    }
    for (size_t i = 1; i < n - 1; i++) {
        if (s[i] == '"') {
            return false;
        }
        if (s[i] == '\\' && ++i == n - 1) {
            return false; /* the closing quote is escaped */
        }
    }
    return true;
}

static bool is_local(const char *s, size_t n) {
    if (n == 0 || n > LOCAL_MAX) {
        return false;
    }
    if (s[0] == '"') {
        return is_quoted_local(s, n);
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool dot_is_fine = i > 0 && i < n - 1 && s[i - 1] != '.';
        if (c == '.' ? !dot_is_fine
                     : !(is_alnum(c) || c >= 0x80 || strchr("!#$%&'*+-/=?^_`{|}~", c))) {
            return false;
        }
    }
    return true;
}

static bool is_ip_literal(const char *s, size_t n) {
    char text[INET6_ADDRSTRLEN + 8];
    unsigned char address[16];
    if (n < 3 || n - 1 > sizeof text || s[n - 1] != ']') {
        return false;
    }
    str_format(text, sizeof text, "%.*s", (int)(n - 2), s + 1);
    if (strncasecmp(text, "IPv6:", 5) == 0) {
        return inet_pton(AF_INET6, text + 5, address) == 1;
    }
    return inet_pton(AF_INET, text, address) == 1;
}

static bool is_domain(const char *s, size_t n) {
    if (n == 0 || n > DOMAIN_MAX) {
        return false;
    }
    if (s[0] == '[') {
        return is_ip_literal(s, n);
    }
    size_t label = 0; /* bytes of the current one */
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)s[i] : '.';
        if (c == '.') {
            if (label == 0 || label > LABEL_MAX || s[i - 1] == '-') {
                return false;
            }
            label = 0;
        } else if (is_alnum(c) || c >= 0x80 || c == '_' || (c == '-' && label > 0)) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

/* The '@' between local part and domain: the last one, as a quoted local part may have others. */
static bool check_address(const char *s, size_t n, struct err *err) {
    if (n == 0) {
        return err_set(err, ERR_INVALID, "the address is empty");
    }
    if (n > LOCAL_MAX + 1 + DOMAIN_MAX) {
        return err_set(err, ERR_INVALID, "the address is longer than %d bytes",
                       LOCAL_MAX + 1 + DOMAIN_MAX);
    }
    if (memchr(s, ',', n) && s[0] != '"') {
        return err_set(err, ERR_INVALID, "more than one address; one recipient per entry");
    }
    const char *at = memrchr(s, '@', n);
    if (!at) {
        return err_set(err, ERR_INVALID, "there is no @ in the address");
    }
    if (has_hidden(s, n)) {
        return err_set(err, ERR_INVALID, "the address has invisible characters in it");
    }
    size_t local = (size_t)(at - s);
    if (!is_local(s, local)) {
        return err_set(err, ERR_INVALID, "the part before the @ is not valid");
    }
    if (!is_domain(at + 1, n - local - 1)) {
        return err_set(err, ERR_INVALID, "the domain after the @ is not valid");
    }
    return true;
}

/* --- the name before it ---------------------------------------------------------------------- */

static bool check_name(const char *s, size_t n, struct err *err) {
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && quoted) {
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && strchr(",;<>@", s[i])) {
            return err_set(err, ERR_INVALID,
                           "the name before the address has \"%c\" in it; put the name in double "
                           "quotes, and one recipient per entry",
                           s[i]);
        }
    }
    if (quoted) {
        return err_set(err, ERR_INVALID, "the name before the address lacks a closing quote");
    }
    return true;
}

bool mailbox_check(const char *mailbox, char address[321], struct err *err) {
    const char *s = mailbox ? mailbox : "";
    if (!str_is_clean(s)) {
        return err_set(err, ERR_INVALID, "line breaks or control characters in it");
    }
    size_t n = strlen(s);
    trim(&s, &n);
    const char *open = opening_bracket(s, n);
    if (open) {
        if (s[n - 1] != '>') {
            return err_set(err, ERR_INVALID, "it must end with the > that closes the address");
        }
        if (!check_name(s, (size_t)(open - s), err)) {
            return false;
        }
        n -= (size_t)(open - s) + 2;
        s = open + 1;
    }
    if (!check_address(s, n, err)) {
        return false;
    }
    if (address) {
        str_format(address, 321, "%.*s", (int)n, s);
    }
    return true;
}
