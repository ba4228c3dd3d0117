/* Reading the two clocks, and UTC times as text. The shifts are atomic: tests move time while
 * threads run. */
#include "base/clock.h"

#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t boot_shift_us;
static _Atomic int64_t wall_shift_us;

static int64_t read_clock(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

int64_t clock_boot_us(void) {
    return read_clock(CLOCK_BOOTTIME) + atomic_load(&boot_shift_us);
}

int64_t clock_wall_us(void) {
    return read_clock(CLOCK_REALTIME) + atomic_load(&wall_shift_us);
}

void clock_shift(int64_t boot_us, int64_t wall_us) {
    atomic_store(&boot_shift_us, boot_us);
    atomic_store(&wall_shift_us, wall_us);
}

void clock_format_utc(char *dst, size_t size, int64_t wall_us) {
    int64_t us = wall_us % USEC_PER_SEC;
    int64_t whole = wall_us / USEC_PER_SEC;
    if (us < 0) { /* before 1970 the fraction still counts upwards */
        us += USEC_PER_SEC;
        whole--;
    }
    time_t seconds = (time_t)whole;
    struct tm t;
    if (!gmtime_r(&seconds, &t) || t.tm_year < -1900 || t.tm_year > 9999 - 1900) {
        str_copy(dst, size, "");
        return;
    }
    str_format(dst, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
               t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(us / USEC_PER_MS));
}

/* n digits at *s as a number, stepping over them and then over `after` (0: nothing). */
static bool digits(const char **s, int n, char after, int *out) {
    int value = 0;
    for (int i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9') {
            return false;
        }
        value = value * 10 + (**s - '0');
    }
    *out = value;
    if (after != '\0' && *(*s)++ != after) {
        return false;
    }
    return true;
}

/* ".123" as microseconds; what is finer is cut. No point: 0. */
static bool fraction(const char **s, int64_t *us) {
    *us = 0;
    if (**s != '.') {
        return true;
    }
    (*s)++;
    int64_t unit = USEC_PER_SEC;
    const char *first = *s;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        unit /= 10;
        *us += (**s - '0') * unit;
    }
    return *s > first;
}

static bool is_utc_suffix(const char *s) {
    return str_eq(s, "Z") || str_eq(s, "+00") || str_eq(s, "+00:00") || str_eq(s, "");
}

int clock_parse_utc(const char *text, int64_t *wall_us) {
    const char *s = text;
    int year, month, day, hour, minute, second;
    int64_t us;
    if (!s || !digits(&s, 4, '-', &year) || !digits(&s, 2, '-', &month) ||
        !digits(&s, 2, '\0', &day) || (*s != 'T' && *s != ' ')) {
        return 0;
    }
    s++;
    if (!digits(&s, 2, ':', &hour) || !digits(&s, 2, ':', &minute) ||
        !digits(&s, 2, '\0', &second) || !fraction(&s, &us) || !is_utc_suffix(s)) {
        return 0;
    }
    struct tm t = {.tm_year = year - 1900,
                   .tm_mon = month - 1,
                   .tm_mday = day,
                   .tm_hour = hour,
                   .tm_min = minute,
                   .tm_sec = second};
    time_t seconds = timegm(&t); /* puts dates that do not exist right: those are refused */
    if (t.tm_mon != month - 1 || t.tm_mday != day || t.tm_hour != hour || t.tm_min != minute ||
        t.tm_sec != second) {
        return 0;
    }
    *wall_us = (int64_t)seconds * USEC_PER_SEC + us;
    return 1;
}
