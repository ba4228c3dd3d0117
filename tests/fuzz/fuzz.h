/* What every fuzz target is made of: libFuzzer's entry points, a check that stops the run, and
 * inputs taken apart so that a seed can be written by hand. */
#ifndef POSTROOM_TESTS_FUZZ_H
#define POSTROOM_TESTS_FUZZ_H

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A property that does not hold is a crash: libFuzzer keeps the input. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A field that must hold a whole text: terminated, valid UTF-8. */
#define CHECK_TEXT(field)                                                                          \
    do {                                                                                           \
        size_t text_length = strnlen((field), sizeof(field));                                      \
        CHECK(text_length < sizeof(field));                                                        \
        CHECK(str_is_utf8((field), text_length));                                                  \
    } while (0)

/* What is not consumed yet. */
struct seed {
    const char *data;
    size_t left;
};

static inline struct seed seed_of(const uint8_t *data, size_t n) {
    return (struct seed){(const char *)data, n};
}

/* One byte; 0 at the end. */
static inline unsigned char seed_byte(struct seed *in) {
    if (in->left == 0)
        return 0;
    in->left--;
    return (unsigned char)*in->data++;
}

/* How far a letter is from 'a', or a digit from '0': 0 .. modulus - 1. */
static inline int seed_number(struct seed *in, char zero, int modulus) {
    return (unsigned char)(seed_byte(in) - (unsigned char)zero) % modulus;
}

/* A copy of the bytes up to `end` (which is dropped) or up to the end; free with mem_free. Where
 * there is a NUL among them, the text ends there, as it would in any C string. */
static inline char *seed_text(struct seed *in, char end) {
    const char *stop = memchr(in->data, end, in->left);
    size_t n = stop ? (size_t)(stop - in->data) : in->left;
    char *text = mem_strndup(in->data, n);
    in->data += stop ? n + 1 : n;
    in->left -= stop ? n + 1 : n;
    CHECK(text);
    return text;
}

/* The rest of it. */
static inline char *seed_rest(struct seed *in) {
    char *text = mem_strndup(in->data, in->left);
    in->left = 0;
    CHECK(text);
    return text;
}

#endif
