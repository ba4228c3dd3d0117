/* From a value's text to the field of struct settings, or to a sentence that says what is allowed.
 * Pure but for KEY_PATH, which looks whether the file can be read. Any thread. */
#include "base/str.h"
#include "config/keys.h"
#include "core/message.h"
#include "core/smtp_url.h"

#include <string.h>
#include <unistd.h>

static void *field(const struct key *k, struct settings *s) {
    return (char *)s + k->offset;
}

static void format_ms(char *dst, size_t size, double ms) {
    static const struct {
        double unit;
        const char *name;
    } units[] = {{24 * 3600e3, "d"}, {3600e3, "h"}, {60e3, "m"}, {1e3, "s"}, {1, "ms"}};
    size_t i = 0;
    while (i < 4 && (ms < units[i].unit || (int64_t)ms % (int64_t)units[i].unit != 0))
        i++;
    str_format(dst, size, "%.0f%s", ms / units[i].unit, units[i].name);
}

static bool refuse_number(const struct key *k, const char *what, struct err *err) {
    return err_set(err, ERR_USAGE, "allowed is %s from %g to %.15g%s%s", what, k->low, k->high,
                   k->words ? ", or " : "", k->words ? k->words : "");
}

static bool parse_whole(const struct key *k, const char *text, int64_t *out, struct err *err) {
    *out = 0;
    if (k->words && strcmp(text, k->words) == 0)
        return true;
    if (!str_to_int64(text, out) || (double)*out < k->low || (double)*out > k->high)
        return refuse_number(k, "a whole number", err);
    return true;
}

static bool parse_number(const struct key *k, const char *text, double *out, struct err *err) {
    double n = 0;
    bool zero = k->words && strcmp(text, k->words) == 0;
    /* written so that "nan" is refused */
    if (!zero && !(str_to_double(text, &n) && n >= k->low && n <= k->high))
        return refuse_number(k, "a number", err);
    *out = n;
    return true;
}

/* "10 %" or "0.1" */
static bool parse_share(const char *text, double *out, struct err *err) {
    char digits[32];
    double n = 0, unit = 1;
    bool fits = str_copy(digits, sizeof digits, text);
    size_t len = strlen(digits);
    if (fits && len > 0 && digits[len - 1] == '%') {
        digits[len - 1] = '\0';
        unit = 100;
    }
    if (!fits || !str_to_double(str_trim(digits), &n) || !(n >= 0 && n <= unit))
        return err_set(err, ERR_USAGE, "allowed is 0 %% to 100 %%, or 0 to 1");
    *out = n / unit;
    return true;
}

static bool refuse_duration(const struct key *k, const char *what, struct err *err) {
    char low[24], high[24];
    format_ms(low, sizeof low, k->low);
    format_ms(high, sizeof high, k->high);
    return err_set(err, ERR_USAGE, "allowed is %s from %s to %s", what, low, high);
}

static bool parse_duration(const struct key *k, const char *text, int64_t *out) {
    return str_to_duration_ms(text, out) && (double)*out >= k->low && (double)*out <= k->high;
}

/* "30s..1h" */
static bool parse_span(const struct key *k, const char *text, int64_t *out, struct err *err) {
    char first[32];
    const char *dots = strstr(text, "..");
    size_t n = dots ? (size_t)(dots - text) : 0;
    if (n == 0 || n >= sizeof first)
        return refuse_duration(k, "SHORTEST..LONGEST (like 30s..1h),", err);
    memcpy(first, text, n);
    first[n] = '\0';
    char last[32];
    bool fits = str_copy(last, sizeof last, dots + 2);
    int64_t low = 0, high = 0;
    if (!fits || !parse_duration(k, str_trim(first), &low) ||
        !parse_duration(k, str_trim(last), &high))
        return refuse_duration(k, "SHORTEST..LONGEST (like 30s..1h),", err);
    if (low > high)
        return err_set(err, ERR_USAGE, "the shorter wait stands first: SHORTEST..LONGEST");
    out[0] = low;
    out[1] = high;
    return true;
}

static bool parse_choice(const struct key *k, const char *text, int *out, struct err *err) {
    size_t n = strlen(text);
    int place = 0;
    for (const char *w = k->words; *w; place++) {
        size_t len = strcspn(w, " ");
        if (len == n && memcmp(w, text, n) == 0) {
            *out = place;
            return true;
        }
        w += len + (w[len] == ' ');
    }
    return err_set(err, ERR_USAGE, "allowed are: %s", k->words);
}

