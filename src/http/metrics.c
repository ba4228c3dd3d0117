/* GET /metrics: the worker's counters from the board, the rest from the database over the desk, as
 * Prometheus' text. A database that does not answer leaves its samples out; the worker's own are
 * always there. Runs on the HTTP server's threads; the printing is pure. */
#include "base/str.h"
#include "http/route.h"

#define ANSWER_MS 3000 /* scrapers wait for ten seconds as a rule */

/* --- text ------------------------------------------------------------------------------------- */

static void head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP postroom_%s %s\n# TYPE postroom_%s %s\n", name, help, name, type);
}

static void put_label(struct buf *out, const char *name, const char *value, bool first) {
    buf_printf(out, "%s%s=\"", first ? "{" : ",", name);
    for (const char *c = value; *c; c++) {
        if (*c == '\\' || *c == '"')
            buf_addc(out, '\\');
        if (*c == '\n')
            buf_puts(out, "\\n");
        else
            buf_addc(out, *c);
    }
    buf_addc(out, '"');
}

struct label {
    const char *name, *value;
};

/* postroom_NAME{labels}, the value is the caller's; labels end with a nameless one. */
static void put_name(struct buf *out, const char *name, const struct label *labels) {
    buf_printf(out, "postroom_%s", name);
    for (int i = 0; labels && labels[i].name; i++)
        put_label(out, labels[i].name, labels[i].value, i == 0);
    buf_puts(out, labels && labels[0].name ? "} " : " ");
}

static void sample(struct buf *out, const char *name, const struct label *labels, int64_t n) {
    put_name(out, name, labels);
    buf_printf(out, "%lld\n", (long long)n);
}

static void sample_f(struct buf *out, const char *name, const struct label *labels, double x) {
    put_name(out, name, labels);
    buf_printf(out, "%.9g\n", x);
}

