/* Requests and responses as data. Header values that cannot stand in a header, or do not fit, are
 * not shortened in silence: the request fails by its body's sticky failure. Values are wiped when
 * a request ends, because a key may be among them. */
#include "core/wire.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define MAX_HEADER_BYTES ((size_t)16 * 1024)

void wire_request_init(struct wire_request *r) {
    *r = (struct wire_request){0};
    buf_init(&r->body, WIRE_MAX_BODY);
    buf_init(&r->smtp.recipients, WIRE_MAX_BODY);
}

void wire_request_done(struct wire_request *r) {
    buf_free(&r->body);
    buf_free(&r->smtp.recipients);
    explicit_bzero(r->smtp.password, sizeof r->smtp.password);
    for (int i = 0; i < r->header_count; i++) {
        explicit_bzero(r->headers[i].value, strlen(r->headers[i].value));
        mem_free(r->headers[i].value);
    }
    wire_request_init(r);
}

void wire_request_header(struct wire_request *r, const char *name, const char *value, bool secret) {
    if (r->header_count >= WIRE_MAX_HEADERS || !str_is_clean(name) || !str_is_clean(value) ||
        strlen(value) > WIRE_MAX_VALUE) {
        r->body.failed = true;
        return;
    }
    struct wire_header *h = &r->headers[r->header_count];
    h->value = str_copy(h->name, sizeof h->name, name) ? mem_strdup(value) : NULL;
    if (!h->value) {
        r->body.failed = true;
        return;
    }
    h->secret = secret;
    r->header_count++;
}

void wire_response_init(struct wire_response *r) {
    *r = (struct wire_response){.end = WIRE_NOT_SENT, .recipient = -1};
    buf_init(&r->body, WIRE_MAX_ANSWER);
    buf_init(&r->headers, MAX_HEADER_BYTES);
}

void wire_response_done(struct wire_response *r) {
    buf_free(&r->body);
    buf_free(&r->headers);
    wire_response_init(r);
}

bool wire_response_header(const struct wire_response *r, const char *name, char *dst, size_t size) {
    size_t n = strlen(name);
    const char *line = buf_text(&r->headers);
    while (*line) {
        size_t len = strcspn(line, "\n");
        if (len > n && line[n] == ':' && memcmp(line, name, n) == 0) {
            const char *value = line + n + 1;
            const char *end = line + len;
            while (value < end && (*value == ' ' || *value == '\t')) {
                value++;
            }
            while (end > value && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
                end--;
            }
            str_format(dst, size, "%.*s", (int)(end - value), value);
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}
