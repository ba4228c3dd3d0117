/* `postroom sandbox`: runs the sandbox until a signal asks it to leave. */
#include "app/cmd.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct option options[] = {
    {.name = "listen",
     .argument = "H:P",
     .help = "where; loopback only, port 0: any free one "
             "(default " SANDBOX_LISTEN ")"},
    {.name = "rate",
     .argument = "N",
     .help = "sending requests within a second, past it 429 "
             "(default 10)"},
    {.name = "latency", .argument = "MS", .help = "how long an accepted request takes (default 0)"},
    {.name = "fail",
     .argument = "P",
     .help = "percent of sending requests that fail: in turn a "
             "500, and a lost answer to mail that was accepted"},
    {.name = "domain",
     .argument = "D",
     .help = "a verified domain; mail from others is refused "
             "(default: any may send)",
     .many = true},
    {0},
};

#define DOMAINS_MAX 32

static bool read_domains(const struct args *args, const char *domains[DOMAINS_MAX],
                         struct sandbox_options *o, struct err *err) {
    const char *domain;
    o->domains = domains;
    while ((domain = args_value_at(args, "domain", o->domain_count)) != NULL) {
        if (o->domain_count == DOMAINS_MAX || !str_is_clean(domain) || strpbrk(domain, "@ "))
            return err_set(err, ERR_USAGE,
                           "--domain \"%.60s\": a domain like shop.example; %d at most", domain,
                           DOMAINS_MAX);
        domains[o->domain_count++] = domain;
    }
    return true;
}

static bool read_options(const struct args *args, struct sandbox_options *o, struct err *err) {
    int64_t rate = SANDBOX_RATE, latency = 0;
    const char *listen = args_value(args, "listen"), *fail = args_value(args, "fail");
    *o = (struct sandbox_options){.listen = listen ? listen : SANDBOX_LISTEN};
    if (!args_int(args, "rate", 1, SANDBOX_MAX_RATE, &rate, err) ||
        !args_int(args, "latency", 0, SANDBOX_MAX_LATENCY_MS, &latency, err))
        return false;
    o->rate = (int)rate;
    o->latency_ms = latency;
    if (fail && (!str_to_double(fail, &o->fail) || o->fail < 0 || o->fail > 100))
        return err_set(err, ERR_USAGE, "--fail: \"%.40s\": a percentage from 0 to 100", fail);
    return true;
}

static int run(const struct args *args, const struct settings *settings) {
    (void)settings;
    struct err err = {0};
    struct sandbox_options o;
    const char *domains[DOMAINS_MAX];
    sigset_t leave;
    int signal_number;
    sigemptyset(&leave);
    sigaddset(&leave, SIGINT);
    sigaddset(&leave, SIGTERM);
    sigaddset(&leave, SIGHUP);
    sigprocmask(SIG_BLOCK, &leave, NULL);
    if (!read_options(args, &o, &err) || !read_domains(args, domains, &o, &err))
        return cmd_fail(&err);
    struct sandbox *sandbox = sandbox_start(&o, &err);
    if (!sandbox)
        return cmd_fail(&err);
    printf(
        "postroom sandbox: Resend's API at http://%s (%d requests/s; what it got: GET /emails)\n",
        sandbox_address(sandbox), o.rate);
    fflush(stdout);
    sigwait(&leave, &signal_number);
    sandbox_stop(sandbox);
    return EXIT_DONE;
}

const struct cmd cmd_sandbox = {
    .name = "sandbox",
    .arguments = "",
    .summary = "a local server that speaks Resend's API and keeps what it got",
    .details =
        "Point postroom or any client of Resend at it: RESEND_BASE_URL=http://" SANDBOX_LISTEN "\n"
        "and RESEND_API_KEY=re_anything. Nothing is ever mailed.\n"
        "\n"
        "GET /emails lists what was accepted, newest first (?limit, after, before);\n"
        "GET /emails/ID shows one; GET /sandbox counts. Looking needs no key and costs\n"
        "no rate. The newest 10,000 mails or 64 MiB are kept, in memory.\n"
        "\n"
        "delivered@, bounced@, complained@ and suppressed@resend.dev (+label allowed)\n"
        "get that last_event. example.com and test.com are refused, as Resend does.\n"
        "Keys that begin with re_revoked, re_restricted, re_unverified, re_daily,\n"
        "re_monthly or re_suspended get the answer of an account in that state; GET /domains\n"
        "answers accordingly, and keys that begin with re_sending may only send.",
    .options = options,
    .no_settings = true,
    .run = run,
};