#define LABELS(...)                                                                                \
    (const struct label[]) {                                                                       \
        __VA_ARGS__, {                                                                             \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

/* --- what the worker counted ------------------------------------------------------------------ */

static void by_value(struct buf *out, const char *name, const char *provider, const char *label,
                     const struct metrics_by *by) {
    for (int i = 0; i < by->count; i++)
        sample(out, name, LABELS({"provider", provider}, {label, by->of[i].value}), by->of[i].n);
    sample(out, name, LABELS({"provider", provider}, {label, "other"}), by->other);
}

static void put_histogram(struct buf *out, const char *name, const char *help,
                          const struct histogram *h) {
    char bucket[64], count[64], sum[64], le[32];
    int64_t n = 0;
    head(out, name, "histogram", help);
    if (!h)
        return;
    str_format(bucket, sizeof bucket, "%s_bucket", name);
    str_format(count, sizeof count, "%s_count", name);
    str_format(sum, sizeof sum, "%s_sum", name);
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        n += h->in[i];
        str_format(le, sizeof le, "%g", h->bounds[i]);
        sample(out, bucket, LABELS({"le", le}), n);
    }
    sample(out, bucket, LABELS({"le", "+Inf"}), n + h->beyond);
    sample_f(out, sum, NULL, h->sum);
    sample(out, count, NULL, n + h->beyond);
}

static void put_counters(struct buf *out, const struct metrics *m) {
    head(out, "sent_total", "counter", "Messages this worker has sent.");
    if (m)
        sample(out, "sent_total", LABELS({"provider", m->provider}), m->sent);
    head(out, "failed_total", "counter",
         "Attempts of this worker that ended failed, by error code; uncertain: maybe sent.");
    if (m)
        by_value(out, "failed_total", m->provider, "code", &m->failed);
    head(out, "requests_total", "counter",
         "Requests this worker has made, by HTTP status, or timeout, lost, not_sent.");
    if (m)
        by_value(out, "requests_total", m->provider, "status", &m->requests);
    put_histogram(out, "request_seconds", "How long requests to the provider took.",
                  m ? &m->request_s : NULL);
    put_histogram(out, "queue_seconds",
                  "How long messages waited, from when they were first due until they were sent.",
                  m ? &m->queue_s : NULL);
    head(out, "throttled_total", "counter",
         "Requests of this worker that the provider refused as too many.");
    if (m)
        sample(out, "throttled_total", LABELS({"provider", m->provider}), m->throttled);
}

/* --- what the database tells ------------------------------------------------------------------ */

static void put_messages(struct buf *out, const struct standing *s) {
    head(out, "messages", "gauge",
         "Messages in the table by status, counted up to 10000; sent: ever, by all workers.");
    if (s) {
        sample(out, "messages", LABELS({"status", "pending"}), s->pending);
        sample(out, "messages", LABELS({"status", "processing"}), s->processing);
        sample(out, "messages", LABELS({"status", "sent"}), s->sent);
        sample(out, "messages", LABELS({"status", "failed"}), s->failed);
        sample(out, "messages", LABELS({"status", "cancelled"}), s->cancelled);
    }
    head(out, "oldest_due_seconds", "gauge",
         "For how long the oldest due message has been due; 0: nothing is due.");
    if (s)
        sample_f(out, "oldest_due_seconds", NULL, s->oldest_due_s);
}

static void put_lane_rates(struct buf *out, const struct standing *s) {
    head(out, "lane_rate", "gauge",
         "Requests per second of a lane: allowed (absent: no limit), and used by all workers.");
    for (int i = 0; s && i < s->lane_count; i++) {
        const struct standing_lane *l = &s->lanes[i];
        if (l->allowed > 0)
            sample_f(out, "lane_rate", LABELS({"provider", l->provider}, {"side", "allowed"}),
                     l->allowed);
        sample_f(out, "lane_rate", LABELS({"provider", l->provider}, {"side", "used"}), l->used);
    }
}

static void put_quota(struct buf *out, const char *provider, const char *period, int64_t allowed,
                      int64_t used) {
    if (allowed > 0)
        sample(out, "lane_quota",
               LABELS({"provider", provider}, {"period", period}, {"side", "allowed"}), allowed);
    sample(out, "lane_quota", LABELS({"provider", provider}, {"period", period}, {"side", "used"}),
           used);
}

static void put_lane_quotas(struct buf *out, const struct standing *s) {
    head(out, "lane_quota", "gauge",
         "Messages of a lane this day and month (UTC): allowed (absent: no quota), and used.");
    for (int i = 0; s && i < s->lane_count; i++) {
        const struct standing_lane *l = &s->lanes[i];
        put_quota(out, l->provider, "daily", l->daily_allowed, l->daily_used);
        put_quota(out, l->provider, "monthly", l->monthly_allowed, l->monthly_used);
    }
}

/* Every reason, 0 or 1, so that a series does not vanish when the lane opens. */
static void put_lanes_parked(struct buf *out, const struct standing *s) {
    static const enum lane_fault faults[] = {LANE_RATE,   LANE_DAILY,     LANE_MONTHLY, LANE_KEY,
                                             LANE_SENDER, LANE_SUSPENDED, LANE_DOWN};
    head(out, "lane_parked", "gauge",
         "1 where a lane is parked for this reason and takes no mail.");
    for (int i = 0; s && i < s->lane_count; i++)
        for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++)
            sample(
                out, "lane_parked",
                LABELS({"provider", s->lanes[i].provider}, {"reason", lane_fault_name(faults[k])}),
                s->lanes[i].parked == faults[k]);
}

static void put_people(struct buf *out, const struct standing *s) {
    head(out, "paused", "gauge", "1 while an operator has paused all workers, or this one.");
    if (s)
        sample(out, "paused", NULL, s->paused);
    head(out, "workers", "gauge", "Workers of this database heard of within 30 seconds.");
    if (s)
        sample(out, "workers", NULL, s->workers);
}

void metrics_print(struct buf *out, const struct metrics *m, const struct standing *standing,
                   int64_t stall_us) {
    put_messages(out, standing);
    put_counters(out, m);
    put_lane_rates(out, standing);
    put_lane_quotas(out, standing);
    put_lanes_parked(out, standing);
    put_people(out, standing);
    head(out, "stall_seconds", "gauge", "The longest turn of this worker's loop since it started.");
    sample_f(out, "stall_seconds", NULL, (double)stall_us / 1e6);
    head(out, "build_info", "gauge", "1, labelled with the version.");
    sample(out, "build_info", LABELS({"version", POSTROOM_VERSION}), 1);
}

/* --- the route -------------------------------------------------------------------------------- */

void serve_metrics(struct door *d, const struct http_request *in, struct http_response *out) {
    struct metrics m;
    struct gauges g;
    struct errand e = {.kind = ERRAND_STANDING};
    (void)in;
    bool known = desk_ask(d->ports.desk, &e, ANSWER_MS) == ERRAND_DONE;
    board_get_gauges(d->ports.board, &g);
    bool measured = board_get_metrics(d->ports.board, &m);
    metrics_print(&out->body, measured ? &m : NULL, known ? &e.standing : NULL, g.stall_us);
    http_set_header(out, "content-type", "text/plain; version=0.0.4; charset=utf-8");
    http_set_header(out, "cache-control", "no-store");
}
