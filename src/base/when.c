/* Absolute times are completed to what the clock module reads (seconds, UTC); their offset is taken
 * off by hand. Distances count from this machine's now; the caller corrects them by the skew. */
#include "base/when.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)

static bool distance(const char *text, bool ago, int64_t *us) {
    int64_t ms;
    if (*text == '+' && !ago)
        text++;
    size_t n = strlen(text);
    if (n == 0 || isdigit((unsigned char)text[n - 1]) || !str_to_duration_ms(text, &ms) ||
        ms > INT64_C(366) * 100 * 24 * 3600 * 1000)
        return false;
    int64_t now = clock_wall_us();
    *us = ago ? now - ms * USEC_PER_MS : now + ms * USEC_PER_MS;
    return true;
}

/* Cuts "+02:00", "-0530" or "+02" off the end; minutes east of Greenwich. */
static int64_t cut_offset(char *text) {
    size_t n = strlen(text);
    for (size_t len = 3; len <= 6; len++) {
        char *sign = n > 10 + len ? text + n - len : NULL;
        if (!sign || (*sign != '+' && *sign != '-') || len == 4)
            continue;
        int64_t hours, minutes = 0;
        char digits[3] = {sign[1], sign[2], '\0'};
        if (!str_to_int64(digits, &hours) ||
            (len > 3 && !str_to_int64(sign + (len == 6 ? 4 : 3), &minutes)) || minutes > 59)
            continue;
        int64_t east = hours * 60 + minutes;
        east = *sign == '-' ? -east : east;
        *sign = '\0';
        return east;
    }
    return 0;
}

static bool absolute(const char *text, int64_t *us) {
    char full[48], zoneless[40];
    if (!str_copy(zoneless, sizeof zoneless, text))
        return false;
    int64_t east = cut_offset(zoneless);
    size_t n = strlen(zoneless);
    if (n > 0 && (zoneless[n - 1] == 'Z' || zoneless[n - 1] == 'z'))
        zoneless[--n] = '\0';
    const char *rest = n == strlen("2026-11-21")         ? "T00:00:00"
                       : n == strlen("2026-11-21T23:00") ? ":00"
                                                         : "";
    str_format(full, sizeof full, "%s%sZ", zoneless, rest);
    if (!clock_parse_utc(full, us))
        return false;
    *us -= east * USEC_PER_MINUTE;
    return true;
}

bool when_parse(const char *text, bool ago, struct when *out, struct err *err) {
    out->relative = distance(text, ago, &out->us);
    if (out->relative || absolute(text, &out->us))
        return true;
    return err_set(err, ERR_USAGE, "\"%.60s\" is no time: write 2026-11-21T23:00 (UTC), a date, %s",
                   text, ago ? "or how long ago, like 2h or 3d" : "or a delay, like +10m or +2h");
}

int64_t when_at(const struct when *w, int64_t skew_us) {
    return w->us == 0 || !w->relative ? w->us : w->us + skew_us;
}
