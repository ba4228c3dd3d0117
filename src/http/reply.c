/* The door's replies: JSON, never kept by a cache. Any thread. */
#include "base/json.h"
#include "http/route.h"

void reply_json(struct http_response *out, int status) {
    out->status = status;
    http_set_header(out, "content-type", "application/json; charset=utf-8");
    http_set_header(out, "cache-control", "no-store");
}

void reply_error(struct http_response *out, int status, const char *code, const char *message) {
    struct json_writer w;
    buf_clear(&out->body);
    jw_init(&w, &out->body);
    jw_object(&w);
    jw_key(&w, "error");
    jw_object(&w);
    jw_kv_text(&w, "code", code);
    jw_kv_text(&w, "message", message);
    jw_object_end(&w);
    jw_object_end(&w);
    reply_json(out, status);
    if (status == 503)
        http_set_header(out, "retry-after", "1");
}

void reply_errand(struct http_response *out, enum errand_end end) {
    static const struct {
        const char *code, *message;
    } words[] = {
        [ERRAND_DONE] = {"internal", "nothing is wrong"},
        [ERRAND_AWAY] = {"database_away", "the database cannot be reached"},
        [ERRAND_SCHEMA] = {"schema_old", "the database's schema is not this postroom's: run "
                                         "`postroom migrate`, or install the newer postroom"},
        [ERRAND_REFUSED] = {"database_refused", "the database refused the statement"},
        [ERRAND_BUSY] = {"busy", "too many ask at once, try again"},
        [ERRAND_LATE] = {"database_away", "the database does not answer in time"},
        [ERRAND_CLOSED] = {"draining", "this worker is leaving"},
    };
    reply_error(out, 503, words[end].code, words[end].message);
}
