/* SMTP: what a reply makes of the message and of the lane. Before the mail is handed over whole
 * nothing was sent; a reply to the dot that ends it is a definite answer, whatever it says; silence
 * there leaves it uncertain. Total and pure; any thread. */
#include "core/mime.h"
#include "provider/common.h"
#include "provider/internal.h"
#include "provider/smtp_reply.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define BUSY_MS 5000 /* 421: the server wants less of us */

/* --- refused ----------------------------------------------------------------------------------
 */

/* The recipients went out in the order to, cc, bcc. NULL: out of memory. */
static const char *field_of(const struct message *m, int recipient) {
    struct err err = {0};
    if (recipient <= 0) {
        return "to";
    }
    struct json *list = m->cc ? json_parse(m->cc, strlen(m->cc), WIRE_MAX_BODY, &err) : NULL;
    const char *field = recipient <= json_size(list) ? "cc" : "bcc";
    json_free(list);
    return err.code == ERR_NOMEM ? NULL : field;
}

/* A refusal of cc or bcc is not to be looked for in to. */
static void name_field(const char *field, struct outcome *o) {
    size_t n = strlen(o->reason);
    if (str_eq(field, "to")) {
        return;
    }
    if (str_eq(o->code, "rejected:invalid_to")) {
        str_format(o->code, sizeof o->code, "rejected:invalid_%s", field);
    }
    str_format(o->reason + n, sizeof o->reason - n, " (in %s)", field);
}

static void read_refused(enum smtp_stage stage, int recipient, const struct smtp_reply *r,
                         const struct manifest *m, struct reading *out) {
    const struct smtp_rule *rule = smtp_rule_of(stage, r);
    const char *field = stage == SMTP_RCPT ? field_of(&m->messages[0], recipient) : "to";
    char said[sizeof out->outcomes[0].reason];
    if (!rule) { /* no such reply exists: it proves nothing good */
        common_all(out, m, OUTCOME_UNCERTAIN, "lost", "lost: a reply that SMTP does not know");
        out->definite = false;
        out->lane.fault = LANE_DOWN;
        str_copy(out->lane.text, sizeof out->lane.text, out->outcomes[0].reason);
        return;
    }
    if (!field) {
        common_read_later(m, out);
        return;
    }
    const struct answer_rule as = {0,           0,    NULL,       rule->kind,
                                   rule->fault, true, rule->code, rule->hint};
    smtp_reply_said(r, stage, said, sizeof said);
    common_apply(&as, r->code, said, m, out);
    if (rule->fault == LANE_OK) {
        name_field(field, &out->outcomes[0]);
    }
    if (rule->fault == LANE_RATE) {
        out->lane.retry_after_ms = r->code == 421 ? BUSY_MS : 1000;
    }
    if (rule->fault == LANE_SENDER) {
        common_blame_sender(m, out);
    }
}

/* --- accepted ---------------------------------------------------------------------------------
 */

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
static void read_accepted(const struct smtp_reply *r, const struct manifest *m,
                          struct reading *out) {
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

/* --- all of it --------------------------------------------------------------------------------
 */

static void keep_reply(const struct smtp_reply *r, struct reading *out) {
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
    struct smtp_reply reply;
    common_begin(out);
    if (m->n == 0) {
        return;
    }
    if (response->stage == SMTP_NO_UTF8) {
        read_no_utf8(m, out);
    } else if (response->end != WIRE_ANSWERED) {
        common_no_answer(response, m, out);
    } else {
        smtp_reply_read(&reply, response->status, buf_text(&response->body));
        if (response->stage == SMTP_BODY && reply.code >= 200 && reply.code <= 299) {
            read_accepted(&reply, m, out);
        } else {
            read_refused(response->stage, response->recipient, &reply, m, out);
        }
        keep_reply(&reply, out);
    }
    common_doubt(m, out);
}
