/* What the providers' answers to questions have in common. See ask.h. */
#include "provider/ask.h"

#include "base/str.h"
#include "core/message.h"
#include "provider/common.h"

#include <ctype.h>
#include <string.h>

bool ask_get(struct wire_request *out, const char *base, const char *path, const char *key,
             struct err *err) {
    wire_request_init(out);
    out->get = true;
    out->replay_safe = true;
    bool fits = str_format(out->url, sizeof out->url, "%s%s", base, path);
    common_bearer(out, key);
    wire_request_header(out, "Accept", "application/json", false);
    if (fits && !out->body.failed) {
        return true;
    }
    wire_request_done(out);
    return err_set(err, ERR_USAGE, "the address or the key is too long");
}

bool ask_reached(const struct wire_response *answer, const char *name, const char *base_key,
                 struct findings *out) {
    if (answer->end == WIRE_ANSWERED) {
        return true;
    }
    findings_add(out, FINDING_MEND, "provider.reach", "%s cannot be reached: %s", name,
                 answer->problem[0] ? answer->problem : "no answer");
    findings_remedy(out,
                    "check the network, %s and what lies between; where a proxy shows certificates "
                    "of its own, name them in ca_file",
                    base_key);
    return false;
}

void ask_unclear(const struct wire_response *answer, const char *name, const char *base_key,
                 const char *said, struct findings *out) {
    int status = answer->status;
    bool address = (status >= 300 && status <= 399) || status == 404 || status == 405;
    findings_add(out, address ? FINDING_MEND : FINDING_UNKNOWN, "provider.key",
                 address ? "what answers there is not %s's API: status %d%s%s"
                         : "%s does not say whether the key is good: status %d%s%s",
                 name, status, said[0] ? ", " : "", said);
    if (address) {
        findings_remedy(out, "check %s", base_key);
    } else if (status == 429) {
        findings_remedy(out, "too many requests at this moment: run `postroom doctor` again");
    } else {
        findings_remedy(out, "try again later; the worker waits and goes on by itself");
    }
}

bool ask_domain(char dst[321], const struct settings *s, struct findings *out) {
    char address[321] = "";
    if (s->from[0] != '\0') {
        message_bare_address(address, sizeof address, s->from);
    }
    const char *at = strrchr(address, '@');
    if (!at) {
        findings_add(out, FINDING_UNKNOWN, "provider.domain",
                     "no sender is configured, so no domain was looked for");
        findings_remedy(out, "set `from`, or see to it that each message names a sender of a "
                             "verified domain");
        return false;
    }
    str_copy(dst, 321, at + 1);
    for (char *c = dst; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return true;
}

bool ask_is_above(const char *name, const char *domain) {
    size_t n = strlen(name);
    size_t m = strlen(domain);
    return n > 0 && m > n + 1 && domain[m - n - 1] == '.' && strcmp(domain + m - n, name) == 0;
}
