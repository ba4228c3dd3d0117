/* Numbers and times as people read them: 41,870, 1.20M, 47m, 20h47m, 03:07, 20 Sep, 61%.
 * One way for the dashboard, `status` and the log. Pure but for the zone; any thread.
 *
 * Every function writes a short text into a struct figure and returns it, so that calls can stand
 * inside the arguments of a format. What is unknown is "?". */
#ifndef POSTROOM_CORE_FIGURES_H
#define POSTROOM_CORE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct figure {
    char text[24];
};

struct figure figure_count(int64_t n);                     /* "41,870", "1.20M"; < 0: "?" */
struct figure figure_count_capped(int64_t n, bool capped); /* "10,000+" */
struct figure figure_rate(double per_second);              /* "2.2"; < 0: "?" */
struct figure figure_change(int64_t per_min);              /* "+31", "0", "-5"; SNAP_NO_RATE: "?" */
struct figure figure_percent(double part, double whole);   /* "61%", "0.4%"; unknown: "?" */

/* Ages are cut, not rounded: "9s", "55s" in steps of 5, "47m", "20h47m", "2d"; never negative. */
struct figure figure_age(int64_t us);
struct figure figure_age_exact(int64_t us); /* the same, but each second below a minute */

/* The zone of all times below: UTC, or the process's own, for the calling thread alone (its window
 * shows them so). figure_zone: "UTC", or "+02:00" as of now. */
void figures_local(bool local);
const char *figure_zone(void);

/* A time of day: "03:07" and "03:12:06"; on another day than now: "20 Sep". < 0: "?" */
struct figure figure_clock(int64_t at_us);
struct figure figure_clock_s(int64_t at_us);
struct figure figure_when(int64_t at_us, int64_t now_us);

/* Down to the second today, else the day: "03:12:06", "20 Sep". */
struct figure figure_second(int64_t at_us, int64_t now_us);

/* The whole of it: "03:12:06", on another day "20 Sep 03:12:06", in another year with that too. */
struct figure figure_moment(int64_t at_us, int64_t now_us);

#endif
