/* Growable bytes with a maximum and a sticky failure: append without checking, check once.
 *
 * The bytes are always NUL-terminated (the NUL is not counted). One owner, one thread at a time. */
#ifndef POSTROOM_BASE_BUF_H
#define POSTROOM_BASE_BUF_H

#include "base/err.h"

#include <stddef.h>

struct buf {
    char *data; /* NULL until the first append */
    size_t len;
    size_t cap;
    size_t max;  /* len never exceeds it */
    bool failed; /* out of memory or max reached; nothing is appended any more */
    bool full;   /* failed, and it was the maximum */
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* afterwards as after buf_init with the same max */
void buf_clear(struct buf *b); /* len = 0, nothing failed; keeps the memory */

/* Makes room for n more bytes at once; false (and failed) where that cannot be. */
bool buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *data, size_t n);
void buf_addc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Hands the bytes over (free with mem_free) and leaves the buffer empty; NULL where it failed.
 * An empty buffer yields "". */
char *buf_take(struct buf *b);

/* The text, "" where nothing was appended. Valid until the next change. */
const char *buf_text(const struct buf *b);

#endif
