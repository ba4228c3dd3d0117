/* The headers of an attachment: its type as the row has it, its name as a parameter (RFC 2231 where
 * it is no plain ASCII), its id for the html. Pure; any thread. */
#include "core/mime_file.h"

#include "base/str.h"
#include "core/mime_encode.h"
#include "core/mime_header.h"

#include <string.h>
#include <strings.h>

#define VALUE_MAX 255 /* bytes of a content type or id */

/* --- type ------------------------------------------------------------------------------------ */

static const char *skip_token(const char *s) {
    while (*s > ' ' && *s <= '~' && !strchr("()<>@,;:\\\"/[]?=", *s))
        s++;
    return s;
}

/* Behind its closing quote; s where there is no quoted string. */
static const char *skip_quoted(const char *s) {
    const char *c = s + 1;
    while (*c && *c != '"')
        c += *c == '\\' && c[1] ? 2 : 1;
    return *s == '"' && *c == '"' ? c + 1 : s;
}

/* Behind "; name=value"; NULL where it is none. */
static const char *skip_parameter(const char *s) {
    s += strspn(s, " ");
    if (*s++ != ';')
        return NULL;
    s += strspn(s, " ");
    const char *equals = skip_token(s), *value = equals + 1;
    if (equals == s || *equals != '=')
        return NULL;
    const char *end = *value == '"' ? skip_quoted(value) : skip_token(value);
    return end > value ? end : NULL;
}

/* type/subtype and parameters, as RFC 2045 has them. */
static bool is_type(const char *s) {
    const char *slash = skip_token(s);
    if (!mime_is_ascii(s) || strlen(s) > VALUE_MAX || slash == s || *slash != '/')
        return false;
    const char *end = skip_token(slash + 1);
    if (end == slash + 1)
        return false;
    while (end && *end)
        end = skip_parameter(end);
    return end != NULL;
}

/* A mail within a mail would be read as base64 lines: parts made of parts may not be encoded. */
static bool is_composite(const char *type) {
    return strncasecmp(type, "multipart/", 10) == 0 || strncasecmp(type, "message/", 8) == 0;
}

static bool put_type(struct buf *out, const char *type, struct err *err) {
    struct mime_header h;
    if (!type || is_composite(type))
        type = "application/octet-stream";
    if (!is_type(type))
        return err_set(err, ERR_INVALID, "content_type is not a type like \"image/png\"");
    mime_header_begin(&h, out, "Content-Type");
    mime_header_words(&h, type);
    mime_header_end(&h);
    return true;
}

/* --- name ------------------------------------------------------------------------------------ */

/* Readers disagree about what is quoted within quotes, and some decode encoded-words there. */
static bool is_simple(const char *name) {
    return mime_is_plain(name) && !strpbrk(name, "\"\\%'") && !strstr(name, "=?") &&
           !strstr(name, "  ") && strlen(name) <= MIME_COLUMNS - strlen(" filename=\"\"");
}

static bool is_literal(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_';
}

/* Writes n bytes, all but the literal ones as %XX; how many characters that were, 0: no room. */
static size_t percent(char *dst, size_t room, const char *s, size_t n) {
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = is_literal(s[i]) ? 1 : 3;
        if (used + length > room)
            return 0;
        const char escape[3] = {'%', hex[(unsigned char)s[i] >> 4], hex[(unsigned char)s[i] & 15]};
        memcpy(dst + used, length == 1 ? s + i : escape, length);
        used += length;
    }
    return used;
}

/* As much of the name as fits a line, whole characters; what is left of it. */
static const char *put_section(struct mime_header *h, const char *name, int section) {
    char word[MIME_COLUMNS + 1];
    str_format(word, sizeof word, "filename*%d*=%s", section, section == 0 ? "UTF-8''" : "");
    size_t used = strlen(word);
    while (*name) {
        uint32_t cp;
        size_t n = str_utf8_next(name, strnlen(name, 4), &cp);
        n += n == 0;
        size_t put = percent(word + used, sizeof word - used - strlen(" ;") - 1, name, n);
        if (put == 0)
            break;
        used += put;
        name += n;
    }
    str_copy(word + used, sizeof word - used, *name ? ";" : "");
    mime_header_word(h, word);
    return name;
}

static void put_name(struct mime_header *h, const char *name) {
    char word[MIME_COLUMNS + 1];
    if (is_simple(name)) {
        str_format(word, sizeof word, "filename=\"%s\"", name);
        mime_header_word(h, word);
        return;
    }
    str_copy(word, sizeof word, "filename*=UTF-8''");
    size_t used = strlen(word);
    size_t put = percent(word + used, sizeof word - used - 2, name, strlen(name));
    if (put > 0) {
        word[used + put] = '\0';
        mime_header_word(h, word);
        return;
    }
    for (int section = 0; *name; section++)
        name = put_section(h, name, section);
}

/* --- all ------------------------------------------------------------------------------------- */

/* With or without its <>. */
static bool put_id(struct buf *out, const char *id, struct err *err) {
    size_t n = strlen(id), i = 0;
    if (n >= 2 && id[0] == '<' && id[n - 1] == '>') {
        id++;
        n -= 2;
    }
    while (i < n && id[i] > ' ' && id[i] <= '~' && !strchr("<>\"\\(),;", id[i]))
        i++;
    if (n == 0 || i < n || n > VALUE_MAX)
        return err_set(err, ERR_INVALID, "content_id: use up to %d ASCII letters, digits, . - _ @",
                       VALUE_MAX);
    buf_printf(out, "Content-ID: <%.*s>\r\n", (int)n, id);
    return true;
}

bool mime_file(struct buf *out, const struct json *file, bool inlined, struct err *err) {
    const char *name = json_get_text(file, "filename"), *id = json_get_text(file, "content_id");
    const char *content = json_get_text(file, "content");
    struct mime_header h;
    if (str_is_blank(name) || !str_is_clean(name) || !content)
        return err_set(err, ERR_INVALID, "filename or content is missing or not clean");
    if (!put_type(out, json_get_text(file, "content_type"), err) || (id && !put_id(out, id, err)))
        return false;
    mime_header_begin(&h, out, "Content-Disposition");
    mime_header_word(&h, inlined ? "inline;" : "attachment;");
    put_name(&h, name);
    mime_header_end(&h);
    buf_puts(out, "Content-Transfer-Encoding: base64\r\n\r\n");
    return mime_rewrap(out, content) || err_set(err, ERR_INVALID, "content is not base64");
}
