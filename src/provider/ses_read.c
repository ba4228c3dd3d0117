/* SES: what an answer means. Refusals are told apart by their type (ses_refusal.h), and for two
 * that matter (the day's quota, an identity that is not verified) by their words.
 *
 * Nothing can be asked twice here: a refusal, and SES's own 5xx, say that the mail was not taken; a
 * gateway's 5xx says nothing. Total and pure; any thread. */
#include "provider/common.h"
#include "provider/internal.h"
#include "provider/ses_refusal.h"

#include "base/json.h"
#include "base/str.h"

#define SENDER "sender" /* what the rules know a refusal of the sender by */

static const struct answer_rule rules[] = {
    {400, 499, SES_QUOTA, OUTCOME_RELEASE, LANE_DAILY, true, NULL, NULL},
    {400, 499, SES_THROTTLED, OUTCOME_RELEASE, LANE_RATE, true, NULL, NULL},
    {503, 503, SES_THROTTLED, OUTCOME_RELEASE, LANE_RATE, true, NULL, NULL},
    {400, 499, SENDER, OUTCOME_RELEASE, LANE_SENDER, true, NULL,
     "verify it in SES, in this region"},
    {400, 499, SES_SIGNATURE, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "check AWS_SECRET_ACCESS_KEY, and that this machine's clock is right"},
    {400, 499, SES_UNKNOWN_KEY, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN"},
    {400, 499, SES_EXPIRED, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "AWS_SESSION_TOKEN is over: give fresh credentials and restart"},
    {400, 499, "AccountSuspendedException", OUTCOME_RELEASE, LANE_SUSPENDED, true, NULL, NULL},
    {400, 499, "SendingPausedException", OUTCOME_RELEASE, LANE_SUSPENDED, true, NULL, NULL},
    {400, 400, "MessageRejected", OUTCOME_REJECTED, LANE_OK, true, "rejected:refused", NULL},
    {400, 400, RULE_OWN, OUTCOME_REJECTED, LANE_OK, true, "rejected:bad_request", NULL},
    {403, 403, RULE_OWN, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "the key needs the permissions ses:SendEmail and ses:SendRawEmail"},
    {403, 403, RULE_FOREIGN, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "blocked in front of SES: check AWS_ENDPOINT_URL_SESV2 and what lies between"},
    {404, 406, NULL, OUTCOME_RELEASE, LANE_KEY, true, NULL,
     "check AWS_REGION and AWS_ENDPOINT_URL_SESV2"},
    {502, 502, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {504, 504, NULL, OUTCOME_UNCERTAIN, LANE_DOWN, false, NULL, NULL},
    {500, 599, RULE_OWN, OUTCOME_RETRY, LANE_DOWN, true, NULL, NULL},
};

/* --- what was refused ------------------------------------------------------------------------ */

/* "Email address is not verified. The following identities failed the check in region EU-WEST-1:
 * a@b.c" may mean the sender or, in SES's own sandbox, a recipient. */
static bool blames_sender(const struct ses_refusal *r, const struct manifest *m) {
    char address[321];
    if (str_eq(r->type, "MailFromDomainNotVerifiedException")) {
        return true;
    }
    if (!str_eq(r->type, "MessageRejected") || !ses_refusal_says(r, "not verified")) {
        return false;
    }
    const char *from = m->messages[0].from ? m->messages[0].from : m->sender;
    message_bare_address(address, sizeof address, from);
    return ses_refusal_says(r, address);
}

/* A name for the rules; NULL for what did not come from SES. */
static const char *kind_of(const struct ses_refusal *r, const struct manifest *m) {
    const char *kind = ses_refusal_kind(r);
    return kind == r->type && blames_sender(r, m) ? SENDER : kind;
}

static void read_refused(const struct wire_response *response, const struct json *root,
                         const struct manifest *m, struct reading *out) {
    struct ses_refusal r = ses_refusal_of(response, root);
    char said[sizeof out->outcomes[0].reason];
    if (r.type[0]) {
        str_format(said, sizeof said, "%d %s: %s", response->status, r.type,
                   r.message ? r.message : "no more was said");
    } else {
        str_format(said, sizeof said, "%d: not an answer of SES's own", response->status);
    }
    const struct answer_rule *rule =
        common_rule(rules, sizeof rules / sizeof rules[0], response->status, kind_of(&r, m));
    common_apply(rule, response->status, said, m, out);
    if (rule->fault == LANE_RATE && out->lane.retry_after_ms < 0) {
        out->lane.retry_after_ms = 1000;
    }
    if (rule->fault == LANE_SENDER) {
        common_blame_sender(m, out);
    }
}

/* --- the whole answer ------------------------------------------------------------------------ */

static void read_accepted(const struct json *root, const struct manifest *m, struct reading *out) {
    common_all(out, m, OUTCOME_SENT, "", "");
    common_provider_id(out->outcomes[0].provider_id, json_get_text(root, "MessageId"));
}

void ses_read(const struct wire_response *response, const struct manifest *m, struct reading *out) {
    struct err err = {0};
    common_begin(out);
    if (m->n == 0) {
        return;
    }
    if (response->end != WIRE_ANSWERED) {
        common_no_answer(response, m, out);
        common_doubt(m, out);
        return;
    }
    struct json *root =
        json_parse(buf_text(&response->body), response->body.len, JSON_MAX_ANSWER, &err);
    out->lane.retry_after_ms = common_retry_after_ms(response);
    if (response->status >= 200 && response->status <= 299) {
        read_accepted(root, m, out);
    } else if (err.code == ERR_NOMEM && response->status >= 400 && response->status <= 499) {
        common_read_later(m, out);
    } else {
        read_refused(response, root, m, out);
    }
    common_keep_answer(root, out);
    json_free(root);
    common_doubt(m, out);
}

/* --- GetAccount ------------------------------------------------------------------------------ */

bool ses_read_limits(const struct wire_response *response, struct lane_news *news,
                     struct err *err) {
    struct err why = {0};
    char type[80] = "";
    *news = (struct lane_news){.daily_used = -1, .monthly_used = -1, .retry_after_ms = -1};
    if (response->end != WIRE_ANSWERED) {
        return err_set(err, ERR_IO, "GetAccount: %s", response->problem);
    }
    struct json *root =
        json_parse(buf_text(&response->body), response->body.len, JSON_MAX_ANSWER, &why);
    const struct json *quota = json_get(root, "SendQuota");
    if (response->status == 200 && quota) {
        double most = json_get_number(quota, "Max24HourSend", 0);
        double used = json_get_number(quota, "SentLast24Hours", -1);
        double rate = json_get_number(quota, "MaxSendRate", 0);
        news->rate = rate > 0 && rate < 1e5 ? rate : 0;
        news->daily_limit = most > 0 && most < 1e12 ? (int64_t)most : 0; /* -1: none */
        news->daily_used = used >= 0 && used < 1e12 ? (int64_t)used : -1;
    } else {
        struct ses_refusal r = ses_refusal_of(response, root);
        str_copy(type, sizeof type, r.type);
    }
    json_free(root);
    return (response->status == 200 && quota) ||
           err_set(
               err, ERR_IO,
               "GetAccount: %d %s; the rate stays as it is: allow ses:GetAccount, or set `rate`",
               response->status, type);
}
