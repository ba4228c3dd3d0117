/* The only place that reads clocks, so that tests can move time. Microseconds everywhere.
 *
 * boot: time since boot, counting suspension: leases, deadlines, pacing. Never set back.
 * wall: UTC since 1970, for display only; the database's clock decides what is due. Any thread. */
#ifndef POSTROOM_BASE_CLOCK_H
#define POSTROOM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define USEC_PER_MS INT64_C(1000)
#define USEC_PER_SEC INT64_C(1000000)

int64_t clock_boot_us(void);
int64_t clock_wall_us(void);

/* Test hook: added to both from now on. */
void clock_shift(int64_t boot_us, int64_t wall_us);

/* "2026-11-21T23:28:01.123Z" (24 characters and a NUL: size >= 25) of a wall time; and back
 * (fraction and "+00", "+00:00" or "Z" accepted, 'T' or ' ' between). */
void clock_format_utc(char *dst, size_t size, int64_t wall_us);
int clock_parse_utc(const char *text, int64_t *wall_us); /* 1: parsed */

#endif
