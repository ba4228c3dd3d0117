/* SMTP: what the last reply of a dialogue means, by the command it answers, its code and its
 * enhanced code (RFC 3463). Before the mail is handed over whole nothing was sent; a reply to the
 * dot that ends it is a definite answer, whatever it says; silence there leaves it uncertain.
 *
 * A temporary refusal of one recipient is the message's; one of the server as such counts against
 * the lane as well, so that five in a row park it. Total and pure; any thread. */
#include "core/mime.h"
#include "provider/common.h"
#include "provider/internal.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define AT(stage) (1u << (stage))
#define BEFORE (AT(SMTP_GREETING) | AT(SMTP_HELLO) | AT(SMTP_TLS))
#define MAIL_ON (AT(SMTP_MAIL) | AT(SMTP_RCPT) | AT(SMTP_DATA) | AT(SMTP_BODY))
#define ANY (BEFORE | AT(SMTP_AUTH) | MAIL_ON)
#define CONTENT (AT(SMTP_DATA) | AT(SMTP_BODY))
#define BUSY_MS 5000 /* 421: the server wants less of us */

/* The first row that fits counts. */
static const struct smtp_rule {
    unsigned stages;
    int from, to;
    const char *enhanced; /* its beginning, or NULL: whatever it is */
    const char *words;    /* in the reply, or NULL */
    enum outcome_kind kind;
    enum lane_fault fault;
    const char *code; /* NULL: "provider:CODE" */
    const char *hint; /* for the operator, or NULL */
} rules[] = {
    {ANY, 400, 599, NULL, "daily message quota", OUTCOME_RELEASE, LANE_DAILY, NULL, NULL},
    {ANY, 454, 454, NULL, "throttl", OUTCOME_RELEASE, LANE_RATE, NULL, NULL},
    {ANY, 421, 421, NULL, NULL, OUTCOME_RELEASE, LANE_RATE, NULL, NULL},
    {BEFORE, 400, 499, NULL, NULL, OUTCOME_RELEASE, LANE_DOWN, NULL, NULL},
    {BEFORE, 500, 599, NULL, NULL, OUTCOME_RELEASE, LANE_SUSPENDED, NULL,
     "the server does not talk to us: check SMTP_URL"},
    {AT(SMTP_AUTH), 400, 499, NULL, NULL, OUTCOME_RELEASE, LANE_DOWN, NULL, NULL},
    {AT(SMTP_AUTH), 500, 599, NULL, NULL, OUTCOME_RELEASE, LANE_KEY, NULL,
     "check the user and password in SMTP_URL"},
    {MAIL_ON, 530, 538, NULL, NULL, OUTCOME_RELEASE, LANE_KEY, NULL,
     "the server wants a user and password (or TLS): check SMTP_URL"},
    {AT(SMTP_RCPT), 500, 599, NULL, "relay", OUTCOME_RELEASE, LANE_KEY, NULL,
     "the server takes no mail for others from us: check SMTP_URL"},
    {MAIL_ON, 552, 552, "5.2.2", NULL, OUTCOME_REJECTED, LANE_OK, "rejected:mailbox_full", NULL},
    {MAIL_ON, 552, 552, NULL, NULL, OUTCOME_REJECTED, LANE_OK, "rejected:too_big", NULL},
    {MAIL_ON, 500, 599, "5.3.4", NULL, OUTCOME_REJECTED, LANE_OK, "rejected:too_big", NULL},
    {AT(SMTP_MAIL), 500, 599, NULL, NULL, OUTCOME_RELEASE, LANE_SENDER, NULL,
     "the server does not take this sender"},
    {AT(SMTP_MAIL), 400, 499, NULL, NULL, OUTCOME_RELEASE, LANE_DOWN, NULL, NULL},
    {AT(SMTP_RCPT), 500, 599, "5.1.7", NULL, OUTCOME_RELEASE, LANE_SENDER, NULL, NULL},
    {AT(SMTP_RCPT), 500, 599, "5.1.8", NULL, OUTCOME_RELEASE, LANE_SENDER, NULL, NULL},
    {AT(SMTP_RCPT), 500, 599, "5.1.", NULL, OUTCOME_REJECTED, LANE_OK, "rejected:invalid_to", NULL},
    {AT(SMTP_RCPT), 500, 599, "5.2.2", NULL, OUTCOME_REJECTED, LANE_OK, "rejected:mailbox_full",
     NULL},
    {AT(SMTP_RCPT), 500, 599, "5.", NULL, OUTCOME_REJECTED, LANE_OK, "rejected:refused", NULL},
    {AT(SMTP_RCPT), 550, 553, NULL, NULL, OUTCOME_REJECTED, LANE_OK, "rejected:invalid_to", NULL},
    {MAIL_ON, 500, 599, NULL, NULL, OUTCOME_REJECTED, LANE_OK, "rejected:refused", NULL},
    {AT(SMTP_RCPT), 450, 450, NULL, NULL, OUTCOME_RETRY, LANE_OK, NULL, NULL},
    {AT(SMTP_RCPT), 400, 499, "4.1.", NULL, OUTCOME_RETRY, LANE_OK, NULL, NULL},
    {AT(SMTP_RCPT), 400, 499, "4.2.", NULL, OUTCOME_RETRY, LANE_OK, NULL, NULL},
    {MAIL_ON, 400, 499, NULL, NULL, OUTCOME_RETRY, LANE_DOWN, NULL, NULL},
};

