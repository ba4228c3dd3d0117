/* Growable bytes. Memory doubles up to the maximum; the first failure sticks, so that a chain of
 * appends needs one check at its end. The owner's thread only. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, size_t max) {
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b) {
    mem_free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b) {
    b->len = 0;
    b->failed = false;
    b->full = false;
    if (b->data) {
        b->data[0] = '\0';
    }
}

/* The capacity to go to for `need` bytes (the NUL included), need <= max + 1. */
static size_t grown(const struct buf *b, size_t need) {
    size_t limit = b->max < SIZE_MAX ? b->max + 1 : SIZE_MAX;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
    }
    return cap < limit ? cap : limit;
}

bool buf_reserve(struct buf *b, size_t n) {
    if (b->failed) {
        return false;
    }
    if (b->len > b->max || n > b->max - b->len || b->len + n == SIZE_MAX) {
        b->failed = true;
        b->full = true;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap) {
        return true;
    }
    size_t cap = grown(b, need);
    char *data = mem_resize(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    b->data[b->len] = '\0';
    return true;
}

void buf_add(struct buf *b, const void *data, size_t n) {
    if (!buf_reserve(b, n) || n == 0) {
        return;
    }
    memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c) {
    buf_add(b, &c, 1);
}

void buf_puts(struct buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!buf_reserve(b, (size_t)n)) {
        return;
    }
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

char *buf_take(struct buf *b) {
    char *data = NULL;
    if (buf_reserve(b, 0)) { /* gives an empty buffer its "" */
        data = b->data;
        b->data = NULL;
    }
    buf_free(b);
    return data;
}

const char *buf_text(const struct buf *b) {
    return b->data ? b->data : "";
}
