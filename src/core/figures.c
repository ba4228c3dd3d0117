/* Numbers and times as people read them. Pure; any thread. */
#include "core/figures.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/snapshot.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct figure unknown(void) {
    return (struct figure){"?"};
}

/* Three digits at a time, cut (not rounded) from a million on, so that nothing is overstated. */
static void count_text(char *dst, size_t size, int64_t n) {
    if (n >= 1000 * INT64_C(1000000))
        str_format(dst, size, "%d.%02dG", (int)(n / 1000000000), (int)(n / 10000000 % 100));
    else if (n >= 1000000)
        str_format(dst, size, "%d.%02dM", (int)(n / 1000000), (int)(n / 10000 % 100));
    else if (n >= 1000)
        str_format(dst, size, "%d,%03d", (int)(n / 1000), (int)(n % 1000));
    else
        str_format(dst, size, "%d", (int)n);
}

struct figure figure_count(int64_t n) {
    struct figure f = unknown();
    if (n >= 0)
        count_text(f.text, sizeof f.text, n);
    return f;
}

struct figure figure_count_capped(int64_t n, bool capped) {
    struct figure plain = figure_count(n), f = plain;
    if (capped)
        str_format(f.text, sizeof f.text, "%.20s+", plain.text);
    return f;
}

struct figure figure_rate(double per_second) {
    struct figure f = unknown();
    if (per_second >= 1000)
        return figure_count((int64_t)per_second);
    if (per_second >= 0)
        str_format(f.text, sizeof f.text, "%.1f", per_second);
    return f;
}

struct figure figure_change(int64_t per_min) {
    struct figure f = unknown();
    if (per_min == SNAP_NO_RATE)
        return f;
    struct figure n = figure_count(llabs(per_min));
    str_format(f.text, sizeof f.text, "%s%.20s",
               per_min > 0   ? "+"
               : per_min < 0 ? "-"
                             : "",
               n.text);
    return f;
}

struct figure figure_percent(double part, double whole) {
    struct figure f = unknown();
    if (part < 0 || whole <= 0)
        return f;
    double percent = part / whole * 100;
    if (percent > 9999)
        percent = 9999;
    bool small = percent > 0 && percent < 0.95;
    if (small && percent < 0.1)
        percent = 0.1; /* never "0.0%" for something that happened */
    str_format(f.text, sizeof f.text, small ? "%.1f%%" : "%.0f%%", percent);
    return f;
}

static struct figure age(int64_t us, int step_s) {
    struct figure f;
    if (us < 0)
        us = 0;
    int seconds = (int)(us % MINUTE / USEC_PER_SEC);
    if (us < MINUTE)
        str_format(f.text, sizeof f.text, "%ds",
                   seconds < 10 ? seconds : seconds / step_s * step_s);
    else if (us < HOUR)
        str_format(f.text, sizeof f.text, "%dm", (int)(us / MINUTE));
    else if (us < DAY)
        str_format(f.text, sizeof f.text, "%dh%02dm", (int)(us / HOUR), (int)(us % HOUR / MINUTE));
    else
        str_format(f.text, sizeof f.text, "%lldd", (long long)(us / DAY));
    return f;
}

struct figure figure_age(int64_t us) {
    return age(us, 5);
}

struct figure figure_age_exact(int64_t us) {
    return age(us, 1);
}

static _Thread_local bool local_zone;

void figures_local(bool local) {
    local_zone = local;
}

static bool split(int64_t at_us, struct tm *tm) {
    time_t t = (time_t)(at_us / USEC_PER_SEC);
    return at_us >= 0 && (local_zone ? localtime_r(&t, tm) : gmtime_r(&t, tm)) != NULL;
}

const char *figure_zone(void) {
    static _Thread_local char zone[8];
    struct tm tm;
    if (!local_zone || !split(clock_wall_us(), &tm))
        return "UTC";
    long minutes = tm.tm_gmtoff / 60, size = labs(minutes) % 6000;
    str_format(zone, sizeof zone, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60, size % 60);
    return zone;
}

/* Are both on one day of the zone? */
static bool same_day(int64_t a_us, int64_t b_us) {
    struct tm a, b;
    return split(a_us, &a) && split(b_us, &b) && a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

struct figure figure_clock(int64_t at_us) {
    struct figure f = unknown();
    struct tm tm;
    if (split(at_us, &tm))
        str_format(f.text, sizeof f.text, "%02d:%02d", tm.tm_hour, tm.tm_min);
    return f;
}

struct figure figure_clock_s(int64_t at_us) {
    struct figure f = unknown();
    struct tm tm;
    if (split(at_us, &tm))
        str_format(f.text, sizeof f.text, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    return f;
}

/* Month names by hand: strftime's follow the locale. */
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct figure figure_when(int64_t at_us, int64_t now_us) {
    struct tm tm;
    if (same_day(at_us, now_us) || !split(at_us, &tm))
        return figure_clock(at_us);
    struct figure f;
    str_format(f.text, sizeof f.text, "%d %s", tm.tm_mday, months[tm.tm_mon]);
    return f;
}

struct figure figure_second(int64_t at_us, int64_t now_us) {
    return same_day(at_us, now_us) ? figure_clock_s(at_us) : figure_when(at_us, now_us);
}

struct figure figure_moment(int64_t at_us, int64_t now_us) {
    struct figure f, clock = figure_clock_s(at_us);
    struct tm tm, now;
    char year[8] = "";
    if (same_day(at_us, now_us) || !split(at_us, &tm) || !split(now_us, &now))
        return clock;
    if (tm.tm_year != now.tm_year)
        str_format(year, sizeof year, " %04d", (tm.tm_year + 1900) % 10000);
    str_format(f.text, sizeof f.text, "%d %s%s %.8s", tm.tm_mday, months[tm.tm_mon], year,
               clock.text);
    return f;
}
