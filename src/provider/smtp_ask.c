/* A mail server, asked without sending: one dialogue by a connection of its own, with TLS and login
 * as configured, up to the sender's address, or to NOOP where none is configured; QUIT takes it
 * back. Some servers judge a sender only when they hear a recipient: what they say of it then, a
 * question cannot know. What replies mean is smtp_reply.h's. Pure and total; any thread. */
#include "core/mime_mailbox.h"
#include "core/smtp_url.h"
#include "provider/ask.h"
#include "provider/internal.h"
#include "provider/smtp_reply.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

#define REACH "provider.reach"
#define TLS "provider.tls"
#define KEY "provider.key"
#define DOMAIN "provider.domain"
#define LATER "try again later; the worker waits and goes on by itself"

/* --- asking ----------------------------------------------------------------------------------- */

static bool write_sender(const char *from, struct wire_smtp *out, struct err *err) {
    struct err why = {0};
    if (str_is_blank(from) || mime_address(from, false, out->sender, &why)) {
        return true;
    }
    out->utf8 = true;
    return mime_address(from, true, out->sender, err) || err_wrap(err, "from");
}

bool smtp_ask(const struct settings *s, int i, const struct wire_response *answers,
              struct wire_request *out, struct err *err) {
    (void)i;
    (void)answers;
    wire_request_init(out);
    out->get = true;
    out->replay_safe = true;
    smtp_place(s->smtp_url, out);
    bool good = (!out->body.failed || err_set(err, ERR_USAGE, "SMTP_URL cannot be read")) &&
                write_sender(s->from, &out->smtp, err);
    if (!good) {
        wire_request_done(out);
    }
    return good;
}

/* --- no answer -------------------------------------------------------------------------------- */

/* Why TLS failed, in the words of the TLS library and of curl, and what to do about it. */
static const struct {
    const char *words, *remedy;
} tls_faults[] = {
    {"self-signed", "name the certificate, or its authority's, in ca_file"},
    {"self signed", "name the certificate, or its authority's, in ca_file"},
    {"issuer certificate", "name its authority's certificate in ca_file, or have the server send "
                           "the whole chain"},
    {"subject name", "write the host in SMTP_URL as the certificate has it"},
    {"expired", "have the server's certificate renewed; see that this machine's clock is right"},
    {"not yet valid", "see that this machine's clock is right"},
    {"wrong version number",
     "smtps:// is for a port that speaks TLS at once (465): elsewhere write "
     "smtp://"},
    {"protocol", "the server has to speak TLS 1.2 or later"},
    {"SYSCALL", "the server broke off: it has to speak TLS 1.2 or later there"},
};

static const char *tls_remedy(const char *problem) {
    for (size_t i = 0; i < sizeof tls_faults / sizeof tls_faults[0]; i++) {
        if (strcasestr(problem, tls_faults[i].words)) {
            return tls_faults[i].remedy;
        }
    }
    return "check host and port in SMTP_URL, and the server's certificate";
}

static void learn_silence(const struct wire_response *a, const char *name, struct findings *out) {
    const char *problem = a->problem[0] ? a->problem : "no answer";
    switch ((int)a->stage) {
    case SMTP_NO_TLS:
        findings_add(out, FINDING_MEND, TLS, "%s offers no STARTTLS: nothing is sent to it", name);
        findings_remedy(out, "take a port of the server's that offers it (587), or smtps:// where "
                             "it speaks TLS at once (465); ?tls=none is for a network of your own");
        return;
    case SMTP_TLS:
        findings_add(out, FINDING_MEND, TLS, "no TLS with %s: %s", name, problem);
        findings_remedy(out, "%s", tls_remedy(problem));
        return;
    case SMTP_AUTH:
        findings_add(out, FINDING_MEND, KEY, "no login at %s: %s", name, problem);
        findings_remedy(out, "check the user and password in SMTP_URL, and what logins (AUTH) the "
                             "server offers there");
        return;
    default:
        findings_add(out, FINDING_MEND, REACH, "%s cannot be reached: %s", name, problem);
        findings_remedy(out, "check host and port in SMTP_URL, and that the network lets mail out "
                             "(many block port 25); a port that speaks TLS at once (465) wants "
                             "smtps://");
    }
}

/* --- an answer -------------------------------------------------------------------------------- */

static void learn_tls(const struct smtp_url *u, const char *name, struct findings *out) {
    if (!u->tls_none) {
        findings_add(out, FINDING_OK, TLS, "%s speaks TLS; its certificate is good", name);
    } else if (smtp_url_is_local(u)) {
        findings_add(out, FINDING_OK, TLS, "no TLS: the server is on this machine");
    } else {
        findings_add(out, FINDING_NOTE, TLS, "no TLS: mail crosses the network in the clear");
        findings_remedy(out, "take ?tls=none out of SMTP_URL, if the server offers STARTTLS");
    }
}

