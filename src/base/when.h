/* Times as people type them. Pure but for the clock. */
#ifndef POSTROOM_BASE_WHEN_H
#define POSTROOM_BASE_WHEN_H

#include "base/err.h"

#include <stdint.h>

struct when {
    int64_t us;    /* wall time by this machine's clock; 0: not given */
    bool relative; /* counted from now: to be corrected by the database's clock */
};

/* ISO 8601 ("2026-11-21T23:00", "2026-11-21 23:00:05+01:00"; UTC unless it says otherwise), a date,
 * or a distance from now ("10m", "2d"): before it where `ago`, else after it ("+10m" is the same).
 */
bool when_parse(const char *text, bool ago, struct when *out, struct err *err) MUST_CHECK;

/* By the database's clock, which is `skew_us` ahead of ours. 0 stays 0. */
int64_t when_at(const struct when *w, int64_t skew_us);

#endif
