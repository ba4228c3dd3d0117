/* Checked allocation over the C library, counting what is alive and failing on request.
 *
 * The counters are atomic, so any thread may allocate. The hook costs one relaxed load when it is
 * switched off. */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BLOCK (1024 * 1024)   /* larger ones come from the system and go back to it */
#define KEPT_MAX (8 * 1024 * 1024) /* free, at the end of an arena */

static atomic_long live;
static atomic_ulong countdown; /* 0: the hook is off */
static atomic_int keep_failing;

/* Is this the allocation that a test asked to fail? */
static bool must_fail(void) {
    unsigned long left = atomic_load_explicit(&countdown, memory_order_relaxed);
    while (left > 0) {
        if (left == 1 && atomic_load(&keep_failing)) {
            return true;
        }
        if (atomic_compare_exchange_weak(&countdown, &left, left - 1)) {
            return left == 1;
        }
    }
    return false;
}

void *mem_alloc(size_t size) {
    return mem_array(1, size);
}

void *mem_array(size_t n, size_t size) {
    if (n == 0 || size == 0) {
        n = size = 1;
    }
    if (must_fail() || n > PTRDIFF_MAX / size) {
        return NULL;
    }
    void *p = calloc(n, size);
    if (p) {
        atomic_fetch_add(&live, 1);
    }
    return p;
}

void *mem_resize(void *old, size_t size) {
    if (must_fail() || size > PTRDIFF_MAX) {
        return NULL;
    }
    void *p = realloc(old, size == 0 ? 1 : size);
    if (p && !old) {
        atomic_fetch_add(&live, 1);
    }
    return p;
}

char *mem_strdup(const char *s) {
    return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n) {
    if (!s || n == SIZE_MAX) {
        return NULL;
    }
    n = strnlen(s, n);
    char *copy = mem_alloc(n + 1);
    if (copy) {
        memcpy(copy, s, n);
    }
    return copy;
}

void mem_free(void *p) {
    if (p) {
        atomic_fetch_sub(&live, 1);
        free(p);
    }
}

void mem_keep_some(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK);
    mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
#endif
}

void mem_give_back(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void mem_fail_at(unsigned long n, int forever) {
    atomic_store(&keep_failing, forever);
    atomic_store(&countdown, n);
}

long mem_live(void) {
    return atomic_load(&live);
}
