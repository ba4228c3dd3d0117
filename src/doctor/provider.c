/* The provider's questions, carried: all at once, the answers given to it together. */
#include "doctor/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/net.h"
#include "provider/common.h"
#include "provider/provider.h"

#include <poll.h>

#define TIMEOUT_MS 10000

struct enquiry {
    const struct provider *provider;
    struct settings settings; /* with limits for questions */
    struct net *net;
    struct wire_response answers[QUESTIONS_MAX];
    int left;         /* questions on the way */
    int64_t heard_us; /* wall time of the first answer; 0: none came */
};

/* A question that does not arise has no URL. */
static bool submit(struct enquiry *e, int i, struct err *err) {
    int64_t until_us = clock_boot_us() + (TIMEOUT_MS + 2000) * USEC_PER_MS;
    struct wire_request request;
    if (!e->provider->ask(&e->settings, i, &request, err))
        return false;
    bool arises = request.url[0] != '\0';
    if (!arises ||
        (e->provider->sign && !e->provider->sign(&e->settings, clock_wall_us(), &request, err))) {
        wire_request_done(&request);
        return !arises;
    }
    e->left++;
    return net_submit(e->net, (uint64_t)i, &request, 0, until_us, err);
}

static bool submit_all(struct enquiry *e, struct err *err) {
    for (int i = 0; i < e->provider->questions; i++) {
        if (!submit(e, i, err))
            return false;
    }
    return true;
}

/* Every question submitted comes back, at the latest by its time limit. */
static void collect(struct enquiry *e) {
    while (e->left > 0) {
        uint64_t i;
        struct wire_response answer;
        struct pollfd fd = {.fd = net_fd(e->net), .events = POLLIN};
        (void)poll(&fd, 1, -1);
        while (net_reap(e->net, &i, &answer)) {
            if (i == 0 && answer.end == WIRE_ANSWERED)
                e->heard_us = clock_wall_us();
            wire_response_done(&e->answers[i]);
            e->answers[i] = answer;
            e->left--;
        }
    }
}

/* The Date of an answer has whole seconds. */
static void compare_clocks(const struct enquiry *e, struct findings *out) {
    int64_t told_s = e->heard_us ? common_answered_at(&e->answers[0]) : -1;
    if (told_s < 0)
        return;
    int64_t told_us = told_s * USEC_PER_SEC + USEC_PER_SEC / 2;
    int64_t about_us = USEC_PER_SEC / 2 + e->answers[0].took_ms * USEC_PER_MS;
    doctor_clock("clock.provider", "the provider's", e->heard_us - told_us, about_us, out);
}

static void enquire(struct enquiry *e, struct findings *out) {
    struct err err;
    if (submit_all(e, &err)) {
        collect(e);
        e->provider->learn(&e->settings, e->answers, out);
        compare_clocks(e, out);
    } else {
        findings_add(out, FINDING_UNKNOWN, "provider.reach", "not asked: %s", err.text);
    }
}

static void with_net(struct enquiry *e, struct findings *out) {
    struct err err;
    e->settings.request_timeout_ms = TIMEOUT_MS;
    e->settings.concurrency = QUESTIONS_MAX;
    if (!net_global_init(&err) || !(e->net = net_start(&e->settings, &err))) {
        findings_add(out, FINDING_MEND, "provider.reach", "%s", err.text);
        findings_remedy(out, "see the key named there in postroom.conf(5)");
        return;
    }
    enquire(e, out);
    net_stop(e->net);
    net_global_cleanup();
}

void doctor_provider(const struct settings *s, struct findings *out) {
    struct enquiry e = {.provider = provider_find(s->provider), .settings = *s};
    if (!e.provider->wire)
        return;
    if (e.provider->questions == 0) {
        findings_add(out, FINDING_UNKNOWN, "provider.key", "%s can tell nothing without sending",
                     e.provider->name);
        return;
    }
    for (int i = 0; i < QUESTIONS_MAX; i++)
        wire_response_init(&e.answers[i]);
    with_net(&e, out);
    for (int i = 0; i < QUESTIONS_MAX; i++)
        wire_response_done(&e.answers[i]);
}
