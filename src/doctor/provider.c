/* The provider's questions, carried: one after the other, each with what was told so far, and all
 * answers given to it in the end. Where the first is not answered the others are not put. */
#include "doctor/internal.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/net.h"
#include "provider/common.h"
#include "provider/provider.h"

#include <poll.h>

#define TIMEOUT_MS 10000
#define ALL_MS 20000 /* for all of them */
#define PAUSE_MS                                                                                   \
    1100 /* a question that comes too soon is put once more: SES takes one a second                \
          */
#define TOO_SOON 429

struct enquiry {
    const struct provider *provider;
    struct settings settings; /* with limits for questions */
    struct net *net;
    int64_t until_us; /* boot time: none is on its way after that */
    struct wire_response answers[QUESTIONS_MAX];
    int64_t heard_us; /* wall time of the first answer; 0: none came */
};

/* A question that does not arise has no URL. */
static bool submit(struct enquiry *e, int i, bool *arises, struct err *err) {
    struct wire_request request;
    if (!e->provider->ask(&e->settings, i, e->answers, &request, err))
        return false;
    *arises = request.url[0] != '\0';
    if (!*arises ||
        (e->provider->sign && !e->provider->sign(&e->settings, clock_wall_us(), &request, err))) {
        wire_request_done(&request);
        return !*arises;
    }
    return net_submit(e->net, (uint64_t)i, &request, 0, e->until_us, err);
}

/* What was submitted comes back, at the latest by its time limit. */
static struct wire_response await(struct enquiry *e) {
    uint64_t i;
    struct wire_response answer;
    while (!net_reap(e->net, &i, &answer)) {
        struct pollfd fd = {.fd = net_fd(e->net), .events = POLLIN};
        (void)poll(&fd, 1, -1);
    }
    return answer;
}

static bool put(struct enquiry *e, int i, struct err *err) {
    bool arises = false, again = false;
    do {
        if (!submit(e, i, &arises, err))
            return false;
        if (!arises)
            return true;
        wire_response_done(&e->answers[i]);
        e->answers[i] = await(e);
        again = !again && e->answers[i].status == TOO_SOON && poll(NULL, 0, PAUSE_MS) == 0;
    } while (again);
    if (i == 0 && e->answers[0].end == WIRE_ANSWERED)
        e->heard_us = clock_wall_us();
    return true;
}

static bool put_all(struct enquiry *e, struct err *err) {
    e->until_us = clock_boot_us() + ALL_MS * USEC_PER_MS;
    for (int i = 0; i < e->provider->questions; i++) {
        if (!put(e, i, err))
            return false;
        if (e->answers[0].end != WIRE_ANSWERED)
            return true;
    }
    return true;
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
    if (put_all(e, &err)) {
        e->provider->learn(&e->settings, e->answers, out);
        compare_clocks(e, out);
    } else {
        findings_add(out, FINDING_UNKNOWN, "provider.reach", "not asked: %s", err.text);
    }
}

static void with_net(struct enquiry *e, struct findings *out) {
    struct err err;
    e->settings.request_timeout_ms = TIMEOUT_MS;
    e->settings.concurrency = 1;
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
    for (int i = 0; i < QUESTIONS_MAX; i++)
        wire_response_init(&e.answers[i]);
    with_net(&e, out);
    for (int i = 0; i < QUESTIONS_MAX; i++)
        wire_response_done(&e.answers[i]);
}
