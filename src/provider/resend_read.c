/* Resend: what an answer means. Classified on (status, name), because names recur across statuses;
 * what is not a JSON error of Resend's own shape came from something in front of it.
 * Total and pure; any thread. */
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_LENGTH 48

static const struct answer_rule rules[] = {
    {400, 400, RULE_OWN, OUTCOME_REJECTED, LANE_OK, true, NULL, NULL},
    {422, 422, RULE_OWN, OUTCOME_REJECTED, LANE_OK, true, NULL, NULL},
    {401, 401, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check RESEND_API_KEY"},
    {403, 403, "validation_error", OUTCOME_RELEASE, LANE_SENDER, true, NULL, NULL},
    {403, 403, RULE_OWN, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check RESEND_API_KEY"},
    {403, 403, RULE_FOREIGN, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "blocked in front of Resend: check RESEND_BASE_URL and what lies between"},
    {404, 405, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check RESEND_BASE_URL"},
    {409, 409, "concurrent_idempotent_requests", OUTCOME_SOON, LANE_OK, false, NULL, NULL},
    {409, 409, "invalid_idempotent_request", OUTCOME_HELD, LANE_OK, true, "uncertain", NULL},
    /* a 409 is about the key, whatever else it says: never a new one on its account */
    {409, 409, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {429, 429, "daily_quota_exceeded", OUTCOME_RELEASE, LANE_DAILY, true, NULL, NULL},
    {429, 429, "monthly_quota_exceeded", OUTCOME_RELEASE, LANE_MONTHLY, true, NULL, NULL},
    {300, 399, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "redirects are not followed: check RESEND_BASE_URL"},
};

/* --- texts ----------------------------------------------------------------------------------- */

/* A name that can be grouped by; NULL for anything else. */
static const char *error_name(const char *name) {
    size_t n = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
    return n > 0 && n <= NAME_MAX_LENGTH && name[n] == '\0' ? name : NULL;
}

/* "Invalid `reply_to` field. ..." -> "reply_to"; false where the message does not read so. */
static bool invalid_field(const char *message, char *field, size_t size) {
    const char *start = strstr(message, "nvalid `");
    if (!start) {
        return false;
    }
    start += strlen("nvalid `");
    size_t n = strspn(start, "abcdefghijklmnopqrstuvwxyz_");
    if (n == 0 || start[n] != '`' || n >= size) {
        return false;
    }
    memcpy(field, start, n);
    field[n] = '\0';
    return true;
}

static bool missing_field(const char *message) {
    return str_starts(message, "Missing `");
}

static void rejected_code(char code[64], const char *name, const char *message) {
    char field[24];
    bool general = str_eq(name, "validation_error") || str_eq(name, "invalid_parameter");
    if (str_eq(name, "missing_required_field") || (general && missing_field(message))) {
        str_copy(code, 64, "rejected:missing_field");
    } else if (str_eq(name, "invalid_from_address")) {
        str_copy(code, 64, "rejected:invalid_from");
    } else if (general && invalid_field(message, field, sizeof field)) {
        str_format(code, 64, "rejected:invalid_%s", field);
    } else {
        str_format(code, 64, "rejected:%s", name);
    }
}

/* --- accepted -------------------------------------------------------------------------------- */

static void refuse_one(struct outcome *o, const struct json *entry) {
    const char *message = json_get_text(entry, "message");
    const char *name = error_name(json_get_text(entry, "name"));
    message = message ? message : "refused";
    name = name ? name : missing_field(message) ? "missing_required_field" : "validation_error";
    o->kind = OUTCOME_REJECTED;
    rejected_code(o->code, name, message);
    str_format(o->reason, sizeof o->reason, "422 %s: %s", name, message);
}

/* Marks the messages that `errors` names. False where an entry names none: then the ids that came
 * cannot be matched to messages either. */
static bool refuse_listed(const struct json *errors, const struct manifest *m, struct reading *out,
                          int *accepted) {
    bool sound = true;
    for (const struct json *entry = json_first(errors); entry; entry = json_next(entry)) {
        double index = json_get_number(entry, "index", -1);
        if (!(index >= 0 && index < m->n) || (double)(int)index != index) {
            sound = false;
            continue;
        }
        struct outcome *o = &out->outcomes[(int)index];
        if (o->kind == OUTCOME_SENT) {
            refuse_one(o, entry);
            (*accepted)--;
        }
    }
    return sound;
}

/* data holds the ids of the accepted ones only, in order. */
static void read_batch(const struct json *root, const struct manifest *m, struct reading *out) {
    const struct json *data = json_get(root, "data");
    int accepted = m->n;
    bool sound = refuse_listed(json_get(root, "errors"), m, out, &accepted);
    if (!sound || json_type(data) != JSON_ARRAY || json_size(data) != accepted) {
        return;
    }
    const struct json *next = json_first(data);
    for (int i = 0; i < m->n; i++) {
        if (out->outcomes[i].kind == OUTCOME_SENT) {
            common_provider_id(out->outcomes[i].provider_id, json_get_text(next, "id"));
            next = json_next(next);
        }
    }
}

/* A 2xx is an acceptance whatever its body says; without a readable one the ids are unknown. */
static void read_accepted(const struct json *root, const struct manifest *m, struct reading *out) {
    common_all(out, m, OUTCOME_SENT, "", "");
    if (m->batch) {
        read_batch(root, m, out);
    } else {
        common_provider_id(out->outcomes[0].provider_id, json_get_text(root, "id"));
    }
}

/* --- refused --------------------------------------------------------------------------------- */

/* The domain a message is sent from; "" for the configured sender. */
static void own_domain(char dst[321], const struct message *m) {
    char address[321] = "";
    if (m->from) {
        message_bare_address(address, sizeof address, m->from);
    }
    const char *at = strrchr(address, '@');
    str_copy(dst, 321, at ? at + 1 : address);
    for (char *c = dst; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
}

static bool one_domain(const struct manifest *m) {
    char first[321];
    own_domain(first, &m->messages[0]);
    for (int i = 1; i < m->n; i++) {
        char domain[321];
        own_domain(domain, &m->messages[i]);
        if (!str_eq(domain, first)) {
            return false;
        }
    }
    return true;
}

/* The sender was refused. The configured one is the lane's trouble, a row's own is the row's;
 * several domains in one batch are told apart by asking again with fewer. */
static void blame_sender(const struct manifest *m, const char *said, struct reading *out) {
    if (one_domain(m) && !m->messages[0].from) {
        return; /* as the table has it: released, the lane parks */
    }
    out->lane.fault = LANE_OK;
    out->lane.text[0] = '\0';
    out->split = !one_domain(m);
    for (int i = 0; i < m->n; i++) {
        struct outcome *o = &out->outcomes[i];
        if (m->messages[i].from) {
            o->kind = OUTCOME_REJECTED;
            str_copy(o->code, sizeof o->code, "rejected:sender_not_verified");
            str_copy(o->reason, sizeof o->reason, said);
        }
    }
}

static void name_refusal(struct reading *out, const struct manifest *m, const char *name,
                         const char *message) {
    char code[64];
    rejected_code(code, name, message);
    for (int i = 0; i < m->n; i++) {
        str_copy(out->outcomes[i].code, sizeof out->outcomes[i].code, code);
    }
}

static void read_refused(int status, const struct json *root, const struct manifest *m,
                         struct reading *out) {
    const char *message = json_get_text(root, "message");
    const char *name = message ? error_name(json_get_text(root, "name")) : NULL;
    char said[sizeof out->outcomes[0].reason];
    if (name) {
        str_format(said, sizeof said, "%d %s: %s", status, name, message);
    } else {
        str_format(said, sizeof said, "%d: not an answer of Resend's own", status);
    }
    const struct answer_rule *rule =
        common_rule(rules, sizeof rules / sizeof rules[0], status, name);
    common_apply(rule, status, said, m, out);
    if (rule->kind == OUTCOME_REJECTED && !rule->code) {
        name_refusal(out, m, name, message);
    } else if (rule->fault == LANE_SENDER) {
        blame_sender(m, said, out);
    }
}

/* --- the whole answer ------------------------------------------------------------------------ */

static void read_headers(const struct wire_response *response, struct lane_news *lane) {
    lane->rate = common_rate(response);
    lane->daily_used = common_header_count(response, "x-resend-daily-quota");
    lane->monthly_used = common_header_count(response, "x-resend-monthly-quota");
    lane->retry_after_ms = common_retry_after_ms(response);
    if (lane->retry_after_ms < 0 && response->status == 429) {
        int64_t reset = common_header_count(response, "ratelimit-reset"); /* seconds to go */
        lane->retry_after_ms = reset >= 0 && reset <= 3600 ? reset * 1000 : -1;
    }
}

/* The answer is there, but not the memory to read who was refused in it: the same request, made
 * again, is answered alike. */
static void read_later(const struct manifest *m, struct reading *out) {
    common_all(out, m, OUTCOME_SOON, "lost", "lost: out of memory while reading the answer");
    out->definite = false;
}

void resend_read(const struct wire_response *response, const struct manifest *m,
                 struct reading *out) {
    common_begin(out);
    if (m->n == 0) {
        return;
    }
    if (response->end != WIRE_ANSWERED) {
        common_no_answer(response, m, out);
        common_end(m, out);
        return;
    }
    struct err err = {0};
    struct json *root =
        json_parse(buf_text(&response->body), response->body.len, JSON_MAX_ANSWER, &err);
    read_headers(response, &out->lane);
    bool accepted = response->status >= 200 && response->status <= 299;
    if (err.code == ERR_NOMEM && (m->batch || !accepted)) {
        read_later(m, out);
    } else if (accepted) {
        read_accepted(root, m, out);
    } else {
        read_refused(response->status, root, m, out);
    }
    if (!accepted || !m->batch) {
        common_keep_answer(root, out);
    }
    json_free(root);
    common_end(m, out);
}
