/* What HTTP providers have in common. The defaults at the top follow the evidence an HTTP status
 * gives: a 4xx was not accepted, a gateway's 5xx proves nothing. Pure; any thread. */
#include "provider/common.h"

#include "base/clock.h"
#include "base/str.h"

#include <string.h>

#define KEY_MAX 300
#define BASE_MAX 480 /* with a path behind it it fits the URL */
#define DAY_SECONDS 86400
#define SAID_MAX 190 /* bytes of the provider's words in the lane's text */
#define RATE_SANE 100000.0

static const struct answer_rule defaults[] = {
    {401, 401, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, NULL},
    {402, 402, NULL, OUTCOME_RELEASE, LANE_SUSPENDED, true, NULL, NULL},
    {403, 403, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, NULL},
    {404, 405, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL, "check the provider's base URL"},
    /* the request did not arrive whole, or so a gateway thinks */
    {408, 408, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {413, 413, NULL, OUTCOME_REJECTED, LANE_OK, true, "rejected:too_big", NULL},
    {429, 429, NULL, OUTCOME_RELEASE, LANE_RATE, true, NULL, NULL},
    {451, 451, NULL, OUTCOME_RELEASE, LANE_SUSPENDED, true, NULL, NULL},
    /* a refusal nobody foresaw: it may be this mail's, so it counts; it may be the lane's, so that
     * five in a row park it before they spend everybody's attempts */
    {400, 499, NULL, OUTCOME_RETRY, LANE_DOWN, true, NULL, NULL},
    {300, 399, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "redirects are not followed: check the provider's base URL"},
    {500, 599, RULE_OWN, OUTCOME_RETRY, LANE_DOWN, false, NULL, NULL},
    {0, 999999, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
};

/* --- configuration ---------------------------------------------------------------------------- */

bool common_check_key(const char *name, const char *key, struct err *err) {
    size_t n = strlen(key);
    if (n == 0) {
        return err_set(err, ERR_USAGE,
                       "%s is not set: set it, or %s_FILE to a file that holds the key", name,
                       name);
    }
    for (size_t i = 0; i < n; i++) {
        if (n > KEY_MAX || key[i] < 0x21 || key[i] > 0x7e) {
            return err_set(err, ERR_USAGE,
                           "%s is no key: it holds blanks, line breaks or other characters that "
                           "no key has",
                           name);
        }
    }
    return true;
}

void common_bearer(struct wire_request *out, const char *key) {
    char bearer[sizeof "Bearer " + KEY_MAX];
    out->body.failed |= !str_format(bearer, sizeof bearer, "Bearer %s", key);
    wire_request_header(out, "Authorization", bearer, true);
    explicit_bzero(bearer, sizeof bearer);
}

bool common_check_base(const char *name, const char *url, const char *usual, struct err *err) {
    return (url[0] != '\0' && strlen(url) <= BASE_MAX) ||
           err_set(err, ERR_USAGE, "%s is empty or too long: the default is %s", name, usual);
}

/* --- what answers mean ------------------------------------------------------------------------ */

static bool fits(const struct answer_rule *rule, int status, const char *name) {
    if (status < rule->from || status > rule->to) {
        return false;
    }
    if (!rule->name) {
        return true;
    }
    if (str_eq(rule->name, RULE_FOREIGN)) {
        return name == NULL;
    }
    return name && (str_eq(rule->name, RULE_OWN) || str_eq(rule->name, name));
}

const struct answer_rule *common_rule(const struct answer_rule *rules, size_t count, int status,
                                      const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (fits(&rules[i], status, name)) {
            return &rules[i];
        }
    }
    const struct answer_rule *rule = defaults;
    const struct answer_rule *last = defaults + sizeof defaults / sizeof defaults[0] - 1;
    while (rule < last && !fits(rule, status, name)) {
        rule++;
    }
    return rule;
}

void common_begin(struct reading *out) {
    out->lane = (struct lane_news){.daily_used = -1, .monthly_used = -1, .retry_after_ms = -1};
    out->definite = true;
    out->split = false;
    out->answer[0] = '\0';
}

void common_all(struct reading *out, const struct manifest *m, enum outcome_kind kind,
                const char *code, const char *reason) {
    for (int i = 0; i < m->n; i++) {
        struct outcome *o = &out->outcomes[i];
        o->kind = kind;
        str_copy(o->code, sizeof o->code, code);
        str_copy(o->reason, sizeof o->reason, reason);
        o->provider_id[0] = '\0';
    }
}

void common_apply(const struct answer_rule *rule, int status, const char *said,
                  const struct manifest *m, struct reading *out) {
    char code[64];
    if (rule->code) {
        str_copy(code, sizeof code, rule->code);
    } else {
        str_format(code, sizeof code, "provider:%d", status);
    }
    common_all(out, m, rule->kind, code, said);
    out->definite = rule->definite;
    out->split = rule->kind == OUTCOME_REJECTED && m->n > 1;
    out->lane.fault = rule->fault;
    if (rule->fault != LANE_OK) {
        char words[SAID_MAX + 1]; /* so that there is room for the hint */
        str_copy_line(words, sizeof words, said);
        str_format(out->lane.text, sizeof out->lane.text, "%s%s%s", words, rule->hint ? "; " : "",
                   rule->hint ? rule->hint : "");
    }
}

void common_no_answer(const struct wire_response *response, const struct manifest *m,
                      struct reading *out) {
    static const struct {
        enum outcome_kind kind;
        const char *code;
        const char *words;
    } ends[] = {
        [WIRE_NOT_SENT] = {OUTCOME_RELEASE, "not_sent", "not sent"},
        [WIRE_LOST] = {OUTCOME_UNCERTAIN, "lost", "lost"},
        [WIRE_TIMED_OUT] = {OUTCOME_UNCERTAIN, "timeout", "timeout"},
    };
    char reason[256];
    char problem[sizeof response->problem];
    str_copy_line(problem, sizeof problem, response->problem[0] ? response->problem : "no answer");
    str_format(reason, sizeof reason, "%s: %s", ends[response->end].words, problem);
    common_all(out, m, ends[response->end].kind, ends[response->end].code, reason);
    out->definite = response->end == WIRE_NOT_SENT;
    out->lane.fault = LANE_DOWN;
    str_copy(out->lane.text, sizeof out->lane.text, reason);
}

void common_end(const struct manifest *m, struct reading *out) {
    if (m->attempts <= 1 || out->split) {
        return;
    }
    for (int i = 0; i < m->n; i++) {
        struct outcome *o = &out->outcomes[i];
        if (o->kind == OUTCOME_RELEASE || o->kind == OUTCOME_RETRY) {
            o->kind = o->kind == OUTCOME_RELEASE ? OUTCOME_SOON : OUTCOME_RETRY;
            out->definite = false;
        }
    }
}

void common_doubt(const struct manifest *m, struct reading *out) {
    if (m->attempts <= 1) {
        return;
    }
    for (int i = 0; i < m->n; i++) {
        if (out->outcomes[i].kind != OUTCOME_SENT) {
            out->outcomes[i].kind = OUTCOME_UNCERTAIN;
            out->definite = false;
        }
    }
}

void common_blame_sender(const struct manifest *m, struct reading *out) {
    bool configured = false;
    for (int i = 0; i < m->n; i++) {
        struct outcome *o = &out->outcomes[i];
        if (m->messages[i].from) {
            o->kind = OUTCOME_REJECTED;
            str_copy(o->code, sizeof o->code, "rejected:sender_not_verified");
        } else {
            configured = true;
        }
    }
    if (!configured) {
        out->lane.fault = LANE_OK;
        out->lane.text[0] = '\0';
    }
}

void common_read_later(const struct manifest *m, struct reading *out) {
    common_all(out, m, OUTCOME_RELEASE, "not_read", "out of memory while reading the answer");
}

void common_keep_answer(const struct json *root, struct reading *out) {
    struct buf text;
    if (json_type(root) != JSON_OBJECT) {
        return;
    }
    buf_init(&text, sizeof out->answer - 1);
    json_print(&text, root);
    if (!text.failed) {
        str_copy(out->answer, sizeof out->answer, buf_text(&text));
    }
    buf_free(&text);
}

/* --- headers ---------------------------------------------------------------------------------- */

int64_t common_header_count(const struct wire_response *response, const char *name) {
    char text[64];
    int64_t n = -1;
    if (!wire_response_header(response, name, text, sizeof text) ||
        !str_to_int64(str_trim(text), &n) || n < 0) {
        return -1;
    }
    return n;
}

int64_t common_retry_after_ms(const struct wire_response *response) {
    char text[64];
    double seconds = -1;
    if (!wire_response_header(response, "retry-after", text, sizeof text) ||
        !str_to_double(str_trim(text), &seconds) || !(seconds >= 0)) {
        return -1;
    }
    return (int64_t)((seconds < DAY_SECONDS ? seconds : DAY_SECONDS) * 1000);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers still write. */
int64_t common_answered_at(const struct wire_response *response) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[64], month[4] = "", utc[32];
    int64_t us;
    if (!wire_response_header(response, "date", text, sizeof text) ||
        strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") || !str_eq(text + 25, " GMT")) {
        return -1;
    }
    memcpy(month, text + 8, 3);
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3 != 0) {
        return -1;
    }
    str_format(utc, sizeof utc, "%.4s-%02d-%.2sT%.8sZ", text + 12, (int)(at - months) / 3 + 1,
               text + 5, text + 17);
    return clock_parse_utc(utc, &us) && us >= 0 ? us / USEC_PER_SEC : -1;
}

