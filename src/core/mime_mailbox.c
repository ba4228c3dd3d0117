/* A row's mailbox is taken apart, its name without the quotes it came with, and put together again
 * with those it needs. Pure; any thread. */
#include "core/mime_mailbox.h"

#include "base/str.h"
#include "core/message.h"

#include <string.h>

#define QUOTED_MAX 70

/* --- reading --------------------------------------------------------------------------------- */

bool mime_address(const char *mailbox, bool utf8, char address[321], struct err *err) {
    if (!mailbox_check(mailbox, address, err))
        return false;
    const char *domain = strrchr(address, '@') + 1;
    if (utf8 || mime_is_ascii(address))
        return true;
    if (!mime_is_ascii(domain))
        return err_set(err, ERR_INVALID,
                       "the domain has letters beyond ASCII: write it in its xn-- form");
    return err_set(err, ERR_INVALID,
                   "the part before the @ has letters beyond ASCII, which only a server with "
                   "SMTPUTF8 takes");
}

/* Bytes of the mailbox before the address (and its <>), blanks at the end left out. */
static size_t name_length(const char *mailbox, const char *address) {
    size_t n = strlen(mailbox), behind = strlen(address) + strlen("<>");
    while (n > 0 && mailbox[n - 1] == ' ')
        n--;
    n = n > behind && mailbox[n - 1] == '>' ? n - behind : 0;
    while (n > 0 && mailbox[n - 1] == ' ')
        n--;
    return n;
}

static void add_name(struct buf *out, const char *mailbox, const char *address) {
    size_t n = name_length(mailbox, address);
    bool quoted = false;
    for (size_t i = n > 0 ? strspn(mailbox, " ") : 0; i < n; i++) {
        if (mailbox[i] == '"') {
            quoted = !quoted;
            continue;
        }
        if (mailbox[i] == '\\' && quoted && i + 1 < n)
            i++;
        buf_addc(out, mailbox[i]);
    }
}

/* --- writing --------------------------------------------------------------------------------- */

/* Words that need no quotes; two blanks would become one. */
static bool is_phrase(const char *s) {
    static const char atoms[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-/=?^_`{|}~ ";
    return s[strspn(s, atoms)] == '\0' && !strstr(s, "  ");
}

/* "..." with its quotes and backslashes escaped; false: it is too long for that. */
static bool quote(char dst[QUOTED_MAX + 1], const char *s) {
    size_t n = 0;
    dst[n++] = '"';
    for (; *s; s++) {
        if (n + 3 > QUOTED_MAX)
            return false;
        if (*s == '"' || *s == '\\')
            dst[n++] = '\\';
        dst[n++] = *s;
    }
    dst[n++] = '"';
    dst[n] = '\0';
    return true;
}

static void put_name(struct mime_header *h, const char *name) {
    char quoted[QUOTED_MAX + 1];
    if (mime_is_plain(name) && is_phrase(name))
        mime_header_words(h, name);
    else if (mime_is_ascii(name) && !mime_looks_encoded(name) && quote(quoted, name))
        mime_header_word(h, quoted);
    else
        mime_header_encoded(h, name);
}

bool mime_mailbox(struct mime_header *h, const char *mailbox, const char *after, bool utf8,
                  char address[321], struct err *err) {
    struct buf name;
    char word[340];
    if (!mime_address(mailbox, utf8, address, err))
        return false;
    buf_init(&name, SIZE_MAX);
    add_name(&name, mailbox, address);
    put_name(h, buf_text(&name));
    str_format(word, sizeof word, name.len > 0 ? "<%s>%s" : "%s%s", address, after);
    mime_header_word(h, word);
    bool whole = !name.failed;
    buf_free(&name);
    return whole || err_nomem(err);
}
