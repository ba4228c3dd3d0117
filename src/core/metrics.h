/* What this process's worker counted since it started: counters and histograms of a fixed size, so
 * that all of it can be copied under the board's mutex. Pure: counted by the worker's thread, read
 * from copies. */
#ifndef POSTROOM_CORE_METRICS_H
#define POSTROOM_CORE_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* How often each of some values came; values beyond the room for them are one, "other". */
#define METRICS_VALUES 32
struct metrics_by {
    struct {
        char value[64];
        int64_t n;
    } of[METRICS_VALUES];
    int count;
    int64_t other;
};

/* How many were at most bounds[i], and above bounds[i - 1]; past the last bound: `beyond`. */
#define METRICS_BUCKETS 14
struct histogram {
    const double *bounds; /* seconds; METRICS_BUCKETS of them */
    int64_t in[METRICS_BUCKETS];
    int64_t beyond;
    double sum;
};

struct metrics {
    char provider[32];
    int64_t sent;
    int64_t throttled;          /* answers that asked us to slow down */
    struct metrics_by failed;   /* attempts, by error code */
    struct metrics_by requests; /* by HTTP status, or how they ended without one */
    struct histogram request_s; /* a request on the wire */
    struct histogram queue_s;   /* a message, from when it was first due until it was sent */
};

void metrics_init(struct metrics *m, const char *provider);
void metrics_count(struct metrics_by *by, const char *value);
void metrics_took(struct histogram *h, double seconds); /* below 0 counts as 0 */

#endif