/* "10;w=1", "\"default\";q=10;w=1": the amount by the window's seconds; 0 where it is neither. */
static double policy_rate(char *policy) {
    double amount = 0;
    double window = 1;
    char *rest = policy;
    for (char *part; (part = strsep(&rest, ";")) != NULL;) {
        part = str_trim(part);
        if (str_starts(part, "w=")) {
            if (!str_to_double(part + 2, &window)) {
                return 0;
            }
        } else if (!str_to_double(str_starts(part, "q=") ? part + 2 : part, &amount) &&
                   part[0] != '"') {
            return 0;
        }
    }
    double rate = window > 0 ? amount / window : 0;
    return rate > 0 && rate <= RATE_SANE ? rate : 0;
}

/* Several policies may stand in one header: the tightest counts. */
static double header_rate(const struct wire_response *response, const char *name) {
    char text[256];
    double least = 0;
    if (!wire_response_header(response, name, text, sizeof text)) {
        return 0;
    }
    char *rest = text;
    for (char *policy; (policy = strsep(&rest, ",")) != NULL;) {
        double rate = policy_rate(policy);
        if (rate > 0 && (least <= 0 || rate < least)) {
            least = rate;
        }
    }
    return least;
}

double common_rate(const struct wire_response *response) {
    double rate = header_rate(response, "ratelimit-policy");
    return rate > 0 ? rate : header_rate(response, "ratelimit-limit");
}

void common_provider_id(char dst[128], const char *id) {
    size_t n = id ? strlen(id) : 0;
    dst[0] = '\0';
    if (n > 127) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (id[i] < 0x21 || id[i] > 0x7e) {
            return;
        }
    }
    if (n > 0) {
        str_copy(dst, 128, id);
    }
}
