/* SendGrid: what an answer means. Errors have no names, so they are told apart by status, by the
 * field they blame and, for two that matter, by their words; what is not of SendGrid's own shape,
 * {"errors":[{"message":...}]}, came from something in front of it.
 *
 * Nothing can be asked twice here. A refusal below 500 and SendGrid's own 5xx say that the mail was
 * not taken; a gateway's 502 or 504, or a 5xx in another shape, says nothing.
 *
 * No rate is learnt: X-RateLimit-Limit is an amount in a window whose length no header tells, and
 * the time to X-RateLimit-Reset is only what is left of it. Only the wait after a 429 is taken.
 * Total and pure; any thread. */
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define CREDITS "credits" /* the plan's mails are used up */
#define SENDER "sender"   /* the sender is not verified */
#define OTHER "other"

#define RESET_MAX_S 3600 /* a reset further off is not believed */

static const struct answer_rule rules[] = {
    {400, 400, RULE_OWN, OUTCOME_REJECTED, LANE_OK, true, NULL, NULL},
    /* of the day or of the month: the next day's first request tells */
    {401, 401, CREDITS, OUTCOME_RELEASE, LANE_DAILY, true, NULL, NULL},
    {401, 401, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check SENDGRID_API_KEY"},
    {403, 403, SENDER, OUTCOME_RELEASE, LANE_SENDER, true, NULL, NULL},
    {403, 403, RULE_OWN, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "check SENDGRID_API_KEY and that it may send mail"},
    {403, 403, RULE_FOREIGN, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "blocked in front of SendGrid: check SENDGRID_BASE_URL and what lies between"},
    {404, 406, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check SENDGRID_BASE_URL"},
    {451, 451, NULL, OUTCOME_RELEASE, LANE_SUSPENDED, true, NULL,
     "check SENDGRID_BASE_URL: EU subusers have https://api.eu.sendgrid.com"},
    {502, 502, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {504, 504, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {500, 599, RULE_OWN, OUTCOME_RETRY, LANE_DOWN, true, NULL, NULL},
    {300, 399, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "redirects are not followed: check SENDGRID_BASE_URL"},
};

/* The first error of an answer; message is NULL where it is not of SendGrid's shape. */
struct refusal {
    const char *message;
    const char *field; /* "personalizations.0.to.0.email", or NULL */
};

/* --- texts ----------------------------------------------------------------------------------- */

static const char *status_name(int status) {
    static const struct {
        int status;
        const char *name;
    } names[] = {
        {400, "bad_request"},       {401, "unauthorized"},           {403, "forbidden"},
        {404, "not_found"},         {405, "method_not_allowed"},     {406, "not_acceptable"},
        {413, "payload_too_large"}, {415, "unsupported_media_type"}, {429, "too_many_requests"},
        {451, "unavailable_here"},  {500, "internal_server_error"},  {503, "service_unavailable"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].status == status) {
            return names[i].name;
        }
    }
    return "error";
}

static bool is_field(const char *field) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";
    size_t n = field ? strspn(field, allowed) : 0;
    return n > 0 && n <= 64 && field[n] == '\0' && !str_eq(field, "null");
}

static struct refusal first_error(const struct json *root) {
    const struct json *error = json_first(json_get(root, "errors"));
    const char *message = json_get_text(error, "message");
    const char *field = json_get_text(error, "field");
    return (struct refusal){message, message && is_field(field) ? field : NULL};
}

/* "personalizations.0.to.0.email" -> "to", "from.email" -> "from", "reply_to_list.1" ->
 * "reply_to_list"; false where there is no such word. */
static bool blamed(const char *field, char *word, size_t size) {
    static const char whole[] = "personalizations.";
    if (field && str_starts(field, whole)) {
        const char *rest = field + strlen(whole);
        rest += strspn(rest, "0123456789");
        field = *rest == '.' ? rest + 1 : NULL;
    }
    size_t n = field ? strspn(field, "abcdefghijklmnopqrstuvwxyz_") : 0;
    if (n == 0 || n >= size || (field[n] != '\0' && field[n] != '.')) {
        return false;
    }
    memcpy(word, field, n);
    word[n] = '\0';
    return true;
}

/* The columns' names where SendGrid has others. */
static void rejected_code(char code[64], const struct refusal *r) {
    char word[24];
    if (!blamed(r->field, word, sizeof word)) {
        str_copy(code, 64, "rejected:bad_request");
        return;
    }
    const char *column = str_eq(word, "reply_to_list") ? "reply_to"
                         : str_eq(word, "custom_args") ? "tags"
                                                       : word;
    str_format(code, 64, "rejected:invalid_%s", column);
}

/* --- refused --------------------------------------------------------------------------------- */

/* A name for the rules; NULL for what did not come from SendGrid. */
static const char *kind_of(const struct refusal *r) {
    char word[24];
    if (!r->message) {
        return NULL;
    }
    if (strstr(r->message, "credits exceeded")) {
        return CREDITS;
    }
    bool from = blamed(r->field, word, sizeof word) && str_eq(word, "from");
    return from || strstr(r->message, "Sender Identity") ? SENDER : OTHER;
}

static void describe(char *said, size_t size, int status, const struct refusal *r) {
    if (!r->message) {
        str_format(said, size, "%d: not an answer of SendGrid's own", status);
        return;
    }
    bool field = status == 400 && r->field;
    str_format(said, size, "%d %s: %s", status, field ? r->field : status_name(status), r->message);
}

static void read_refused(int status, const struct json *root, const struct manifest *m,
                         struct reading *out) {
    struct refusal r = first_error(root);
    char said[sizeof out->outcomes[0].reason];
    describe(said, sizeof said, status, &r);
    const struct answer_rule *rule =
        common_rule(rules, sizeof rules / sizeof rules[0], status, kind_of(&r));
    common_apply(rule, status, said, m, out);
    out->split = false;
    if (rule->fault == LANE_SENDER) {
        common_blame_sender(m, out);
    } else if (rule->kind == OUTCOME_REJECTED && !rule->code) {
        for (int i = 0; i < m->n; i++) {
            rejected_code(out->outcomes[i].code, &r);
        }
    }
}

/* --- the whole answer ------------------------------------------------------------------------ */

/* A 2xx is an acceptance whatever its body says; the id is in a header. */
static void read_accepted(const struct wire_response *response, const struct manifest *m,
                          struct reading *out) {
    char id[160];
    common_all(out, m, OUTCOME_SENT, "", "");
    if (m->n == 1 && wire_response_header(response, "x-message-id", id, sizeof id)) {
        common_provider_id(out->outcomes[0].provider_id, id);
    }
}

/* X-RateLimit-Reset is a time by the provider's clock, and so is Date. The longer wait counts where
 * two are told; with none it is a second. */
static int64_t wait_after_429(const struct wire_response *response) {
    int64_t wait = common_retry_after_ms(response);
    int64_t reset = common_header_count(response, "x-ratelimit-reset");
    int64_t now = common_answered_at(response);
    if (reset >= 0 && now >= 0 && reset - now <= RESET_MAX_S && (reset - now) * 1000 > wait) {
        wait = (reset - now) * 1000;
    }
    return wait >= 0 ? wait : 1000;
}

static void read_answer(const struct wire_response *response, const struct manifest *m,
                        struct reading *out) {
    struct err err = {0};
    int status = response->status;
    struct json *root =
        json_parse(buf_text(&response->body), response->body.len, JSON_MAX_ANSWER, &err);
    out->lane.retry_after_ms =
        status == 429 ? wait_after_429(response) : common_retry_after_ms(response);
    if (status >= 200 && status <= 299) {
        read_accepted(response, m, out);
    } else if (err.code == ERR_NOMEM && status >= 400 && status <= 403) {
        common_read_later(m, out);
    } else {
        read_refused(status, root, m, out);
    }
    common_keep_answer(root, out);
    json_free(root);
}

void sendgrid_read(const struct wire_response *response, const struct manifest *m,
                   struct reading *out) {
    common_begin(out);
    if (m->n == 0) {
        return;
    }
    if (response->end == WIRE_ANSWERED) {
        read_answer(response, m, out);
    } else {
        common_no_answer(response, m, out);
    }
    common_doubt(m, out);
}
