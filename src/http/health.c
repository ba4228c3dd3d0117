/* Is it alive, does it send: what the board and the process's phase tell, without asking anybody.
 * Whoever asks needs no token, so nothing is told that is not for everybody. Runs on the HTTP
 * server's threads. */
#include "http/route.h"

static void say(struct http_response *out, const char *status) {
    buf_printf(&out->body, "{\"status\":\"%s\"}", status);
    reply_json(out, 200);
}

void serve_health(struct door *d, const struct http_request *in, struct http_response *out) {
    (void)d;
    (void)in;
    say(out, "ok");
}

void serve_ready(struct door *d, const struct http_request *in, struct http_response *out) {
    struct gauges g;
    (void)in;
    board_get_gauges(d->ports.board, &g);
    if (life_now(d->ports.life) != LIFE_RUNNING)
        reply_errand(out, ERRAND_CLOSED);
    else if (!g.worker_here)
        reply_error(out, 503, "starting", "the worker is not up yet");
    else if (g.schema_old)
        reply_errand(out, ERRAND_SCHEMA);
    else if (g.database_away)
        reply_errand(out, ERRAND_AWAY);
    else
        say(out, "ready");
}
