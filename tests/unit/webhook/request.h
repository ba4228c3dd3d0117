/* For tests of webhooks: a request out of a body and a list of headers, and files of
 * tests/fixtures/webhook. */
#ifndef TESTS_UNIT_WEBHOOK_REQUEST_H
#define TESTS_UNIT_WEBHOOK_REQUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "webhook/webhook.h"

#include <string.h>
#include <strings.h>

struct header {
    const char *name, *value;
};

static struct header headers[8]; /* ends with a row without a name */
static struct err err;
static const char *why;

static inline const char *find_header(const void *self, const char *name) {
    for (const struct header *h = self; h->name; h++)
        if (strcasecmp(h->name, name) == 0)
            return h->value;
    return NULL;
}

static inline struct webhook_request request(const char *body, int64_t now_s) {
    return (struct webhook_request){.body = body,
                                    .body_len = strlen(body),
                                    .header = find_header,
                                    .self = headers,
                                    .now_us = now_s * USEC_PER_SEC};
}

/* A file's text; free with mem_free. */
static inline char *fixture(const char *name) {
    char path[200];
    struct buf text;
    str_format(path, sizeof path, "tests/fixtures/webhook/%s", name);
    buf_init(&text, 64 * 1024);
    if (!file_read(path, &text, NULL, &err))
        fail_msg("%s", err.text);
    return buf_take(&text);
}

static inline int no_headers(void **state) {
    *state = (void *)(intptr_t)mem_live();
    memset(headers, 0, sizeof headers);
    return 0;
}

static inline int nothing_left(void **state) {
    return mem_live() == (long)(intptr_t)*state ? 0 : -1;
}

#endif
