/* Filling the error carrier. Texts come from everywhere (servers, files, rows), so what is stored
 * is always one line of valid UTF-8 without control characters. Any thread. */
#include "base/err.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

PRINTF_LIKE(3, 0)
static bool fill(struct err *err, enum err_code code, const char *fmt, va_list args) {
    if (!err) {
        return false;
    }
    char raw[sizeof err->text]; /* the arguments may point into err->text itself */
    if (vsnprintf(raw, sizeof raw, fmt, args) < 0) {
        raw[0] = '\0';
    }
    size_t n = strlen(raw);
    while (n > 0 && (raw[n - 1] == '\n' || raw[n - 1] == '\r' || raw[n - 1] == ' ')) {
        raw[--n] = '\0';
    }
    err->code = code;
    err->sqlstate[0] = '\0';
    str_copy_line(err->text, sizeof err->text, raw);
    return false;
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    fill(err, code, fmt, args);
    va_end(args);
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...) {
    if (!err) {
        return false;
    }
    struct err prefix;
    va_list args;
    va_start(args, fmt);
    fill(&prefix, err->code, fmt, args);
    va_end(args);

    char before[sizeof err->text];
    str_copy(before, sizeof before, err->text);
    str_format(err->text, sizeof err->text, "%s: %s", prefix.text, before);
    return false;
}

bool err_nomem(struct err *err) {
    return err_set(err, ERR_NOMEM, "out of memory");
}
