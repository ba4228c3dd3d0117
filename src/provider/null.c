/* A provider without a wire, for tests and load: no limit, no key, every answer made on the spot.
 * The recipient's local part, up to a "+", is the script:
 *
 *   bounced@      rejected for good (rejected:invalid_to)
 *   suppressed@   rejected for good (rejected:suppressed)
 *   unavailable@  a temporary failure (provider:500)
 *   uncertain@    the answer was lost
 *   throttled@    429 for this message, which goes back to pending; the lane waits a second
 *   anything else is sent
 *
 * Pure; any thread. */
#include "provider/common.h"
#include "provider/internal.h"

#include "base/str.h"

#include <string.h>

static const struct script {
    const char *local;
    enum outcome_kind kind;
    const char *code;
    const char *reason;
} scripts[] = {
    {"bounced", OUTCOME_REJECTED, "rejected:invalid_to", "422 validation_error: no such mailbox"},
    {"suppressed", OUTCOME_REJECTED, "rejected:suppressed", "422 suppressed: address suppressed"},
    {"unavailable", OUTCOME_RETRY, "provider:500", "500 internal_server_error: try again"},
    {"uncertain", OUTCOME_UNCERTAIN, "lost", "lost: the connection closed before an answer came"},
    {"throttled", OUTCOME_RELEASE, "provider:429", "429 rate_limit_exceeded: too many requests"},
};

static bool null_check(const struct settings *s, struct err *err) {
    (void)s;
    (void)err;
    return true;
}

static bool null_batchable(const struct message *m) {
    (void)m;
    return true;
}

static bool null_accepts(const struct message *m, char code[64], struct err *err) {
    (void)m;
    (void)code;
    (void)err;
    return true;
}

/* The bytes are the ids: enough for the manifest's hash to mean something. */
static bool null_build(const struct settings *s, const struct manifest *m, struct wire_request *out,
                       struct err *err) {
    (void)s;
    wire_request_init(out);
    for (int i = 0; i < m->n; i++) {
        buf_puts(&out->body, m->messages[i].id);
        buf_addc(&out->body, '\n');
    }
    if (out->body.failed) {
        wire_request_done(out);
        return err_nomem(err);
    }
    return true;
}

/* NULL: sent. */
static const struct script *script_of(const struct message *m) {
    char address[321];
    message_bare_address(address, sizeof address, m->to);
    size_t n = strcspn(address, "+@");
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strlen(scripts[i].local) == n && strncmp(address, scripts[i].local, n) == 0) {
            return &scripts[i];
        }
    }
    return NULL;
}

static void null_read(const struct wire_response *response, const struct manifest *m,
                      struct reading *out) {
    (void)response;
    common_begin(out);
    common_all(out, m, OUTCOME_SENT, "", "");
    for (int i = 0; i < m->n; i++) {
        struct outcome *o = &out->outcomes[i];
        const struct script *script = script_of(&m->messages[i]);
        if (!script) {
            str_format(o->provider_id, sizeof o->provider_id, "null-%s", m->messages[i].id);
            continue;
        }
        o->kind = script->kind;
        str_copy(o->code, sizeof o->code, script->code);
        str_copy(o->reason, sizeof o->reason, script->reason);
        if (script->kind == OUTCOME_RELEASE) {
            out->lane.fault = LANE_RATE;
            out->lane.retry_after_ms = 1000;
            str_copy(out->lane.text, sizeof out->lane.text, script->reason);
        }
    }
}

const struct provider provider_null = {
    .name = "null",
    .batch_max = 100,
    .key_life_ms = 0,
    .start_rate = 0,
    .wire = false,
    .check = null_check,
    .batchable = null_batchable,
    .accepts = null_accepts,
    .build = null_build,
    .read = null_read,
};
