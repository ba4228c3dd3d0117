/* SendGrid, asked without sending: what the key may do (GET /v3/scopes), which domains are
 * authenticated, which single senders are verified, and what is left of the plan's credits. A key
 * that may only send learns the first of these alone; the rest is then unknown. Pure and total; any
 * thread. */
#include "provider/ask.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"
#include "core/message.h"

#include <stdio.h>
#include <strings.h>

#define NAME "SendGrid"
#define BASE "SENDGRID_BASE_URL"

enum question {
    ASK_SCOPES,
    ASK_DOMAINS,
    ASK_SENDERS,
    ASK_CREDITS
};

bool sendgrid_ask(const struct settings *s, int i, const struct wire_response *answers,
                  struct wire_request *out, struct err *err) {
    static const char *const paths[SENDGRID_QUESTIONS] = {
        [ASK_SCOPES] = "/v3/scopes",
        [ASK_DOMAINS] = "/v3/whitelabel/domains?limit=100",
        [ASK_SENDERS] = "/v3/verified_senders?limit=100",
        [ASK_CREDITS] = "/v3/user/credits",
    };
    (void)answers;
    return ask_get(out, s->sendgrid_base_url, paths[i], s->sendgrid_api_key, err);
}

/* The answer's JSON where it is good news; NULL otherwise. */
static struct json *good(const struct wire_response *a) {
    struct err err = {0};
    if (a->end != WIRE_ANSWERED || a->status != 200) {
        return NULL;
    }
    return json_parse(buf_text(&a->body), a->body.len, JSON_MAX_ANSWER, &err);
}

/* --- the key ---------------------------------------------------------------------------------- */

static bool may(const struct json *scopes, const char *what) {
    for (const struct json *v = json_first(json_get(scopes, "scopes")); v; v = json_next(v)) {
        if (str_eq(json_text(v), what)) {
            return true;
        }
    }
    return false;
}

static void say_refused(const struct wire_response *a, struct findings *out) {
    char said[200];
    struct err err = {0};
    struct json *root = json_parse(buf_text(&a->body), a->body.len, JSON_MAX_ANSWER, &err);
    const char *message = json_get_text(json_first(json_get(root, "errors")), "message");
    str_copy_line(said, sizeof said, message ? message : "");
    json_free(root);
    if (a->status != 401 && !(a->status == 403 && message)) {
        ask_unclear(a, NAME, BASE, said, out);
        return;
    }
    findings_add(out, FINDING_MEND, "provider.key", "SendGrid refuses the key: %d%s%s", a->status,
                 said[0] ? ": " : "", said);
    findings_remedy(out, "make a key that may send mail (Settings, API Keys) and give it as "
                         "SENDGRID_API_KEY; keys of EU subusers want " BASE
                         " = https://api.eu.sendgrid.com");
}

static void learn_key(const struct wire_response *a, struct findings *out) {
    struct json *scopes = good(a);
    if (!scopes) {
        say_refused(a, out);
    } else if (may(scopes, "mail.send")) {
        findings_add(out, FINDING_OK, "provider.key", "SendGrid takes the key; it may send mail");
    } else {
        findings_add(out, FINDING_MEND, "provider.key",
                     "SendGrid takes the key, but it may not send mail");
        findings_remedy(out, "give the key the permission Mail Send (Settings, API Keys)");
    }
    json_free(scopes);
}

/* --- the sender ------------------------------------------------------------------------------- */

enum known {
    NOT_TOLD,
    MISSING,
    UNPROVEN, /* it is there, and not verified */
    ABOVE,    /* a domain above it is */
    PROVEN
};

static enum known known_domain(const struct wire_response *a, const char *domain) {
    struct json *list = good(a);
    enum known known = list && json_type(list) == JSON_ARRAY ? MISSING : NOT_TOLD;
    for (const struct json *d = json_first(list); d; d = json_next(d)) {
        const char *name = json_get_text(d, "domain");
        bool valid = json_get_bool(d, "valid", false);
        enum known this = !name                                 ? MISSING
                          : strcasecmp(name, domain) == 0       ? (valid ? PROVEN : UNPROVEN)
                          : valid && ask_is_above(name, domain) ? ABOVE
                                                                : MISSING;
        known = this > known ? this : known;
    }
    json_free(list);
    return known;
}

