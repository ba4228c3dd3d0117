/* The sandbox's state and its HTTP side: routes, the order of checks, the headers of every answer.
 *
 * Order for a sending request, as Resend's gateway has it: User-Agent, API key, rate, then the
 * request itself (send.c). Looking at what was kept needs no key and costs no rate. */
#include "sandbox/state.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define LIST_MAX STORE_MAX_MAILS
#define BODY_MAX ((size_t)48 * 1024 * 1024) /* 40 MB of attachments and their mail */

/* --- answers -------------------------------------------------------------------------------- */

void answer_json(struct http_response *out, int status) {
    out->status = status;
    http_set_header(out, "content-type", "application/json; charset=utf-8");
}

void answer_problem(struct http_response *out, const struct problem *p) {
    struct json_writer w;
    buf_clear(&out->body);
    jw_init(&w, &out->body);
    jw_object(&w);
    jw_kv_int(&w, "statusCode", p->status);
    jw_kv_text(&w, "message", p->message);
    jw_kv_text(&w, "name", p->name);
    jw_object_end(&w);
    answer_json(out, p->status);
}

static void set_number(struct http_response *out, const char *name, int64_t n) {
    char text[24];
    str_format(text, sizeof text, "%lld", (long long)n);
    http_set_header(out, name, text);
}

/* The headers of every answer. */
static void set_lane_headers(struct sandbox *s, struct http_response *out) {
    char policy[32];
    int64_t now = clock_boot_us();
    pthread_mutex_lock(&s->lock);
    int remaining = rate_remaining(&s->rate, now), reset = rate_reset_s(&s->rate, now);
    int64_t recipients = s->counts.recipients;
    pthread_mutex_unlock(&s->lock);
    str_format(policy, sizeof policy, "%d;w=1", s->options.rate);
    set_number(out, "ratelimit-limit", s->options.rate);
    set_number(out, "ratelimit-remaining", remaining);
    set_number(out, "ratelimit-reset", reset);
    http_set_header(out, "ratelimit-policy", policy);
    set_number(out, "x-resend-daily-quota", recipients);
    set_number(out, "x-resend-monthly-quota", recipients);
}

/* --- looking -------------------------------------------------------------------------------- */

static void serve_list(struct sandbox *s, const struct http_request *in,
                       struct http_response *out) {
    struct problem p;
    int64_t limit = LIST_MAX;
    const char *text = http_query(in, "limit");
    if (text && (!str_to_int64(text, &limit) || limit < 1 || limit > LIST_MAX)) {
        refuse(&p, 422, "validation_error", "The `limit` must be between 1 and %d.", LIST_MAX);
        answer_problem(out, &p);
        return;
    }
    answer_json(out, 200);
    pthread_mutex_lock(&s->lock);
    store_list(s->store, (int)limit, http_query(in, "after"), http_query(in, "before"), &out->body);
    pthread_mutex_unlock(&s->lock);
}

static void serve_mail(struct sandbox *s, const char *id, struct http_response *out) {
    struct problem p;
    pthread_mutex_lock(&s->lock);
    bool found = store_print(s->store, id, &out->body);
    pthread_mutex_unlock(&s->lock);
    if (found) {
        answer_json(out, 200);
    } else {
        refuse(&p, 404, "not_found", "Email not found");
        answer_problem(out, &p);
    }
}

/* Not Resend's: what happened since the start. */
static void serve_counts(struct sandbox *s, struct http_response *out) {
    struct json_writer w;
    pthread_mutex_lock(&s->lock);
    struct counts c = s->counts;
    int kept = store_count(s->store);
    pthread_mutex_unlock(&s->lock);
    jw_init(&w, &out->body);
    jw_object(&w);
    jw_kv_text(&w, "object", "sandbox");
    jw_kv_int(&w, "requests", c.requests);
    jw_kv_int(&w, "limited", c.limited);
    jw_kv_int(&w, "replayed", c.replayed);
    jw_kv_int(&w, "failed", c.failed);
    jw_kv_int(&w, "accepted", c.accepted);
    jw_kv_int(&w, "recipients", c.recipients);
    jw_kv_int(&w, "kept", kept);
    jw_object_end(&w);
    answer_json(out, 200);
}

/* --- sending: who may, and how often -------------------------------------------------------- */

