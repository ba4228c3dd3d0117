/* Resend, asked without sending: GET /domains tells whether the key is good, which domains may
 * send, and in its headers the rate and what was used of the quotas. A key that may only send gets
 * a refusal by name, which proves it good and leaves the rest unknown. Pure and total; any thread.
 */
#include "provider/ask.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"
#include "core/figures.h"

#include <strings.h>

#define NAME "Resend"
#define BASE "RESEND_BASE_URL"
#define RATE_START provider_resend.start_rate

bool resend_ask(const struct settings *s, int i, const struct wire_response *answers,
                struct wire_request *out, struct err *err) {
    (void)i;
    (void)answers;
    return ask_get(out, s->resend_base_url, "/domains?limit=100", s->resend_api_key, err);
}

/* --- the key ---------------------------------------------------------------------------------- */

static void refuse_key(struct findings *out, int status, const char *name, const char *message) {
    findings_add(out, FINDING_MEND, "provider.key", "Resend refuses the key: %d %s: %s", status,
                 name, message);
    findings_remedy(out, "make a key at https://resend.com/api-keys and give it as RESEND_API_KEY");
}

static void not_resend(struct findings *out, int status) {
    findings_add(out, FINDING_MEND, "provider.key",
                 "something in front of Resend refuses the request: status %d", status);
    findings_remedy(out, "check " BASE " and what lies between");
}

/* true: the answer is the list of domains. */
static bool learn_key(const struct wire_response *a, const struct json *root,
                      struct findings *out) {
    const char *name = json_get_text(root, "name"), *message = json_get_text(root, "message");
    if (a->status == 200 && json_type(json_get(root, "data")) == JSON_ARRAY) {
        findings_add(out, FINDING_OK, "provider.key", "Resend takes the key; it has full access");
        findings_remedy(out, "a key that may only send is enough for postroom and safer to lose");
        return true;
    }
    if (str_eq(name, "restricted_api_key")) {
        findings_add(out, FINDING_OK, "provider.key", "Resend takes the key; it may only send");
    } else if (a->status == 451 && name) {
        findings_add(out, FINDING_MEND, "provider.key", "Resend holds this account: %d %s: %s",
                     a->status, name, message ? message : "");
        findings_remedy(out, "write to Resend's support");
    } else if (a->status == 403 && !name) {
        not_resend(out, a->status);
    } else if (a->status == 400 || a->status == 401 || a->status == 403) {
        refuse_key(out, a->status, name ? name : "without a name", message ? message : "");
    } else {
        ask_unclear(a, NAME, BASE, message ? message : "", out);
    }
    return false;
}

/* --- the sender's domain ---------------------------------------------------------------------- */

static const struct json *find_domain(const struct json *list, const char *domain) {
    for (const struct json *d = json_first(list); d; d = json_next(d)) {
        const char *name = json_get_text(d, "name");
        if (name && (strcasecmp(name, domain) == 0 || str_eq(name, "*"))) { /* *: the sandbox's */
            return d;
        }
    }
    return NULL;
}

static void say_missing(const struct json *root, const char *domain, struct findings *out) {
    bool more = json_get_bool(root, "has_more", false);
    if (str_eq(domain, "resend.dev")) {
        findings_add(out, FINDING_NOTE, "provider.domain",
                     "senders at resend.dev reach the account's own address alone");
        findings_remedy(out, "verify a domain at https://resend.com/domains, and set `from` to it");
        return;
    }
    findings_add(out, more ? FINDING_UNKNOWN : FINDING_MEND, "provider.domain",
                 more ? "the domain %s is not among the first 100 of the account"
                      : "the account has no domain %s: Resend will refuse what it sends",
                 domain);
    findings_remedy(out, more ? "look for it at https://resend.com/domains"
                              : "add it at https://resend.com/domains and set its DNS records, or "
                                "change `from`");
}