static bool check_url(char *text, struct err *err) {
    size_t scheme = str_starts(text, "https://") ? 8 : str_starts(text, "http://") ? 7 : 0;
    if (scheme == 0 || text[scheme] == '\0' || text[scheme] == '/' || strchr(text, ' '))
        return err_set(err, ERR_USAGE, "allowed is a URL like https://api.example.com");
    if (text[scheme + strcspn(text + scheme, "@/?#")] == '@')
        return err_set(err, ERR_USAGE, "no user or password may stand in it");
    for (size_t n = strlen(text); n > scheme && text[n - 1] == '/'; n--)
        text[n - 1] = '\0';
    return true;
}

static bool check_smtp(const char *text, struct err *err) {
    struct smtp_url u;
    bool good = *text == '\0' || smtp_url_parse(&u, text, err);
    explicit_bzero(&u, sizeof u);
    return good;
}

static bool check_path(const char *text, struct err *err) {
    if (*text && access(text, R_OK) != 0)
        return err_set(err, ERR_USAGE, "allowed is a file that can be read: %m");
    return true;
}

static bool check_mailbox(const char *text, struct err *err) {
    struct err why;
    if (*text && !mailbox_check(text, NULL, &why))
        return err_set(err, ERR_USAGE, "allowed is a@b or Name <a@b>: %s", why.text);
    return true;
}

/* As it stands behind "Authorization: Bearer". */
static bool check_token(const struct key *k, const char *text, struct err *err) {
    size_t n = strlen(text);
    bool good = true;
    for (const char *c = text; *c; c++)
        good = good && *c > ' ' && *c < 0x7f;
    if (n > 0 && (!good || (double)n < k->low || (double)n > k->high))
        return err_set(err, ERR_USAGE,
                       "allowed are %.0f to %.0f characters of ASCII without blanks, for example "
                       "from `openssl rand -hex 32`",
                       k->low, k->high);
    return true;
}

/* scheme://host[:port], as browsers write an Origin. */
static bool is_origin(const char *s, size_t n) {
    size_t scheme = str_starts(s, "https://") ? 8 : str_starts(s, "http://") ? 7 : 0;
    if (n == 1 && *s == '*')
        return true;
    return scheme > 0 && n > scheme && strcspn(s + scheme, "/?#@*\\\"'<>") >= n - scheme;
}

static bool check_origins(const char *text, struct err *err) {
    for (const char *s = text + strspn(text, ", "); *s; s += strspn(s, ", ")) {
        size_t n = strcspn(s, ", ");
        if (!is_origin(s, n))
            return err_set(err, ERR_USAGE,
                           "allowed are origins like https://app.example (no path, no slash at the "
                           "end), several with commas, or *");
        s += n;
    }
    return true;
}

static bool check_name(const struct key *k, const char *text, struct err *err) {
    size_t n = strlen(text);
    if ((double)n < k->low || (double)n > k->high)
        return err_set(err, ERR_USAGE, "allowed is a name of %.0f to %.0f bytes", k->low, k->high);
    return true;
}

static bool check_text(const struct key *k, char *text, struct err *err) {
    switch (k->type) {
    case KEY_URL:
        return (*text == '\0' && *k->fallback == '\0') || check_url(text, err);
    case KEY_SMTP:
        return check_smtp(text, err);
    case KEY_PATH:
        return check_path(text, err);
    case KEY_MAILBOX:
        return check_mailbox(text, err);
    case KEY_NAME:
        return check_name(k, text, err);
    case KEY_TOKEN:
        return check_token(k, text, err);
    case KEY_ORIGINS:
        return check_origins(text, err);
    default:
        return true;
    }
}

bool key_parse(const struct key *k, char *text, struct settings *s, struct err *err) {
    int64_t n = 0;
    switch (k->type) {
    case KEY_INT:
        if (!parse_whole(k, text, &n, err))
            return false;
        *(int *)field(k, s) = (int)n;
        return true;
    case KEY_COUNT:
        return parse_whole(k, text, field(k, s), err);
    case KEY_NUMBER:
        return parse_number(k, text, field(k, s), err);
    case KEY_SHARE:
        return parse_share(text, field(k, s), err);
    case KEY_DURATION:
        return parse_duration(k, text, field(k, s)) || refuse_duration(k, "a duration", err);
    case KEY_SPAN:
        return parse_span(k, text, field(k, s), err);
    case KEY_CHOICE:
        return parse_choice(k, text, field(k, s), err);
    default:
        if (!check_text(k, text, err))
            return false;
        *(const char **)field(k, s) = text;
        return true;
    }
}
