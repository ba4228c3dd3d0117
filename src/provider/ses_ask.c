/* SES, asked without sending: the account (GetAccount) tells whether the key is good, whether it
 * may send and to whom, the rate and the day's quota; GetEmailIdentity whether the sender is
 * verified, as an address, by its domain, or by a domain above, from below until one is. A key that
 * may only send is refused both by name, which proves it good and leaves the rest unknown. Pure and
 * total; any thread. */
#include "provider/ask.h"
#include "provider/internal.h"
#include "provider/ses_refusal.h"

#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"
#include "core/message.h"

#include <string.h>

#define NAME "SES"
#define BASE "AWS_ENDPOINT_URL_SESV2"
#define CONSOLE "the SES console of this region"

enum question {
    ASK_ACCOUNT,
    ASK_SENDER,
    ASK_DOMAIN,
    ASK_ABOVE, /* the domain without its first label, and so on: five above it, at most */
    ASK_END = SES_QUESTIONS
};

/* --- identities ------------------------------------------------------------------------------- */

enum known {
    NOT_ASKED,
    MISSING,
    NOT_TOLD,
    UNPROVEN, /* it is there, and not verified */
    PROVEN
};

static enum known known_identity(const struct wire_response *a) {
    struct err err = {0};
    if (a->end != WIRE_ANSWERED) {
        return a->problem[0] ? NOT_TOLD : NOT_ASKED;
    }
    struct json *root = json_parse(buf_text(&a->body), a->body.len, JSON_MAX_ANSWER, &err);
    struct ses_refusal r = ses_refusal_of(a, root);
    bool told = a->status == 200 && json_get(root, "VerifiedForSendingStatus");
    bool proven = json_get_bool(root, "VerifiedForSendingStatus", false);
    json_free(root);
    return told                                                      ? (proven ? PROVEN : UNPROVEN)
           : a->status == 404 && str_eq(r.type, "NotFoundException") ? MISSING
                                                                     : NOT_TOLD;
}

/* The identity that a question is about; "" where there is none, or one that SES cannot have. */
static void identity_of(const struct settings *s, enum question q, char dst[321]) {
    message_bare_address(dst, 321, s->from);
    const char *name = strrchr(dst, '@');
    if (!name || !str_is_clean(dst)) {
        name = "";
    } else if (q == ASK_SENDER) {
        return;
    } else {
        name++;
    }
    for (int up = (int)q - ASK_DOMAIN; up > 0; up--) {
        const char *dot = strchr(name, '.');
        name = dot && strchr(dot + 1, '.') ? dot + 1 : "";
    }
    memmove(dst, name, strlen(name) + 1);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void add_encoded(struct buf *out, const char *text) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *text; text++) {
        if (strchr(safe, *text)) {
            buf_addc(out, *text);
        } else {
            buf_printf(out, "%%%02X", (unsigned char)*text);
        }
    }
}

/* One that may send is enough. */
static bool found_before(int i, const struct wire_response *answers) {
    for (int q = ASK_SENDER; q < i; q++) {
        if (known_identity(&answers[q]) == PROVEN) {
            return true;
        }
    }
    return false;
}

bool ses_ask(const struct settings *s, int i, const struct wire_response *answers,
             struct wire_request *out, struct err *err) {
    char identity[321];
    struct buf url;
    if (i == ASK_ACCOUNT) {
        return ses_ask_limits(s, out, err);
    }
    wire_request_init(out);
    identity_of(s, (enum question)i, identity);
    if (!identity[0] || found_before(i, answers)) {
        return true;
    }
    char base[512];
    ses_base(s, base);
    buf_init(&url, sizeof out->url - 1);
    buf_printf(&url, "%s/v2/email/identities/", base);
    add_encoded(&url, identity);
    bool good = !url.failed;
    str_copy(out->url, sizeof out->url, good ? buf_text(&url) : "");
    buf_free(&url);
    out->get = true;
    out->replay_safe = true;
    return good || err_set(err, ERR_USAGE, "the address in `from` is too long to be asked for");
}

/* --- the key ---------------------------------------------------------------------------------- */

static void say_refused(const struct wire_response *a, const struct ses_refusal *r,
                        struct findings *out) {
    const char *kind = ses_refusal_kind(r), *said = r->message ? r->message : "";
    if (str_eq(kind, "AccessDeniedException")) {
        findings_add(out, FINDING_OK, "provider.key",
                     "SES takes the key; it may not ask for the account");
        findings_remedy(out, "to know rate and quota, allow ses:GetAccount; else set `rate` and "
                             "daily_quota");
    } else if (str_eq(kind, SES_SIGNATURE)) {
        findings_add(out, FINDING_MEND, "provider.key", "SES refuses the signature: %d %s: %s",
                     a->status, r->type, said);
        findings_remedy(out, "check AWS_SECRET_ACCESS_KEY, AWS_REGION and this machine's clock");
    } else if (str_eq(kind, SES_EXPIRED)) {
        findings_add(out, FINDING_MEND, "provider.key", "AWS_SESSION_TOKEN is over: %s", said);
        findings_remedy(out, "give fresh credentials");
    } else if (str_eq(kind, SES_UNKNOWN_KEY) || (kind && a->status == 403)) {
        findings_add(out, FINDING_MEND, "provider.key", "SES refuses the key: %d %s: %s", a->status,
                     r->type, said);
        findings_remedy(out, "check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN (temporary keys want "
                             "one, others none)");
    } else {
        ask_unclear(a, NAME, BASE, said, out);
    }
}