static void learn_domain(const struct settings *s, const struct json *root, struct findings *out) {
    char domain[321];
    if (!ask_domain(domain, s, out)) {
        return;
    }
    const struct json *found = find_domain(json_get(root, "data"), domain);
    const char *status = json_get_text(found, "status");
    const char *sending = json_get_text(json_get(found, "capabilities"), "sending");
    if (!found) {
        say_missing(root, domain, out);
    } else if (str_eq(sending, "disabled")) {
        findings_add(out, FINDING_MEND, "provider.domain", "sending is switched off for %s",
                     domain);
        findings_remedy(out, "switch it on at https://resend.com/domains");
    } else if (str_eq(status, "verified")) {
        findings_add(out, FINDING_OK, "provider.domain", "the domain %s is verified", domain);
    } else {
        findings_add(out, FINDING_MEND, "provider.domain", "the domain %s is not verified: %s",
                     domain, status ? status : "without a status");
        findings_remedy(out, "set the DNS records that https://resend.com/domains shows for it, "
                             "then verify it there");
    }
}

static void domain_unknown(const struct settings *s, const char *why, struct findings *out) {
    char domain[321];
    if (ask_domain(domain, s, out)) {
        findings_add(out, FINDING_UNKNOWN, "provider.domain",
                     "whether the domain %s is verified: %s", domain, why);
        findings_remedy(out, "look at https://resend.com/domains, or run `postroom doctor` once "
                             "with a key of full access");
    }
}

/* --- rate and quotas -------------------------------------------------------------------------- */

static void learn_rate(const struct settings *s, const struct wire_response *a,
                       struct findings *out) {
    double told = common_rate(a);
    if (told <= 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.rate", "the answer names no rate");
        findings_remedy(out,
                        "none is needed: the worker begins with %g a second and follows the "
                        "answers",
                        s->rate > 0 ? s->rate : RATE_START);
    } else if (s->rate > told) {
        findings_add(out, FINDING_NOTE, "provider.rate",
                     "the account may make %g requests a second; `rate` asks for %g", told,
                     s->rate);
        findings_remedy(out, "the lower one counts: take `rate` out, or ask Resend for more");
    } else {
        findings_add(out, FINDING_OK, "provider.rate",
                     "the account may make %g requests a second%s", told,
                     s->rate > 0 ? "; `rate` keeps below that" : "");
    }
}

static void learn_quota(const struct wire_response *a, const char *header, const char *key,
                        const char *span, int64_t limit, struct findings *out) {
    int64_t used = common_header_count(a, header);
    if (used < 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.quota", "what was used %s is not told", span);
    } else if (limit <= 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.quota",
                     "%s used %s; the plan's limit is told by no answer", figure_count(used).text,
                     span);
        findings_remedy(out, "where your plan has a limit, set %s to it", key);
    } else {
        bool over = used >= limit;
        findings_add(out, over ? FINDING_NOTE : FINDING_OK, "provider.quota", "%s of %s used %s",
                     figure_count(used).text, figure_count(limit).text, span);
        if (over) {
            findings_remedy(out,
                            "mail waits until the quota turns; a larger plan, or a larger %s "
                            "where it is too low, lets it go on",
                            key);
        }
    }
}

void resend_learn(const struct settings *s, const struct wire_response *answers,
                  struct findings *out) {
    const struct wire_response *a = &answers[0];
    if (!ask_reached(a, NAME, BASE, out)) {
        return;
    }
    struct err err = {0};
    struct json *root = json_parse(buf_text(&a->body), a->body.len, JSON_MAX_ANSWER, &err);
    if (learn_key(a, root, out)) {
        learn_domain(s, root, out);
    } else if (str_eq(json_get_text(root, "name"), "restricted_api_key")) {
        domain_unknown(s, "a key that may only send cannot ask", out);
    } else {
        domain_unknown(s, "the answer does not tell", out);
    }
    json_free(root);
    learn_rate(s, a, out);
    learn_quota(a, "x-resend-daily-quota", "daily_quota", "today", s->daily_quota, out);
    learn_quota(a, "x-resend-monthly-quota", "monthly_quota", "this month", s->monthly_quota, out);
}
