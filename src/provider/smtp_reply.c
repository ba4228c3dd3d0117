/* The table of replies, and how one is taken apart. See smtp_reply.h.
 *
 * A temporary refusal of one recipient is the message's; one of the server as such counts against
 * the lane as well, so that five in a row park it. */
#include "provider/smtp_reply.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define AT(stage) (1u << (stage))
#define BEFORE (AT(SMTP_GREETING) | AT(SMTP_HELLO) | AT(SMTP_TLS))
#define MAIL_ON (AT(SMTP_MAIL) | AT(SMTP_RCPT) | AT(SMTP_DATA) | AT(SMTP_BODY))
#define ANY (BEFORE | AT(SMTP_AUTH) | MAIL_ON | AT(SMTP_NOOP))

/* The first row that fits counts. */
static const struct smtp_rule rules[] = {
    {ANY, 400, 599, NULL, "daily message quota", OUTCOME_RELEASE, LANE_DAILY, NULL, NULL},
    {ANY, 454, 454, NULL, "throttl", OUTCOME_RELEASE, LANE_RATE, NULL, NULL},
    {ANY, 421, 421, NULL, NULL, OUTCOME_RELEASE, LANE_RATE, NULL, NULL},
    {BEFORE, 400, 499, NULL, NULL, OUTCOME_RELEASE, LANE_DOWN, NULL, NULL},
    {BEFORE, 500, 599, NULL, NULL, OUTCOME_RELEASE, LANE_SUSPENDED, NULL,
     "the server does not talk to us: check SMTP_URL"},
    {AT(SMTP_AUTH), 400, 499, NULL, NULL, OUTCOME_RELEASE, LANE_DOWN, NULL, NULL},
    {AT(SMTP_AUTH), 500, 599, NULL, NULL, OUTCOME_RELEASE, LANE_KEY, NULL,
     "check the user and password in SMTP_URL"},
    {MAIL_ON | AT(SMTP_NOOP), 530, 538, NULL, NULL, OUTCOME_RELEASE, LANE_KEY, NULL,
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

void smtp_reply_read(struct smtp_reply *r, int code, const char *lines) {
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

static bool fits(const struct smtp_rule *rule, enum smtp_stage stage, const struct smtp_reply *r) {
    return (rule->stages & AT(stage)) && r->code >= rule->from && r->code <= rule->to &&
           (!rule->enhanced || str_starts(r->enhanced, rule->enhanced)) &&
           (!rule->words || strcasestr(r->text, rule->words));
}

static const char *stage_name(enum smtp_stage stage) {
    static const char *const names[SMTP_STAGES] = {
        [SMTP_GREETING] = "greeting", [SMTP_HELLO] = "EHLO",       [SMTP_TLS] = "STARTTLS",
        [SMTP_AUTH] = "AUTH",         [SMTP_MAIL] = "MAIL",        [SMTP_RCPT] = "RCPT",
        [SMTP_DATA] = "DATA",         [SMTP_BODY] = "end of data", [SMTP_NOOP] = "NOOP",
        [SMTP_NO_TLS] = "EHLO",       [SMTP_NO_UTF8] = "EHLO"};
    return names[stage];
}

const struct smtp_rule *smtp_rule_of(enum smtp_stage stage, const struct smtp_reply *r) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (fits(&rules[i], stage, r)) {
            return &rules[i];
        }
    }
    return NULL;
}

void smtp_reply_said(const struct smtp_reply *r, enum smtp_stage stage, char *dst, size_t size) {
    str_format(dst, size, "%d %s: %s", r->code, r->enhanced[0] ? r->enhanced : stage_name(stage),
               r->text);
}
