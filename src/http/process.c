/* POST /api/process-pending-emails: the trigger goes over the desk; with ?wait= the connection's
 * own thread looks now and then how far it is, at most WAITS of them at a time, so that there is
 * always room for others. Runs on the HTTP server's threads. */
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "http/route.h"

#define ANSWER_MS 5000 /* for the database to answer one errand */
#define WAITS 16
#define LONGEST_WAIT_S 60.0
#define LOOK_MIN_US (50 * USEC_PER_MS)
#define LOOK_MAX_US USEC_PER_SEC

bool process_wait_ms(const char *text, int64_t *ms) {
    double seconds = 0;
    /* written so that "nan" is refused */
    if (!str_to_double(text, &seconds) || !(seconds >= 0 && seconds <= LONGEST_WAIT_S))
        return false;
    *ms = (int64_t)(seconds * 1e3);
    return true;
}

static bool trigger(struct door *d, struct errand *e, struct http_response *out) {
    *e = (struct errand){.kind = ERRAND_TRIGGER};
    enum errand_end end = desk_ask(d->ports.desk, e, ANSWER_MS);
    if (end != ERRAND_DONE)
        reply_errand(out, end);
    return end == ERRAND_DONE;
}

static void accept(struct door *d, struct http_response *out) {
    struct errand e;
    if (!trigger(d, &e, out))
        return;
    buf_printf(&out->body, "{\"status\":\"accepted\",\"due\":%lld}", (long long)e.due);
    reply_json(out, 202);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void tell_progress(const struct errand *e, struct http_response *out) {
    struct json_writer w;
    jw_init(&w, &out->body);
    jw_object(&w);
    jw_kv_int(&w, "processed", e->sent + e->failed);
    jw_kv_int(&w, "sent", e->sent);
    jw_kv_int(&w, "failed", e->failed);
    jw_kv_int(&w, "remaining", e->remaining);
    jw_object_end(&w);
    reply_json(out, 200);
}

/* Until the next look: soon at first, then by and by less often. */
static int64_t until_next_us(int64_t began_us, int64_t end_us, int64_t now_us) {
    int64_t step = (now_us - began_us) / 4, left = end_us - now_us;
    step = step < LOOK_MIN_US ? LOOK_MIN_US : step > LOOK_MAX_US ? LOOK_MAX_US : step;
    return step < left ? step : left;
}

/* Done, the time is up, or this process is leaving. */
static bool is_over(const struct door *d, const struct errand *e, int64_t end_us) {
    return e->remaining == 0 || clock_boot_us() >= end_us ||
           life_now(d->ports.life) != LIFE_RUNNING;
}

static void follow(struct door *d, const struct http_request *in, int64_t ms,
                   struct http_response *out) {
    int64_t began = clock_boot_us(), end = began + ms * USEC_PER_MS;
    struct errand e;
    if (!trigger(d, &e, out))
        return;
    for (;;) {
        e.kind = ERRAND_PROGRESS;
        enum errand_end how = desk_ask(d->ports.desk, &e, ANSWER_MS);
        if (how != ERRAND_DONE) {
            reply_errand(out, how);
            return;
        }
        if (is_over(d, &e, end))
            break;
        int64_t pause = until_next_us(began, end, clock_boot_us());
        if (!http_wait(in, pause / USEC_PER_MS + 1))
            break;
    }
    tell_progress(&e, out);
}

static void wait_in_line(struct door *d, const struct http_request *in, int64_t ms,
                         struct http_response *out) {
    if (atomic_fetch_add(&d->waiting, 1) < WAITS)
        follow(d, in, ms, out);
    else
        reply_errand(out, ERRAND_BUSY);
    atomic_fetch_sub(&d->waiting, 1);
}

void serve_process(struct door *d, const struct http_request *in, struct http_response *out) {
    const char *wait = http_query(in, "wait");
    int64_t ms = 0;
    if (wait && !process_wait_ms(wait, &ms))
        reply_error(out, 400, "bad_wait", "wait: allowed is a number of seconds from 0 to 60");
    else if (life_now(d->ports.life) != LIFE_RUNNING)
        reply_errand(out, ERRAND_CLOSED);
    else if (wait)
        wait_in_line(d, in, ms, out);
    else
        accept(d, out);
}
