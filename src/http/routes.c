/* From a request to its route: the token first, so that who has none learns nothing of what is
 * there; then path and method by one table. Runs on the HTTP server's threads.
 *
 * Web pages: a browser says where the page is from (Origin), and asks before it sends a token
 * (preflight). Where no token is needed, what a foreign page may send without asking is refused:
 * the loopback door is no door for every page that a browser on this machine shows. */
#include "base/str.h"
#include "http/route.h"

#include <stddef.h>

struct route {
    const char *path;
    const char *method; /* GET serves HEAD too */
    const char *allow;
    void (*serve)(struct door *d, const struct http_request *in, struct http_response *out);
    size_t secret; /* the setting without which it is not there; 0: it always is */
};

#define SECRET(field) offsetof(struct settings, field)

static const struct route routes[] = {
    {"/healthz", "GET", "GET, HEAD", serve_health, 0},
    {"/readyz", "GET", "GET, HEAD", serve_ready, 0},
    {"/metrics", "GET", "GET, HEAD", serve_metrics, 0},
    {"/api/process-pending-emails", "POST", "POST", serve_process, 0},
    {"/webhooks/resend", "POST", "POST", serve_resend, SECRET(resend_webhook_secret)},
    {"/webhooks/sendgrid", "POST", "POST", serve_sendgrid, SECRET(sendgrid_webhook_public_key)},
    {"/webhooks/ses", "POST", "POST", serve_ses, SECRET(ses_topic_arn)},
};

static bool is_open(const struct route *r, const struct settings *s) {
    return r->secret == 0 || !str_is_blank(*(const char *const *)((const char *)s + r->secret));
}

static const struct route *find_route(const char *path, const struct settings *s) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (str_eq(routes[i].path, path) && is_open(&routes[i], s))
            return &routes[i];
    return NULL;
}

static bool is_api(const struct http_request *in) {
    return str_starts(in->path, "/api/");
}

static bool fits(const struct route *r, const char *method) {
    return str_eq(r->method, method) || (str_eq(r->method, "GET") && str_eq(method, "HEAD"));
}

static bool token_shown(const struct door *d, const struct http_request *in) {
    const char *token = d->settings->api_token;
    bool asked_for = token[0] && (is_api(in) || str_eq(in->path, "/metrics"));
    return !asked_for || allow_token(token, http_header(in, "authorization"));
}

/* --- web pages -------------------------------------------------------------------------------- */

static bool is_preflight(const struct http_request *in) {
    return is_api(in) && str_eq(in->method, "OPTIONS") && http_header(in, "origin") &&
           http_header(in, "access-control-request-method");
}

/* Tells the browser that the page may read the answer. */
static bool admit_page(const struct door *d, const struct http_request *in,
                       struct http_response *out) {
    const char *origin = http_header(in, "origin");
    if (!is_api(in) || d->settings->cors_origins[0] == '\0')
        return false;
    http_set_header(out, "vary", "origin");
    if (!origin || !str_is_clean(origin) || !allow_origin(d->settings->cors_origins, origin))
        return false;
    http_set_header(out, "access-control-allow-origin", origin);
    return true;
}

static void serve_preflight(bool admitted, struct http_response *out) {
    if (!admitted) {
        reply_error(out, 403, "forbidden_origin",
                    "pages of this origin may not call: see cors_origins");
        return;
    }
    out->status = 204;
    http_set_header(out, "access-control-allow-methods", "POST");
    http_set_header(out, "access-control-allow-headers", "authorization, content-type");
    http_set_header(out, "access-control-max-age", "600");
}

static bool is_foreign(const struct door *d, const struct http_request *in, bool admitted) {
    return is_api(in) && !d->settings->api_token[0] && !admitted && http_header(in, "origin");
}

/* --- the way in ------------------------------------------------------------------------------- */

static void serve_route(struct door *d, const struct http_request *in, struct http_response *out) {
    const struct route *r = find_route(in->path, d->settings);
    if (!r) {
        reply_error(out, 404, "not_found", "there is nothing at this path");
    } else if (!fits(r, in->method)) {
        reply_error(out, 405, "method_not_allowed", "this path does not take this method");
        http_set_header(out, "allow", r->allow);
    } else {
        r->serve(d, in, out);
    }
}

void routes_serve(struct door *d, const struct http_request *in, struct http_response *out) {
    bool admitted = admit_page(d, in, out);
    if (is_preflight(in) && d->settings->cors_origins[0]) {
        serve_preflight(admitted, out);
    } else if (!token_shown(d, in)) {
        reply_error(out, 401, "unauthorized", "show the token: Authorization: Bearer ...");
        http_set_header(out, "www-authenticate", "Bearer");
    } else if (is_foreign(d, in, admitted)) {
        reply_error(out, 403, "forbidden_origin",
                    "pages of this origin may not call: see cors_origins");
    } else {
        serve_route(d, in, out);
    }
}
