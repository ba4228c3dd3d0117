/* SES: what it cannot take although the row is a good mail; said before anything is sent. Pure; any
 * thread. */
#include "core/mime_mailbox.h"
#include "provider/common.h"
#include "provider/internal.h"
#include "provider/tags.h"

#include "base/str.h"

#include <string.h>

#define RECIPIENTS_MAX 50
#define TAGS_MAX 50

/* SES does not speak SMTPUTF8. */
static bool address_fits(const char *column, const char *mailbox, struct err *err) {
    char address[321];
    return !mailbox || mime_address(mailbox, false, address, err) || err_wrap(err, "%s", column);
}

/* count: of its addresses, added. */
static bool list_fits(const char *column, const char *json, int *count, struct err *err) {
    struct json *list = json ? json_parse(json, strlen(json), WIRE_MAX_BODY, err) : NULL;
    bool good = list || !json;
    for (const struct json *v = json_first(list); good && v; v = json_next(v)) {
        good = address_fits(column, json_text(v), err);
        *count += 1;
    }
    json_free(list);
    return good;
}

static bool or_code(bool good, char code[64], const char *name) {
    if (!good) {
        str_copy(code, 64, name);
    }
    return good;
}

static bool few_enough(int recipients, struct err *err) {
    return recipients <= RECIPIENTS_MAX ||
           err_set(err, ERR_INVALID, "%d recipients with cc and bcc: SES takes %d", recipients,
                   RECIPIENTS_MAX);
}

static bool people_fit(const struct message *m, char code[64], struct err *err) {
    int n = 1, replies = 0;
    return or_code(address_fits("from_email", m->from, err), code, "rejected:invalid_from") &&
           or_code(address_fits("to_email", m->to, err), code, "rejected:invalid_to") &&
           or_code(list_fits("cc", m->cc, &n, err), code, "rejected:invalid_cc") &&
           or_code(list_fits("bcc", m->bcc, &n, err), code, "rejected:invalid_bcc") &&
           or_code(list_fits("reply_to", m->reply_to, &replies, err), code,
                   "rejected:invalid_reply_to") &&
           or_code(few_enough(n, err), code, "rejected:too_many_recipients");
}

bool ses_accepts(const struct message *m, char code[64], struct err *err) {
    return people_fit(m, code, err) && tags_fit(m, TAGS_MAX, "SES", code, err);
}