struct reply {
    int code;
    char enhanced[16]; /* "5.1.1"; "" where there is none */
    char text[400];    /* its lines as one, without the codes */
};

/* --- taking a reply apart -----------------------------------------------------------------------
 */

static size_t enhanced_length(const char *s) {
    size_t n = 0;
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(s + n, "0123456789");
        if (digits == 0 || digits > 3 || (part == 0 && digits > 1) ||
            (part < 2 && s[n + digits] != '.')) {
            return 0;
        }
        n += digits + (part < 2);
    }
    return s[n] == ' ' || s[n] == '\0' ? n : 0;
}

/* lines: "550-5.1.1 No such\n550 5.1.1 user\n" */
static void read_reply(struct reply *r, int code, const char *lines) {
    struct buf text;
    buf_init(&text, 4096);
    r->code = code;
    r->enhanced[0] = '\0';
    while (*lines) {
        size_t n = strcspn(lines, "\r\n");
        char line[600];
        str_format(line, sizeof line, "%.*s", (int)n, lines);
        const char *words = strlen(line) > 3 ? line + 4 : "";
        size_t e = enhanced_length(words);
        if (e > 0 && e < sizeof r->enhanced) {
            str_format(r->enhanced, sizeof r->enhanced, "%.*s", (int)e, words);
            words += e + (words[e] == ' ');
        }
        buf_printf(&text, "%s%s", text.len > 0 ? " " : "", words);
        lines += n;
        lines += strspn(lines, "\r\n");
    }
    str_copy_line(r->text, sizeof r->text, buf_text(&text));
    buf_free(&text);
}

/* --- what it means ------------------------------------------------------------------------------
 */

static bool fits(const struct smtp_rule *rule, enum smtp_stage stage, const struct reply *r) {
    return (rule->stages & AT(stage)) && r->code >= rule->from && r->code <= rule->to &&
           (!rule->enhanced || str_starts(r->enhanced, rule->enhanced)) &&
           (!rule->words || strcasestr(r->text, rule->words));
}

static const char *stage_name(enum smtp_stage stage) {
    static const char *const names[] = {"greeting", "EHLO", "STARTTLS",    "AUTH", "MAIL",
                                        "RCPT",     "DATA", "end of data", "EHLO"};
    return names[stage];
}