static enum known known_sender(const struct wire_response *a, const char *address) {
    struct json *root = good(a);
    const struct json *list = json_get(root, "results");
    enum known known = json_type(list) == JSON_ARRAY ? MISSING : NOT_TOLD;
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        const char *from = json_get_text(v, "from_email");
        if (from && strcasecmp(from, address) == 0) {
            known = json_get_bool(v, "verified", false) ? PROVEN : UNPROVEN;
        }
    }
    json_free(root);
    return known;
}

static void say_sender(enum known as_domain, enum known as_sender, const char *domain,
                       const char *address, struct findings *out) {
    static const char CHECK[] = "provider.domain";
    static const char WHERE[] = "SendGrid's Settings, Sender Authentication";
    if (as_domain == PROVEN) {
        findings_add(out, FINDING_OK, CHECK, "the domain %s is authenticated", domain);
    } else if (as_sender == PROVEN) {
        findings_add(out, FINDING_OK, CHECK, "the sender %s is verified, its domain is not",
                     address);
        findings_remedy(out, "authenticate the domain as well: mail of a single verified sender is "
                             "easily taken for a forgery");
    } else if (as_domain == NOT_TOLD || as_sender == NOT_TOLD || as_domain == ABOVE) {
        findings_add(out, FINDING_UNKNOWN, CHECK,
                     as_domain == ABOVE ? "a domain above %s is authenticated, itself it is not"
                                        : "whether %s may send: this key may not ask",
                     domain);
        findings_remedy(out, "look at %s", WHERE);
    } else {
        bool begun = as_domain == UNPROVEN || as_sender == UNPROVEN;
        findings_add(out, FINDING_MEND, CHECK,
                     "neither the domain %s nor the sender %s is verified%s", domain, address,
                     begun ? " yet" : "");
        findings_remedy(out, "authenticate the domain at %s, or change `from`", WHERE);
    }
}

static void learn_sender(const struct settings *s, const struct wire_response *answers,
                         struct findings *out) {
    char domain[321], address[321];
    if (!ask_domain(domain, s, out)) {
        return;
    }
    message_bare_address(address, sizeof address, s->from);
    say_sender(known_domain(&answers[ASK_DOMAINS], domain),
               known_sender(&answers[ASK_SENDERS], address), domain, address, out);
}

/* --- rate and credits ------------------------------------------------------------------------- */

static void learn_rate(const struct settings *s, struct findings *out) {
    if (s->rate > 0) {
        findings_add(out, FINDING_OK, "provider.rate", "`rate` keeps to %g requests a second",
                     s->rate);
        return;
    }
    findings_add(out, FINDING_UNKNOWN, "provider.rate",
                 "SendGrid tells no rate for sending: there is no limit but `concurrency`");
    findings_remedy(out, "set `rate` where your plan has one; an answer 429 makes all workers wait "
                         "in any case");
}

static void learn_credits(const struct wire_response *a, struct findings *out) {
    struct json *root = good(a);
    double left = json_get_number(root, "remain", -1), total = json_get_number(root, "total", -1);
    bool sane = left >= 0 && total >= 0 && left < 1e15 && total < 1e15;
    if (!sane) {
        findings_add(out, FINDING_UNKNOWN, "provider.quota",
                     "what is left of the plan's mails: this key may not ask");
        findings_remedy(out, "set daily_quota or monthly_quota where your plan has a limit");
    } else {
        findings_add(out, left >= 1 ? FINDING_OK : FINDING_NOTE, "provider.quota",
                     "%s of %s mails of the plan are left", figure_count((int64_t)left).text,
                     figure_count((int64_t)total).text);
        if (left < 1) {
            findings_remedy(out, "mail waits until they are renewed, or for a larger plan");
        }
    }
    json_free(root);
}

void sendgrid_learn(const struct settings *s, const struct wire_response *answers,
                    struct findings *out) {
    if (!ask_reached(&answers[ASK_SCOPES], NAME, BASE, out)) {
        return;
    }
    learn_key(&answers[ASK_SCOPES], out);
    learn_sender(s, answers, out);
    learn_rate(s, out);
    learn_credits(&answers[ASK_CREDITS], out);
}
