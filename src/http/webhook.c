/* POST /webhooks/...: who made it is checked before anything is believed, what it tells goes over
 * the desk, and it is answered only when that is on disk: an event that was answered 200 is told
 * once. Runs on the HTTP server's threads. */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "http/route.h"

#define ANSWER_MS 12000 /* for the database; providers wait for 15 s */
#define AT_ONCE 4       /* read at the same time: parsed, a body takes many times its size */

static const char *header_of(const void *request, const char *name) {
    return http_header(request, name);
}

static struct webhook_request request_of(const struct http_request *in) {
    return (struct webhook_request){.body = in->body,
                                    .body_len = in->body_len,
                                    .header = header_of,
                                    .self = in,
                                    .now_us = clock_wall_us()};
}

static void refuse(const char *provider, const char *why, const struct http_request *in,
                   struct http_response *out) {
    log_event(LOG_WARN, "webhook_refused", "%s, from %s: %s", provider, in->peer, why);
    reply_error(out, 401, "unauthorized", why);
}

static void say_broken(const struct err *err, struct http_response *out) {
    if (err->code == ERR_NOMEM)
        reply_errand(out, ERRAND_BUSY);
    else
        reply_error(out, 400, "bad_event", err->text);
}

/* --- what it tells ---------------------------------------------------------------------------- */

static void say_counts(const struct delivery_news *n, const struct errand *e,
                       struct http_response *out) {
    struct json_writer w;
    jw_init(&w, &out->body);
    jw_object(&w);
    jw_kv_int(&w, "recorded", e->recorded);
    jw_kv_int(&w, "duplicates", e->duplicates);
    jw_kv_int(&w, "ignored", n->ignored + e->foreign);
    jw_object_end(&w);
    reply_json(out, 200);
    log_event(LOG_INFO, "webhook",
              "%s: %d recorded, %d known already, %d of other mail, %d that say nothing",
              n->provider, e->recorded, e->duplicates, e->foreign, n->ignored);
}

static void record(struct door *d, struct delivery_news *n, const struct err *err,
                   struct http_response *out) {
    struct errand e = {.kind = ERRAND_NEWS, .news = n};
    if (!n) {
        say_broken(err, out);
        return;
    }
    enum errand_end end = n->count > 0 ? desk_ask(d->ports.desk, &e, ANSWER_MS) : ERRAND_DONE;
    if (end == ERRAND_DONE)
        say_counts(n, &e, out);
    else
        reply_errand(out, end);
    delivery_drop(n);
}

static bool take_turn(struct door *d, struct http_response *out) {
    bool running = life_now(d->ports.life) == LIFE_RUNNING;
    if (running && atomic_fetch_add(&d->reading, 1) < AT_ONCE)
        return true;
    if (running)
        atomic_fetch_sub(&d->reading, 1);
    reply_errand(out, running ? ERRAND_BUSY : ERRAND_CLOSED);
    return false;
}

static void end_turn(struct door *d) {
    atomic_fetch_sub(&d->reading, 1);
}

/* --- the routes ------------------------------------------------------------------------------- */

void serve_resend(struct door *d, const struct http_request *in, struct http_response *out) {
    struct webhook_request r = request_of(in);
    struct err err = {0};
    const char *why;
    if (!take_turn(d, out))
        return;
    if (webhook_svix_holds(d->settings->resend_webhook_secret, &r, &why))
        record(d, webhook_resend_read(&r, &err), &err, out);
    else
        refuse("resend", why, in, out);
    end_turn(d);
}

void serve_sendgrid(struct door *d, const struct http_request *in, struct http_response *out) {
    struct webhook_request r = request_of(in);
    struct err err = {0};
    const char *why;
    if (!take_turn(d, out))
        return;
    if (webhook_sendgrid_holds(d->settings->sendgrid_webhook_public_key, &r, &why))
        record(d, webhook_sendgrid_read(&r, &err), &err, out);
    else
        refuse("sendgrid", why, in, out);
    end_turn(d);
}

/* Amazon asks once whether this subscription is wanted: that its topic is configured says yes. */
static void confirm(struct door *d, const struct sns *m, struct http_response *out) {
    struct err err = {0};
    struct buf ignored;
    buf_init(&ignored, WEBHOOK_BODY_MAX);
    if (d->ports.fetch(d->settings, m->subscribe_url, &ignored, &err)) {
        log_event(LOG_INFO, "webhook_subscribed", "ses: %s", m->topic);
        reply_json(out, 200);
        buf_puts(&out->body, "{\"status\":\"confirmed\"}");
    } else {
        log_event(LOG_WARN, "webhook_subscribed", "ses: %s could not be confirmed: %s", m->topic,
                  err.text);
        reply_error(out, 503, "not_confirmed", "the subscription could not be confirmed");
    }
    buf_free(&ignored);
}

static void take_message(struct door *d, const struct sns *m, struct http_response *out) {
    struct err err = {0};
    if (m->type == SNS_SUBSCRIBE) {
        confirm(d, m, out);
    } else if (m->type == SNS_NOTIFICATION) {
        record(d, webhook_ses_read(m, &err), &err, out);
    } else {
        log_event(LOG_WARN, "webhook_unsubscribed", "ses: %s will tell nothing more", m->topic);
        reply_json(out, 200);
        buf_puts(&out->body, "{\"status\":\"ok\"}");
    }
}

/* The certificate is fetched before the signature is checked, so only once all else is as it should
 * be, and from Amazon alone. */
static void serve_sns(struct door *d, const struct http_request *in, struct http_response *out) {
    struct webhook_request r = request_of(in);
    struct sns m;
    struct err err = {0};
    const char *why;
    if (!sns_open(&m, d->settings->ses_topic_arn, &r, &why)) {
        refuse("ses", why, in, out);
    } else {
        bool holds = false;
        if (!certificate_holds(d, &m, &holds, &why, &err)) {
            log_event(LOG_WARN, "webhook_certificate", "ses: %s", err.text);
            reply_error(out, 503, "no_certificate", "the certificate cannot be fetched now");
        } else if (holds) {
            take_message(d, &m, out);
        } else {
            refuse("ses", why, in, out);
        }
    }
    sns_done(&m);
}

void serve_ses(struct door *d, const struct http_request *in, struct http_response *out) {
    if (!take_turn(d, out))
        return;
    serve_sns(d, in, out);
    end_turn(d);
}
