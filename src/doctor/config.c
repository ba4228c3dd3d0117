/* The configuration as a whole: each value was checked when it was read, here is what they make
 * together. */
#include "doctor/internal.h"

#include "base/str.h"
#include "http/door.h"
#include "net/net.h"
#include "provider/provider.h"

static void look_at_file(const struct config *config, struct findings *out) {
    const char *file = config_file(config);
    if (file)
        findings_add(out, FINDING_OK, "config.file", "%s was read", file);
    else
        findings_add(out, FINDING_OK, "config.file",
                     "no file: neither ./postroom.conf nor /etc/postroom/postroom.conf is there");
}

static void look_at_sender(const struct settings *s, struct findings *out) {
    if (s->from[0])
        return;
    findings_add(out, FINDING_NOTE, "config.from",
                 "no sender is configured: messages that name none fail");
    findings_remedy(out, "set `from`, unless every message has its from_email");
}

static void look_at_door(const struct settings *s, struct findings *out) {
    struct err err;
    if (!s->listen[0])
        return;
    if (door_check(s, &err)) {
        findings_add(out, FINDING_OK, "config.listen", "HTTP at %s%s", s->listen,
                     s->api_token[0] ? ", with a token" : "");
        return;
    }
    findings_add(out, FINDING_MEND, "config.listen", "listen: %s", err.text);
    findings_remedy(out, "set api_token, or listen on this machine alone; the worker does not "
                         "start like this");
}

static bool look_at_provider(const struct settings *s, struct findings *out) {
    const struct provider *p = provider_find(s->provider);
    struct err err;
    char url[512] = "";
    if (!p->check(s, &err)) {
        findings_add(out, FINDING_MEND, "config.provider", "%s", err.text);
        findings_remedy(out, "see postroom.conf(5)");
        return false;
    }
    if (p->base_url)
        p->base_url(s, url);
    if (p->base_url && !net_check_url(url, &err)) {
        findings_add(out, FINDING_MEND, "config.provider", "%s: %s", p->base_key, err.text);
        findings_remedy(out, "set it to the address of the provider's API, or leave it out");
        return false;
    }
    if (!p->wire) {
        findings_add(out, FINDING_NOTE, "config.provider",
                     "the provider \"%s\" sends nothing: messages become sent without leaving",
                     p->name);
        findings_remedy(out, "choose a provider when the trial is over");
    } else {
        findings_add(out, FINDING_OK, "config.provider", "the provider %s has all it needs",
                     p->name);
    }
    return true;
}

bool doctor_config(const struct config *config, struct findings *out) {
    const struct settings *s = config_settings(config);
    look_at_file(config, out);
    look_at_sender(s, out);
    look_at_door(s, out);
    return look_at_provider(s, out);
}
