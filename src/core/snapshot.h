/* An immutable picture of the database for the screen: refcounted, never changed once posted.
 *
 * It is read from one JSON document, the published row (postroom.published), which has the same
 * keys as a `--demo` fixture, so that fixtures, `status --json` and the screen cannot disagree.
 * Times are wall microseconds, -1 = unknown; numbers -1 = unknown, but a rate of change, which may
 * be negative, is SNAP_NO_RATE. Strings are never NULL and as they came from outside: whoever
 * draws them cleans them. Any thread may read; the reference count is atomic. */
#ifndef POSTROOM_CORE_SNAPSHOT_H
#define POSTROOM_CORE_SNAPSHOT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    QUEUE_PENDING,
    QUEUE_SCHEDULED,
    QUEUE_PROCESSING,
    QUEUE_RETRYING,
    QUEUE_FAILED,
    QUEUE_UNCERTAIN,
    QUEUE_SENT_TODAY,
    QUEUE_CANCELLED,
    QUEUE_ROWS
};

#define SNAP_NO_RATE INT64_MIN

struct snap_queue_row {
    int64_t n;
    int64_t per_min; /* how n changed in a minute, may be negative; SNAP_NO_RATE: unknown */
    bool capped;     /* n is a lower bound: shown "10,000+" ("capped": true) */
    int64_t at_us;   /* what age/due counts from or to */
};

struct snap_lane {
    const char *name;
    bool parked;
    const char *reason; /* key sender down suspended rate daily monthly quota, or "" */
    const char *text;
    int64_t since_us, until_us;
    double rate_used, rate_allowed, per_request, per_request_max; /* -1: unknown */
    int64_t empty_60s, empty_since_us;
    int64_t today_used, today_allowed, today_resets_at_us, full_at_us;
    int64_t month_used, month_allowed, gone_at_us;
};

struct snap_error {
    const char *code, *text;
    int64_t n, retrying, per_min, last_at_us, first_at_us;
    bool capped; /* n and retrying are lower bounds */
};

struct snap_worker {
    const char *name, *state;
    int64_t pid;
    bool this_window;
    int64_t in_flight, sent_1m, failed_1m, heard_at_us, started_at_us;
};

struct snap_operator {
    const char *name, *did;
    int64_t at_us;
};
struct snap_journal {
    const char *who, *what;
    int64_t at_us;
};
struct snap_event {
    const char *id, *to, *error;
    int64_t at_us;
    bool failed;
};
struct snap_mark {
    int64_t at_us;
    const char *text;
};

/* States that stay a while after their rule last held. */
enum {
    HELD_FAILING,
    HELD_THROTTLED,
    HELD_SLOW,
    HELD_STATES
};

#define SNAP_MINUTES 50

struct snapshot {
    const char *database; /* "shop@db-eu1" */
    const char *operator_name;
    bool read_only;
    int64_t published_at_us; /* database clock */
    int64_t now_us;          /* the database's clock when it was read; -1 in a fixture */
    int64_t read_boot_us;    /* boot time when it was read; -1 in a fixture */
    bool away;               /* the database did not answer since; numbers are the last known */

    bool paused;
    const char *paused_by, *paused_reason;
    int64_t paused_at_us;

    struct snap_queue_row queue[QUEUE_ROWS];
    int64_t attempts_5m, failed_5m, failed_2m, ok_2m, sent_1m, sent_1m_usual;
    int64_t last_attempt_us, last_sent_us;
    int64_t held_us[HELD_STATES]; /* when the publisher last saw the rule hold, up to this one */

    struct snap_lane *lanes;
    int lane_count;
    struct snap_error *errors;
    int error_count; /* by failures a minute, count, code */
    struct snap_worker *workers;
    int worker_count;
    int64_t last_heard_us; /* of any worker, those that are gone too */
    struct snap_operator *operators;
    int operator_count;
    struct snap_journal *journal;
    int journal_count;
    struct snap_event *events;
    int event_count; /* only in fixtures */
    struct snap_mark *marks;
    int mark_count;
    int64_t minutes_first_us; /* -1: no minutes known */
    int64_t minute_sent[SNAP_MINUTES], minute_failed[SNAP_MINUTES], minute_waiting[SNAP_MINUTES];

    const char *document; /* a fixture's own text, which pages are made from; "" for others */
    size_t document_len;

    void *arena; /* snapshot.c's own: everything above points into it */
};

/* Parses a document (<= 4 MiB). Absent keys are unknown, unknown keys ignored, wrong types an
 * error. One reference. */
struct snapshot *snapshot_parse(const char *json, size_t n, struct err *err) MUST_CHECK;

/* The same picture marked `away`, for when the database stops answering. One new reference. */
struct snapshot *snapshot_away(const struct snapshot *s, struct err *err) MUST_CHECK;

struct snapshot *snapshot_hold(struct snapshot *s);
void snapshot_release(struct snapshot *s); /* NULL is fine */

#endif
