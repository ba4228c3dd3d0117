/* What provider tests are made of: a settings struct, messages that own nothing, answers. */
#ifndef POSTROOM_TESTS_PROVIDER_MAILS_H
#define POSTROOM_TESTS_PROVIDER_MAILS_H

#include "base/mem.h"
#include "base/str.h"
#include "provider/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_MAILS 100

static const struct settings conf = {
    .provider = "resend",
    .resend_api_key = "re_test_123456789",
    .resend_base_url = "https://api.resend.com",
    .sendgrid_api_key = "SG.test_123456789",
    .sendgrid_base_url = "https://api.sendgrid.com",
    .from = "Somebody else <later@shop.example>",
};

/* A message of literals: nothing here is freed. */
static inline struct message mail(const char *id, const char *to) {
    return (struct message){.id = (char *)id,
                            .to = (char *)to,
                            .subject = (char *)"hello",
                            .html = (char *)"<p>hi</p>"};
}

static inline struct manifest manifest_of(struct message *messages, int n) {
    struct manifest m = {.lane = "resend",
                         .key = "postroom-3f2a",
                         .sender = "Shop <hello@shop.example>",
                         .attempts = 1,
                         .batch = n > 1,
                         .n = n,
                         .messages = messages};
    return m;
}

static inline const char *header(const struct wire_request *r, const char *name) {
    for (int i = 0; i < r->header_count; i++) {
        if (str_eq(r->headers[i].name, name)) {
            return r->headers[i].value;
        }
    }
    return NULL;
}

/* n messages to the same recipient, none with a sender of its own. */
static inline struct manifest some_mails(struct message *messages, int n) {
    for (int i = 0; i < n; i++) {
        messages[i] = mail("m", "a@y.com");
    }
    return manifest_of(messages, n);
}

static inline struct wire_response answer(int status, const char *body, const char *headers) {
    struct wire_response r;
    wire_response_init(&r);
    r.end = WIRE_ANSWERED;
    r.status = status;
    buf_puts(&r.body, body);
    buf_puts(&r.headers, headers);
    return r;
}

/* The bytes of tests/fixtures/PROVIDER/NAME; the caller's to mem_free. */
static inline char *fixture_of(const char *provider, const char *name) {
    char path[200];
    struct buf b;
    buf_init(&b, 1 << 20);
    str_format(path, sizeof path, "tests/fixtures/%s/%s", provider, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail_msg("%s is missing: run from the project's folder", path);
        return NULL;
    }
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        buf_add(&b, part, n);
    }
    fclose(f);
    return buf_take(&b);
}

#endif
