/* Counters and histograms: see metrics.h. */
#include "core/metrics.h"

#include "base/str.h"

#include <string.h>

static const double request_bounds[METRICS_BUCKETS] = {0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5,
                                                       0.75, 1,     2.5,  5,   10,   30,   60};
static const double queue_bounds[METRICS_BUCKETS] = {0.1, 0.25, 0.5, 1,    2.5,  5,     10,
                                                     30,  60,   300, 1800, 7200, 21600, 86400};

/* Codes somebody waits for: there from the start, so that their first increase is seen. */
static void expect(struct metrics_by *by, const char *value) {
    str_copy(by->of[by->count++].value, sizeof by->of[0].value, value);
}

void metrics_init(struct metrics *m, const char *provider) {
    memset(m, 0, sizeof *m);
    str_copy_line(m->provider, sizeof m->provider, provider);
    m->request_s.bounds = request_bounds;
    m->queue_s.bounds = queue_bounds;
    expect(&m->failed, "uncertain");
}

void metrics_count(struct metrics_by *by, const char *value) {
    char name[sizeof by->of[0].value];
    str_copy_line(name, sizeof name, value);
    for (int i = 0; i < by->count; i++)
        if (str_eq(by->of[i].value, name)) {
            by->of[i].n++;
            return;
        }
    if (by->count == METRICS_VALUES || str_eq(name, "other")) {
        by->other++;
        return;
    }
    expect(by, name);
    by->of[by->count - 1].n = 1;
}

void metrics_took(struct histogram *h, double seconds) {
    double s = seconds > 0 ? seconds : 0; /* clocks of two machines, or not a number */
    int i = 0;
    while (i < METRICS_BUCKETS && s > h->bounds[i])
        i++;
    *(i < METRICS_BUCKETS ? &h->in[i] : &h->beyond) += 1;
    h->sum += s;
}