static void read_refused(enum smtp_stage stage, const struct reply *r, const struct manifest *m,
                         struct reading *out) {
    size_t i = 0;
    while (i < sizeof rules / sizeof rules[0] && !fits(&rules[i], stage, r)) {
        i++;
    }
    if (i == sizeof rules / sizeof rules[0]) { /* no such reply exists: it proves nothing good */
        common_all(out, m, OUTCOME_UNCERTAIN, "lost", "lost: a reply that SMTP does not know");
        out->definite = false;
        out->lane.fault = LANE_DOWN;
        str_copy(out->lane.text, sizeof out->lane.text, out->outcomes[0].reason);
        return;
    }
    const struct smtp_rule *rule = &rules[i];
    const struct answer_rule as = {0,           0,    NULL,       rule->kind,
                                   rule->fault, true, rule->code, rule->hint};
    char said[sizeof out->outcomes[0].reason];
    str_format(said, sizeof said, "%d %s: %s", r->code,
               r->enhanced[0] ? r->enhanced : stage_name(stage), r->text);
    common_apply(&as, r->code, said, m, out);
    if (rule->fault == LANE_RATE) {
        out->lane.retry_after_ms = r->code == 421 ? BUSY_MS : 1000;
    }
    if (rule->fault == LANE_SENDER) {
        common_blame_sender(m, out);
    }
}

/* "... queued as 4Tx9Zy1", "Ok 0102018f-..." (SES): the server's name for it. */
static const char *queue_id(const char *text) {
    static const char *const before[] = {"queued as ", "queued mail for delivery as ", "id="};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        const char *at = strcasestr(text, before[i]);
        if (at) {
            return at + strlen(before[i]);
        }
    }
    return str_starts(text, "Ok 0") ? text + 3 : NULL;
}

/* Where the server tells none, the mail's own: that is what a bounce will name. */
static void read_accepted(const struct reply *r, const struct manifest *m, struct reading *out) {
    struct mime_context c = {.from = m->sender, .origin = m->origin, .utf8_addresses = true};
    char id[MIME_MESSAGE_ID];
    struct err err = {0};
    common_all(out, m, OUTCOME_SENT, "", "");
    const char *theirs = queue_id(r->text);
    if (theirs) {
        str_format(id, sizeof id, "%.*s", (int)strcspn(theirs, " ,;)>"), theirs);
        common_provider_id(out->outcomes[0].provider_id, id);
    }
    if (!out->outcomes[0].provider_id[0] && mime_message_id(&m->messages[0], &c, id, &err)) {
        common_provider_id(out->outcomes[0].provider_id, id);
    }
}

static void keep_reply(const struct reply *r, struct reading *out) {
    struct buf text;
    struct json_writer w;
    buf_init(&text, sizeof out->answer - 1);
    jw_init(&w, &text);
    jw_object(&w);
    jw_kv_int(&w, "code", r->code);
    if (r->enhanced[0]) {
        jw_kv_text(&w, "enhanced", r->enhanced);
    }
    jw_kv_text(&w, "text", r->text);
    jw_object_end(&w);
    if (!text.failed) {
        str_copy(out->answer, sizeof out->answer, buf_text(&text));
    }
    buf_free(&text);
}

static void read_no_utf8(const struct manifest *m, struct reading *out) {
    common_all(
        out, m, OUTCOME_REJECTED, "rejected:needs_smtputf8",
        "an address has letters beyond ASCII, and the server does not speak SMTPUTF8: write a "
        "domain in its xn-- form");
}

void smtp_read(const struct wire_response *response, const struct manifest *m,
               struct reading *out) {
    struct reply reply;
    common_begin(out);
    if (m->n == 0) {
        return;
    }
    if (response->stage == SMTP_NO_UTF8) {
        read_no_utf8(m, out);
    } else if (response->end != WIRE_ANSWERED) {
        common_no_answer(response, m, out);
    } else {
        read_reply(&reply, response->status, buf_text(&response->body));
        if (response->stage == SMTP_BODY && reply.code >= 200 && reply.code <= 299) {
            read_accepted(&reply, m, out);
        } else {
            read_refused(response->stage, &reply, m, out);
        }
        keep_reply(&reply, out);
    }
    common_doubt(m, out);
}