static void learn_refused(const struct wire_response *a, const struct smtp_reply *r,
                          const char *name, const char *sender, struct findings *out) {
    const struct smtp_rule *rule = smtp_rule_of(a->stage, r);
    enum lane_fault fault = rule ? rule->fault : LANE_DOWN;
    const char *hint = rule && rule->hint ? rule->hint : "";
    char said[500];
    smtp_reply_said(r, a->stage, said, sizeof said);
    if (fault == LANE_SENDER) {
        findings_add(out, FINDING_MEND, DOMAIN, "the server does not take the sender %s: %s",
                     sender, said);
        findings_remedy(out, "change `from`, or have the server allow it for this login");
    } else if (fault == LANE_KEY) {
        findings_add(out, FINDING_MEND, KEY, "the server %s: %s",
                     a->stage == SMTP_AUTH ? "refuses the login" : "does not let us in", said);
        findings_remedy(out, "%s", hint);
    } else if (fault == LANE_SUSPENDED) {
        findings_add(out, FINDING_MEND, REACH, "%s turns us away: %s", name, said);
        findings_remedy(out, "%s", hint);
    } else {
        findings_add(out, FINDING_UNKNOWN, REACH, "%s does not take us at this moment: %s", name,
                     said);
        findings_remedy(out, LATER);
    }
}

static void learn_login(const struct smtp_url *u, const struct wire_response *a,
                        struct findings *out) {
    if (a->login) {
        findings_add(out, FINDING_OK, KEY, "the server takes the login");
    } else if (u->user[0]) {
        findings_add(out, FINDING_NOTE, KEY,
                     "the server offers no login there: user and password go unused");
        findings_remedy(out, "take the port for submission (587 or 465), or leave them out of "
                             "SMTP_URL");
    } else {
        findings_add(out, FINDING_OK, KEY, "the server asks for no login so far");
    }
}

static void learn_sender(const struct settings *s, const struct wire_response *a,
                         const char *sender, struct findings *out) {
    char domain[321];
    if (a->stage == SMTP_MAIL) {
        findings_add(out, FINDING_OK, DOMAIN, "the server takes the sender %s", sender);
    } else {
        (void)ask_domain(domain, s, out); /* says that there is none */
    }
}

static void learn_rate(const struct settings *s, struct findings *out) {
    if (s->rate > 0) {
        findings_add(out, FINDING_OK, "provider.rate", "`rate` keeps to %g mails a second",
                     s->rate);
        return;
    }
    findings_add(out, FINDING_UNKNOWN, "provider.rate",
                 "a mail server tells no rate: mail goes as fast as it is taken");
    findings_remedy(out, "set `rate`, if the server's rules name one");
}

/* --- all of it -------------------------------------------------------------------------------- */

/* What was said after TLS, or without. */
static bool is_past_hello(enum smtp_stage stage) {
    return stage == SMTP_AUTH || stage == SMTP_MAIL || stage == SMTP_NOOP || stage == SMTP_NO_UTF8;
}

static void learn_reply(const struct settings *s, const struct smtp_url *u,
                        const struct wire_response *a, const char *name, struct findings *out) {
    struct smtp_reply reply;
    char sender[321] = "";
    struct err ignored;
    if (s->from[0] && !mime_address(s->from, true, sender, &ignored)) {
        sender[0] = '\0';
    }
    smtp_reply_read(&reply, a->status, buf_text(&a->body));
    if (a->stage == SMTP_NO_UTF8) {
        findings_add(out, FINDING_MEND, DOMAIN,
                     "the sender %s has letters beyond ASCII, and the server does not speak "
                     "SMTPUTF8",
                     sender);
        findings_remedy(out, "change `from`; a domain can be written in its xn-- form");
    } else if (reply.code < 200 || reply.code > 299) {
        learn_refused(a, &reply, name, sender, out);
    } else {
        learn_login(u, a, out);
        learn_sender(s, a, sender, out);
        learn_rate(s, out);
    }
}

void smtp_learn(const struct settings *s, const struct wire_response *answers,
                struct findings *out) {
    const struct wire_response *a = &answers[0];
    struct smtp_url u;
    struct err err;
    char name[300];
    bool good = smtp_url_parse(&u, s->smtp_url, &err);
    explicit_bzero(u.password, sizeof u.password);
    if (!good) {
        findings_add(out, FINDING_MEND, REACH, "SMTP_URL: %s", err.text);
        findings_remedy(out, "see postroom.conf(5)");
        return;
    }
    str_format(name, sizeof name, "%s:%d", u.host, u.port);
    if (is_past_hello(a->stage)) {
        learn_tls(&u, name, out);
    }
    if (a->end == WIRE_ANSWERED || a->stage == SMTP_NO_UTF8) {
        learn_reply(s, &u, a, name, out);
    } else {
        learn_silence(a, name, out);
    }
}