static bool admit(struct sandbox *s, const struct http_request *in, struct http_response *out,
                  struct problem *p) {
    if (!check_key(http_header(in, "authorization"), p))
        return false;
    int64_t now = clock_boot_us();
    pthread_mutex_lock(&s->lock);
    bool taken = rate_take(&s->rate, now);
    int reset = rate_reset_s(&s->rate, now);
    *(taken ? &s->counts.requests : &s->counts.limited) += 1;
    pthread_mutex_unlock(&s->lock);
    if (taken)
        return true;
    set_number(out, "retry-after", reset);
    return refuse(p, 429, "rate_limit_exceeded",
                  "Too many requests. You can only make %d requests per second. See rate "
                  "limit response headers for more information.",
                  s->options.rate);
}

/* Cloudflare's word, which stands before Resend. */
static bool has_agent(const struct http_request *in, struct http_response *out) {
    if (!str_is_blank(http_header(in, "user-agent")))
        return true;
    out->status = 403;
    http_set_header(out, "content-type", "text/plain; charset=UTF-8");
    buf_puts(&out->body, "error code: 1010");
    return false;
}

static void serve_send(struct sandbox *s, const struct http_request *in,
                       struct http_response *out) {
    struct problem p;
    if (!has_agent(in, out))
        return;
    if (!admit(s, in, out, &p)) {
        answer_problem(out, &p);
    } else {
        send_serve(s, in, out);
    }
}

/* --- routes --------------------------------------------------------------------------------- */

static void serve_wrong_method(const char *allowed, struct http_response *out) {
    struct problem p;
    refuse(&p, 405, "method_not_allowed", "Method is not allowed for the requested path.");
    answer_problem(out, &p);
    http_set_header(out, "allow", allowed);
}

static void route(struct sandbox *s, const struct http_request *in, struct http_response *out) {
    struct problem p;
    bool get = str_eq(in->method, "GET"), post = str_eq(in->method, "POST");
    bool emails = str_eq(in->path, "/emails"), batch = str_eq(in->path, "/emails/batch");
    bool counts = str_eq(in->path, "/sandbox"), domains = str_eq(in->path, "/domains");
    bool one = !batch && str_starts(in->path, "/emails/") && !strchr(in->path + 8, '/');
    if (post && (emails || batch)) {
        serve_send(s, in, out);
    } else if (get && emails) {
        serve_list(s, in, out);
    } else if (get && one) {
        serve_mail(s, in->path + 8, out);
    } else if (get && counts) {
        serve_counts(s, out);
    } else if (get && domains) {
        if (has_agent(in, out))
            domains_serve(s, in, out);
    } else if (emails || batch || one || counts || domains) {
        serve_wrong_method(emails ? "GET, POST" : batch ? "POST" : "GET", out);
    } else {
        refuse(&p, 404, "not_found", "The requested endpoint does not exist.");
        answer_problem(out, &p);
    }
}

static void serve(void *self, const struct http_request *in, struct http_response *out) {
    route(self, in, out);
    set_lane_headers(self, out);
}

static void refused(void *self, const char *why, struct http_response *out) {
    struct problem p;
    (void)self;
    refuse(&p, out->status, out->status == 503 ? "application_error" : "validation_error", "%s",
           why);
    answer_problem(out, &p);
}

/* --- life ----------------------------------------------------------------------------------- */

static bool make_parts(struct sandbox *s, struct err *err) {
    s->store = store_new(STORE_MAX_MAILS, STORE_MAX_BYTES);
    s->keys = keys_new();
    return s->store && s->keys && rate_init(&s->rate, s->options.rate) ? true : err_nomem(err);
}

struct sandbox *sandbox_start(const struct sandbox_options *o, struct err *err) {
    struct sandbox *s = mem_alloc(sizeof *s);
    if (!s) {
        err_nomem(err);
        return NULL;
    }
    s->options = *o;
    pthread_mutex_init(&s->lock, NULL);
    rand_seed_random(&s->dice);
    struct http_options http;
    http_options_default(&http);
    http.listen = o->listen;
    http.loopback_only = "for a sandbox";
    http.body_max = BODY_MAX;
    http.bodies_max = BODY_MAX * 4;
    http.header_ms = 90000; /* clients keep connections open between requests */
    struct http_handler handler = {.self = s, .serve = serve, .refuse = refused};
    if (make_parts(s, err) && (s->http = http_start(&http, &handler, err)))
        return s;
    sandbox_stop(s);
    return NULL;
}

const char *sandbox_address(const struct sandbox *s) {
    return http_address(s->http);
}

void sandbox_stop(struct sandbox *s) {
    if (!s)
        return;
    http_stop(s->http);
    store_free(s->store);
    keys_free(s->keys);
    rate_free(&s->rate);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}