/* --- the account ------------------------------------------------------------------------------ */

static void learn_standing(const struct json *account, struct findings *out) {
    const char *enforced = json_get_text(account, "EnforcementStatus");
    if (!json_get_bool(account, "SendingEnabled", true) || str_eq(enforced, "SHUTDOWN")) {
        findings_add(out, FINDING_MEND, "provider.account",
                     "SES has switched sending off for this account%s",
                     str_eq(enforced, "SHUTDOWN") ? ": SHUTDOWN" : "");
        findings_remedy(out, "see why at " CONSOLE ", or write to AWS's support");
    } else if (!json_get_bool(account, "ProductionAccessEnabled", false)) {
        findings_add(out, FINDING_NOTE, "provider.account",
                     "the account is in SES's sandbox: it reaches verified addresses alone");
        findings_remedy(out, "ask for production access at " CONSOLE);
    } else if (str_eq(enforced, "PROBATION")) {
        findings_add(out, FINDING_NOTE, "provider.account", "the account is under review by AWS");
        findings_remedy(out, "look at bounces and complaints at " CONSOLE);
    } else {
        findings_add(out, FINDING_OK, "provider.account", "the account has production access");
    }
}

static void learn_rate(const struct settings *s, double told, struct findings *out) {
    if (told <= 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.rate", "the answer names no rate");
        findings_remedy(out, "set `rate`: without it the worker sends %g a second",
                        provider_ses.start_rate);
    } else if (s->rate > told) {
        findings_add(out, FINDING_NOTE, "provider.rate",
                     "the account may send %g mails a second; `rate` asks for %g", told, s->rate);
        findings_remedy(out, "the lower one counts: take `rate` out, or ask AWS for more");
    } else {
        findings_add(out, FINDING_OK, "provider.rate", "the account may send %g mails a second%s",
                     told, s->rate > 0 ? "; `rate` keeps below that" : "");
    }
}

static void learn_quota(const struct lane_news *news, struct findings *out) {
    if (news->daily_limit <= 0 || news->daily_used < 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.quota",
                     "the answer names no quota, or the account has none");
        return;
    }
    bool over = news->daily_used >= news->daily_limit;
    findings_add(out, over ? FINDING_NOTE : FINDING_OK, "provider.quota",
                 "%s of %s used in 24 hours", figure_count(news->daily_used).text,
                 figure_count(news->daily_limit).text);
    if (over) {
        findings_remedy(out, "mail waits until the 24 hours move on; AWS raises quotas on request");
    }
}

/* --- the sender ------------------------------------------------------------------------------- */

static void learn_sender(const struct settings *s, const struct wire_response *answers,
                         struct findings *out) {
    static const char CHECK[] = "provider.domain";
    char domain[321], identity[321];
    enum known best = NOT_ASKED;
    int which = ASK_SENDER;
    if (!ask_domain(domain, s, out)) {
        return;
    }
    /* What is told best of any of them; of two alike, the address's own word. */
    for (int q = ASK_SENDER; q < ASK_END; q++) {
        enum known known = known_identity(&answers[q]);
        which = known > best ? q : which;
        best = known > best ? known : best;
    }
    identity_of(s, (enum question)which, identity);
    if (best == PROVEN) {
        findings_add(out, FINDING_OK, CHECK, "the identity %s is verified", identity);
    } else if (best == UNPROVEN) {
        findings_add(out, FINDING_MEND, CHECK, "the identity %s is not verified yet", identity);
        findings_remedy(out, "set the DNS records that " CONSOLE " shows for it");
    } else if (best == MISSING) {
        findings_add(out, FINDING_MEND, CHECK,
                     "neither %s nor its domain nor one above it is an identity in %s", identity,
                     s->aws_region);
        findings_remedy(out, "verify the domain %s at " CONSOLE ", or change `from` or AWS_REGION",
                        domain);
    } else if (answers[which].status == 403) {
        findings_add(out, FINDING_UNKNOWN, CHECK,
                     "whether the domain %s is verified: this key may not ask", domain);
        findings_remedy(out, "look at " CONSOLE ", or allow ses:GetEmailIdentity");
    } else {
        findings_add(out, FINDING_UNKNOWN, CHECK,
                     "whether the domain %s is verified: SES did not tell", domain);
        findings_remedy(out, "run `postroom doctor` again, or look at " CONSOLE);
    }
}

/* --- all of it -------------------------------------------------------------------------------- */

void ses_learn(const struct settings *s, const struct wire_response *answers,
               struct findings *out) {
    const struct wire_response *a = &answers[ASK_ACCOUNT];
    struct lane_news news;
    struct err err = {0};
    if (!ask_reached(a, NAME, BASE, out)) {
        return;
    }
    struct json *root = json_parse(buf_text(&a->body), a->body.len, JSON_MAX_ANSWER, &err);
    if (ses_read_limits(a, &news, &err)) {
        findings_add(out, FINDING_OK, "provider.key", "SES takes the key");
        learn_standing(root, out);
    } else {
        struct ses_refusal r = ses_refusal_of(a, root);
        say_refused(a, &r, out);
    }
    json_free(root);
    learn_sender(s, answers, out);
    learn_rate(s, news.rate, out);
    learn_quota(&news, out);
}
